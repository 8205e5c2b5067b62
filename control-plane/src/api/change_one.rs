//! What every handler does that changes one record or removes it: it finds the record, looks whether that is still what the
//! caller means, and says for the audit row what has become of it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, attempt, change};
use crate::domain::actor::Actor;
use crate::domain::plan::{Counts, DryRun, Planned, digest};
use crate::domain::problem::Result;
use crate::domain::revision::Revision;
use crate::http::etag::IfMatch;
use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation;
use crate::store::accounts::Account;
use crate::store::gates::Gate;
use crate::store::keys::Key;
use crate::store::profiles::Profile;
use crate::store::snapshot::Part;
use crate::store::users::User;
use crate::store::webhooks::Webhook;
use crate::store::{ChangeTx, Connection, OrAbsent as _, StoreError};

/// A record that `If-Match` can name.
pub(crate) trait Record: Serialize {
    /// What people call it.
    const NOUN: &'static str;
    /// What its removal is called in the administrators' log.
    const DELETE: &'static str;

    /// The revision that last changed it.
    fn changed(&self) -> Revision;
}

macro_rules! records {
    ($($name:ident = $noun:literal,)*) => {
        $(impl Record for $name {
            const NOUN: &'static str = $noun;
            const DELETE: &'static str = concat!($noun, ".delete");

            fn changed(&self) -> Revision {
                self.changed
            }
        })*
    };
}

records! { Account = "account", Gate = "gate", Key = "key", Profile = "profile", User = "user", Webhook = "webhook", }

/// Changes a record in one transaction. `alter` writes what it becomes, and answers that with the part of the policy that it
/// touches.
pub(crate) async fn change_one<T: Record>(
    app: &App,
    actor: &Actor,
    action: &'static str,
    id: &str,
    if_match: &IfMatch,
    find: impl AsyncFnOnce(&mut Connection, &str) -> Result<Option<T>, StoreError>,
    alter: impl AsyncFnOnce(&mut ChangeTx, &T) -> Result<(T, Option<Part>)>,
) -> Result<T> {
    change(app, actor, async |tx| {
        let before = find(tx.connection(), id).await?.or_absent(T::NOUN)?;
        if_match.check(before.changed())?;
        let (after, part) = alter(tx, &before).await?;
        let done = Done::new(action, id, Some(&before), Some(&after)).touching(part);
        Ok((after, done))
    })
    .await
}

/// What became of a removal.
pub enum Removed {
    Done,
    /// Only tried.
    Planned(Planned),
}

impl IntoResponse for Removed {
    fn into_response(self) -> Response {
        match self {
            Self::Done => StatusCode::NO_CONTENT.into_response(),
            Self::Planned(planned) => Json(planned).into_response(),
        }
    }
}

impl Output for Removed {
    fn describe(operation: &mut Operation) {
        operation.answers::<Planned>();
    }
}

/// Removes something in one transaction, or says what would be removed. `remove` answers the state of what it removes, what
/// goes with it, and the row for the administrators' log.
pub(crate) async fn remove_planned(
    app: &App,
    actor: &Actor,
    dry: &DryRun,
    remove: impl AsyncFnOnce(&mut ChangeTx) -> Result<(Revision, Counts, Done)>,
) -> Result<Removed> {
    let planned = attempt(app, actor, dry.dry_run, async |tx| {
        let (state, counts, done) = remove(tx).await?;
        let plan = digest(&(done.action(), done.object(), state, &counts))?;
        dry.check(&plan)?;
        Ok((Planned { plan, counts }, done))
    })
    .await?;
    Ok(if dry.dry_run { Removed::Planned(planned) } else { Removed::Done })
}

/// The same for a record. `remove` answers what goes with it.
pub(crate) async fn remove_one_planned<T: Record>(
    app: &App,
    actor: &Actor,
    dry: &DryRun,
    id: &str,
    if_match: &IfMatch,
    find: impl AsyncFnOnce(&mut Connection, &str) -> Result<Option<T>, StoreError>,
    remove: impl AsyncFnOnce(&mut ChangeTx, &T) -> Result<Counts>,
) -> Result<Removed> {
    remove_planned(app, actor, dry, async |tx| {
        let before = find(tx.connection(), id).await?.or_absent(T::NOUN)?;
        if_match.check(before.changed())?;
        let counts = remove(tx, &before).await?;
        Ok((before.changed(), counts, Done::new(T::DELETE, id, Some(&before), None)))
    })
    .await
}

/// Removes a record in one transaction.
pub(crate) async fn remove_one<T: Record>(
    app: &App,
    actor: &Actor,
    id: &str,
    if_match: &IfMatch,
    find: impl AsyncFnOnce(&mut Connection, &str) -> Result<Option<T>, StoreError>,
    remove: impl AsyncFnOnce(&mut ChangeTx, &T) -> Result<()>,
) -> Result<StatusCode> {
    let remove = async |tx: &mut ChangeTx, before: &T| remove(tx, before).await.map(|()| Counts::new());
    remove_one_planned(app, actor, &DryRun::default(), id, if_match, find, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
