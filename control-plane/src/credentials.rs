//! Whether Odoo still takes the users' credentials. A call that Odoo answers with "access denied" makes a user suspect;
//! a suspect's credential is tried, and if Odoo refuses it, gates refuse the user's calls until it is taken again.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_policy::wire::{Event, Outcome};

use crate::app::App;
use crate::auth::Actor;
use crate::change::{Done, change};
use crate::error::{Code, Problem, Result};
use crate::odoo::OdooError;
use crate::store::snapshot::Part;
use crate::store::users::{self, Upstream, User};
use crate::store::{Connection, StoreError, suspects};
use crate::time::Moment;

/// Odoo's fault code for a wrong password or API key.
const ACCESS_DENIED: i64 = 3;
/// So long passes at least between two tries: a method that answers with the same code must not keep Odoo busy.
const EVERY: Duration = Duration::from_secs(5);
/// A user that could not be tried is tried again after this time, by whichever replica.
const AGAIN: Duration = Duration::from_secs(60);

/// Takes note of the users whose calls Odoo has denied, in the transaction that stores the calls.
pub async fn take_note(connection: &mut Connection, events: &[Event], now: Moment) -> Result<(), StoreError> {
    let denied = |event: &&Event| event.outcome == Outcome::Faulted && event.fault_code == Some(ACCESS_DENIED);
    let users: BTreeSet<&str> = events.iter().filter(denied).filter_map(|event| event.user_id.as_deref()).collect();
    for user_id in users {
        suspects::put(connection, user_id, now).await?;
    }
    Ok(())
}

/// Tries the suspects' credentials, until the task is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = try_next(&app).await {
            tracing::warn!(%error, "whose credential Odoo may have refused is not known; looked for again in a moment");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tries one suspect's credential, if there is one.
pub async fn try_next(app: &App) -> Result<(), StoreError> {
    // Most of the time there is none, and nothing to write.
    if !suspects::any(&mut *app.store.read().await?, app.now()).await? {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    let claimed = suspects::claim(&mut tx, app.now(), app.now().plus(AGAIN)).await?;
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
            Ok(tx.commit().await?)
        }
    }
}

/// Tries a user's credential, and tells gates if the answer is another than before.
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
    if rejected == user.upstream.rejected {
        return Ok(user);
    }
    change(app, actor, async |tx| {
        let before = find(tx, user_id).await?;
        // Somebody may have given another credential while Odoo was asked.
        let rejected = if before.upstream.sealed == *sealed { rejected } else { before.upstream.rejected };
        let upstream = Upstream { rejected, ..before.upstream.clone() };
        let after = User { upstream, changed: tx.revision(), ..before.clone() };
        users::put(tx, &after).await?;
        let done =
            Done::new("user.check", user_id, Some(&before), Some(&after)).touching(Part::User(user_id.to_owned()));
        Ok((after, done))
    })
    .await
}

async fn find(connection: &mut Connection, id: &str) -> Result<User> {
    users::find(connection, id).await?.ok_or_else(|| Problem::absent("user"))
}
