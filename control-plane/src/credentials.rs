//! Whether Odoo still takes the users' credentials. A call that Odoo answers with "access denied" makes a user suspect;
//! a suspect's credential is tried, and if Odoo refuses it, gates refuse the user's calls until it is taken again.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lictor_policy::wire::{Event, Outcome};
use tokio::sync::Notify;

use crate::app::App;
use crate::auth::Actor;
use crate::change::{Done, change};
use crate::error::{Code, Problem, Result};
use crate::odoo::OdooError;
use crate::store::snapshot::Part;
use crate::store::users::{self, Upstream, User};

/// Odoo's fault code for a wrong password or API key.
const ACCESS_DENIED: i64 = 3;
/// So long passes at least between two rounds: a method that answers with the same code must not keep Odoo busy.
const EVERY: Duration = Duration::from_secs(5);

/// Users whose credential is to be tried; no more than there are users.
#[derive(Default)]
pub struct Suspects {
    users: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl Suspects {
    /// Takes note of the users whose calls Odoo has denied.
    pub fn take_note(&self, events: &[Event]) {
        let denied = |event: &&Event| event.outcome == Outcome::Faulted && event.fault_code == Some(ACCESS_DENIED);
        let found: Vec<String> = events.iter().filter(denied).filter_map(|event| event.user_id.clone()).collect();
        if !found.is_empty() {
            self.lock().extend(found);
            self.wake.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries the suspects' credentials, until the task is dropped.
pub async fn run(app: App) {
    loop {
        app.suspects.wake.notified().await;
        let suspects = std::mem::take(&mut *app.suspects.lock());
        for user_id in suspects {
            if let Err(problem) = check(&app, &Actor::system(), &user_id).await {
                tracing::warn!(user_id, problem = %problem.detail, "a credential that Odoo may have refused could not be tried");
            }
        }
        tokio::time::sleep(EVERY).await;
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

async fn find(connection: &mut crate::store::Connection, id: &str) -> Result<User> {
    users::find(connection, id).await?.ok_or_else(|| Problem::absent("user"))
}
