//! Checks once a day whether Odoo still takes the users' credentials, and which Odoo groups they are in.
//!
//! One who is as good as an administrator there is refused at the gates too, unless its record says that it may be.
//!
//! A call that Odoo answers with "access denied" makes a user suspect; a suspect's credential is tried, and if Odoo refuses
//! it, gates refuse the user's calls until it is taken again.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_policy::secret::Secret;
use lictor_policy::wire::{Event, Outcome};

use crate::app::App;
use crate::app::alerts::raise;
use crate::app::change::{Done, change};
use crate::app::outbox::{self, OutboxMessage};
use crate::clients::odoo::{Look, OdooError, Uid};
use crate::domain::actor::Actor;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::message::{CredentialRejected, Message, OdooKeyExpiring};
use crate::domain::problem::{Code, Problem, Result};
use crate::store::snapshot::Part;
use crate::store::users::{self, Refused, Upstream, User};
use crate::store::{Connection, OrAbsent as _, StoreError, WriteTx, in_time, suspects};
use crate::tasks::every;

/// Odoo's fault code for a wrong password or API key.
const ACCESS_DENIED: i64 = 3;
/// The least time between two suspects: a method that answers with the same code must not keep Odoo busy.
const SUSPECT_INTERVAL: Duration = Duration::from_secs(5);
/// A suspect that could not be tried is tried again after this time, by whichever replica.
const SUSPECT_RETRY_DELAY: Duration = Duration::from_secs(60);
/// How often users whose daily check is due are looked for.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Users that are checked at a time: Odoo has other things to do.
const CHECK_BATCH: u32 = 5;
/// After this time a check that Odoo did not answer is tried again.
const CHECK_RETRY_DELAY: Duration = Duration::from_secs(3600);
/// How long before the end of an Odoo API key people are warned.
const EXPIRY_NOTICE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Makes suspects of the users whose calls Odoo has denied, in the transaction that stores the calls.
pub async fn take_note(tx: &mut WriteTx, events: &[Event]) -> Result<(), StoreError> {
    let denied = |event: &&Event| event.outcome == Outcome::Faulted && event.fault_code == Some(ACCESS_DENIED);
    let users: BTreeSet<&str> = events.iter().filter(denied).filter_map(|event| event.user_id.as_deref()).collect();
    for user_id in users {
        suspects::put(tx, user_id).await?;
    }
    Ok(())
}

/// Tries the suspects' credentials, until the service is to end.
pub async fn try_suspects(app: App) {
    let next = async |app: &App| in_time(try_next(app)).await;
    every(&app, SUSPECT_INTERVAL, "the users whose credential Odoo may have refused are not known", next).await;
}

/// Tries one suspect's credential, if there is one.
pub async fn try_next(app: &App) -> Result<(), StoreError> {
    // Most of the time there is none, and nothing to write.
    if !suspects::any(&mut *app.store.read().await?, app.now()).await? {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    let again = tx.now().plus(SUSPECT_RETRY_DELAY);
    let claimed = suspects::claim(&mut tx, again).await?;
    tx.commit().await?;
    let Some(suspect) = claimed else { return Ok(()) };
    match check(app, &Actor::system(), &suspect.user_id).await {
        Err(problem) if problem.code != Code::NotFound => {
            let user_id = &suspect.user_id;
            tracing::warn!(user_id, problem = %problem.detail, "a credential that Odoo may have refused could not be tried");
            Ok(())
        }
        _ => {
            let mut tx = app.store.write().await?;
            suspects::clear(&mut tx, &suspect).await?;
            tx.commit().await
        }
    }
}

/// Checks every user once a day, a few at a time, until the service is to end.
pub async fn check_users(app: App) {
    every(&app, CHECK_INTERVAL, "the users whose check is due are not known", check_due).await;
}

/// Checks a few of the users whose check is due. Each is taken by one replica; one that could not be checked is due
/// again in an hour.
pub async fn check_due(app: &App) -> Result<()> {
    let due = in_time(async {
        let mut tx = app.store.write().await?;
        let again = tx.now().plus(CHECK_RETRY_DELAY);
        let due = users::take_due(&mut tx, again, CHECK_BATCH).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(due)
    });
    for user_id in due.await? {
        if let Err(problem) = in_time(check(app, &Actor::system(), &user_id)).await {
            tracing::warn!(user_id, problem = %problem.detail, "a user could not be checked; tried again in an hour");
        }
    }
    Ok(())
}

/// Tries a user's credential and reads its groups, and changes the policy if something is another than before. One try: Odoo
/// is not asked twice about a credential that it refuses.
///
/// # Errors
/// [`Code::NotFound`] for no such user, [`Code::OdooUnreachable`] when Odoo says neither yes nor no; nothing has changed
/// then.
pub async fn check(app: &App, actor: &Actor, user_id: &str) -> Result<User> {
    let user = find(&mut *app.store.read().await?, user_id).await?;
    let Upstream { database, login, uid, sealed, .. } = &user.upstream;
    let secret = app.vault.open(sealed, &Upstream::owner(user_id)).map_err(Problem::internal)?;
    let rejected = match app.odoo.authenticate(database, login, &secret).await {
        Ok(found) => found.0 != *uid,
        Err(OdooError::Rejected) => true,
        Err(error) => return Err(Problem::new(Code::OdooUnreachable, format!("{error}."))),
    };
    let look = if rejected { None } else { look(app, user_id, database, Uid(*uid), &secret).await };
    let now = app.now();
    let (odoo_groups, ends_at) = match look {
        Some(look) => (look.groups, look.ends_at),
        None => (user.odoo_groups.clone(), user.upstream.ends_at),
    };
    let upstream = Upstream { rejected, checked_at: Some(now), ends_at, ..user.upstream.clone() };
    let checked = User { odoo_groups, upstream, ..user.clone() };
    if rejected == user.upstream.rejected && checked.odoo_groups == user.odoo_groups {
        let mut tx = app.store.write().await?;
        users::note_check(&mut tx, user_id, &checked.upstream).await?;
        warn_of_administrator(&mut tx, &checked).await?;
        warn_of_end(&mut tx, &checked).await?;
        tx.commit().await?;
        return Ok(checked);
    }
    change(app, actor, async |tx| {
        let before = find(tx, user_id).await?;
        // Somebody may have given another credential while Odoo was asked.
        let same = before.upstream.sealed == *sealed;
        let mut after = User { changed: tx.revision(), ..before.clone() };
        if same {
            after.upstream = checked.upstream;
            after.odoo_groups = checked.odoo_groups;
        }
        users::put(tx, &after).await?;
        users::note_check(tx, user_id, &after.upstream).await?;
        if after.upstream.rejected && !before.upstream.rejected {
            notify_of_refusal(tx, &after).await?;
        }
        warn_of_administrator(tx, &after).await?;
        warn_of_end(tx, &after).await?;
        let done =
            Done::new("user.check", user_id, Some(&before), Some(&after)).touching(Part::User(user_id.to_owned()));
        Ok((after, done))
    })
    .await
}

/// Reads the user's own record in Odoo. None if Odoo does not allow that: groups stay what they were, as taking them away
/// would refuse calls for a fault of Odoo's.
pub async fn look(app: &App, user_id: &str, database: &str, uid: Uid, secret: &Secret) -> Option<Look> {
    let look = app.odoo.look(database, uid, secret, app.now()).await;
    look.inspect_err(|error| tracing::warn!(user_id, %error, "the user's Odoo groups could not be read")).ok()
}

/// Raises an alert, and mails the user.
async fn notify_of_refusal(tx: &mut WriteTx, user: &User) -> Result<()> {
    let note = "Odoo refuses the credential: gates refuse the user's calls until it is taken again or replaced.";
    raise::notice(tx, Rule::CredentialRejected, Subject::User(user.id.clone()), note).await?;
    let message = Message::CredentialRejected(CredentialRejected {
        user_id: user.id.clone(),
        user_name: user.name.clone(),
        database: user.upstream.database.clone(),
        login: user.upstream.login.clone(),
        at: tx.now(),
    });
    let event = format!("user/{}/rejected/{}", user.id, tx.now().0);
    mail(tx, user, &event, &message).await
}

/// Raises an alert at each check, if gates refuse the user's calls because it is an administrator of Odoo.
async fn warn_of_administrator(tx: &mut WriteTx, user: &User) -> Result<()> {
    if user.refused() != Some(Refused::Administrator) {
        return Ok(());
    }
    let groups = user.administrator_groups().collect::<Vec<_>>().join(", ");
    let note = format!(
        "In Odoo the user is in {groups}, as good as an administrator: gates refuse its calls until it is not, or until \
         `lictor user update {} --privileged` says that it may be.",
        user.id
    );
    Ok(raise::notice(tx, Rule::UpstreamAdministrator, Subject::User(user.id.clone()), &note).await?)
}

/// Raises an alert at each check, and sends one mail for each end, if the Odoo API key ends soon.
async fn warn_of_end(tx: &mut WriteTx, user: &User) -> Result<()> {
    let Some(ends_at) = user.upstream.ends_at.filter(|end| *end <= tx.now().plus(EXPIRY_NOTICE)) else { return Ok(()) };
    let note = format!("The Odoo API key ends at {ends_at}: make another in Odoo and give it to Lictor.");
    raise::notice(tx, Rule::CredentialExpiring, Subject::User(user.id.clone()), &note).await?;
    let message = Message::OdooKeyExpiring(OdooKeyExpiring {
        user_id: user.id.clone(),
        user_name: user.name.clone(),
        database: user.upstream.database.clone(),
        login: user.upstream.login.clone(),
        ends_at,
    });
    mail(tx, user, &format!("user/{}/odoo_key_ends/{}", user.id, ends_at.0), &message).await
}

/// Mails the user, or the alerts' recipients if it has no address.
async fn mail(tx: &mut WriteTx, user: &User, event: &str, message: &Message) -> Result<()> {
    let to = match &user.email {
        Some(address) => vec![address.clone()],
        None => tx.settings().await?.alerts.recipients.clone(),
    };
    outbox::enqueue(tx, to.into_iter().map(|to| OutboxMessage::mail(event, to, message.clone()))).await?;
    Ok(())
}

async fn find(connection: &mut Connection, id: &str) -> Result<User> {
    users::find(connection, id).await?.or_absent("user")
}
