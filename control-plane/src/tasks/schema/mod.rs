//! Reads the schema of the guarded Odoo: at the first permission and whenever somebody needs what is not known, when a gate meets
//! a model or a name that it does not know, once a day, and on demand.
//!
//! Odoo away or refusing: what was known before stays, with its age, and it is tried again after a while. What is known by more
//! than one try is never wider than what Odoo said.

mod needs;
mod outcome;
mod reading;
pub mod unsaved;

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_policy::wire::Event;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::domain::revision::Revision;
use crate::domain::schema::sets::{Numbered, numbered};
use crate::domain::time::Moment;
use crate::store::schema::{self, Progress};
use crate::store::users::User;
use crate::store::{Connection, Meta, StoreError, WriteTx, in_time};
use crate::tasks::goes_on_after;
use crate::tasks::schema::needs::Needs;
use crate::tasks::schema::outcome::Outcome;
use crate::tasks::schema::reading::{Askers, Failed};

/// How often it is looked whether the schema is to be read, if no change of the policy says so before.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// The least time between two readings that gates ask for: whoever has a key can make up names.
const STALE_INTERVAL: Duration = Duration::from_secs(300);
/// A reading that takes longer than this has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(300);
/// A replica that reads for longer than this is taken for dead.
const LEASE: Duration = Duration::from_secs(330);

/// The right to read the schema, and what for.
pub struct Claim {
    needs: Needs,
    seen: Progress,
}

/// Has the schema read if a gate met what it does not know, in the transaction that stores the calls: at once for a model, or a path
/// from it, that no call was refused for before, as somebody waits to hear what that call lacks; else soon.
pub async fn take_note(tx: &mut WriteTx, events: &[Event]) -> Result<(), StoreError> {
    if !events.iter().any(|event| event.schema_stale) {
        return Ok(());
    }
    let (now, absent) = (tx.now(), schema::known(tx).await?.absent);
    let Progress { tried_at, mut called, .. } = schema::progress(tx).await?;
    let mut has_more = false;
    for event in events.iter().filter(|event| event.schema_stale) {
        if let Some(model) = event.model.as_ref().filter(|model| !absent.contains(model)) {
            has_more |= called.note(model, event.outline.as_deref(), now);
        }
    }
    if has_more {
        schema::note_called(tx, &called).await?;
        return schema::hurry(tx, now).await;
    }
    schema::hurry(tx, now.max(tried_at.unwrap_or(Moment(0)).plus(STALE_INTERVAL))).await
}

/// Reads the schema whenever it is to be read, until the service is to end.
pub async fn run(app: App) {
    let mut policies = app.publisher.subscribe();
    let mut looked_at = None;
    loop {
        if let Err(problem) = look(&app, &mut looked_at).await {
            tracing::warn!(problem = %problem.detail, "whether Odoo's schema is to be read is not known; it is tried again");
        }
        if !goes_on_after(&app, timeout(CHECK_INTERVAL, policies.changed())).await {
            return;
        }
    }
}

/// Looks at what is needed only if something has changed since: there may be many users.
async fn look(app: &App, looked_at: &mut Option<Revision>) -> Result<()> {
    let (revision, due_at) = in_time(async {
        let mut connection = app.store.read().await?;
        let revision = Meta::load(&mut connection).await?.revision;
        Ok::<_, StoreError>((revision, schema::progress(&mut connection).await?.due_at))
    })
    .await?;
    if due_at > app.now() && *looked_at == Some(revision) {
        return Ok(());
    }
    read_due(app).await?;
    *looked_at = Some(revision);
    Ok(())
}

/// Reads the schema if it is due, or if somebody needs what it was not read for.
///
/// # Errors
/// The database's: Odoo's are kept with the schema.
pub async fn read_due(app: &App) -> Result<()> {
    if let Some(claim) = claim(app, false).await? {
        read(app, &Actor::system(), claim).await?;
    }
    Ok(())
}

/// Takes the right to read the schema; none if another has it, or nobody needs it. `now`: also if it is not due.
pub async fn claim(app: &App, now: bool) -> Result<Option<Claim>> {
    in_time(async {
        let mut connection = app.store.read_consistently().await?;
        let seen = schema::progress(&mut connection).await?;
        let needs = Needs::load(app, &mut connection).await?;
        drop(connection);
        let digest = needs.digest()?;
        let is_due = now || seen.due_at <= app.now() || seen.needs != digest;
        if needs.is_empty() || !is_due {
            return Ok(None);
        }
        let mut tx = app.store.write().await?;
        let until = tx.now().plus(LEASE);
        let claimed = schema::claim(&mut tx, &seen, &digest, until).await?;
        tx.commit().await?;
        Ok(claimed.then_some(Claim { needs, seen }))
    })
    .await
}

/// Whether it is read now, on whichever replica, or is to be read at once.
pub async fn is_under_way(app: &App, connection: &mut Connection) -> Result<bool> {
    let seen = schema::progress(connection).await?;
    if seen.held_until.is_some_and(|until| until > app.now()) {
        return Ok(true);
    }
    let needs = Needs::load(app, connection).await?;
    Ok(!needs.is_empty() && (seen.due_at <= app.now() || seen.needs != needs.digest()?))
}

/// Starts to read. The task may be waited for.
pub fn start(app: &App, actor: Actor, claim: Claim) -> JoinHandle<()> {
    let (app, run) = (app.clone(), app.runs.0.subscribe());
    tokio::spawn(async move {
        if let Err(problem) = read(&app, &actor, claim).await {
            tracing::warn!(problem = %problem.detail, "Odoo's schema was read and could not be stored; it is tried again");
        }
        drop(run);
    })
}

async fn read(app: &App, actor: &Actor, Claim { needs, seen }: Claim) -> Result<()> {
    let (known, last) = in_time(async {
        let mut connection = app.store.read_consistently().await?;
        let last = schema::models(&mut connection).await?;
        Ok::<_, StoreError>((schema::known(&mut connection).await?, last))
    })
    .await?;
    let last: BTreeMap<_, _> = last.into_iter().map(|model| (model.name, model.record)).collect();
    let sets = numbered(&needs.sets.keys().cloned().collect(), &known.sets);
    let askers = askers(app, &needs, &sets);
    let read = timeout(READ_TIMEOUT, reading::read(app, &needs.permissions, &needs.called, askers, &last)).await;
    let outcome = match read {
        Ok(Ok(mut reading)) => {
            if needs.more_sets {
                reading.problems.push("there are more sets of Odoo groups than Odoo is asked for".to_owned());
            }
            outcome::of(reading, &known, &last, sets)
        }
        Ok(Err(Failed::Stopping)) => {
            let mut tx = app.store.write().await?;
            schema::release(&mut tx).await?;
            return Ok(tx.commit().await?);
        }
        Ok(Err(failed)) => {
            let problem = Some(failed.to_string());
            let refused = if let Failed::Refused(users) = failed { users } else { Vec::new() };
            Outcome { problem, refused, ..Outcome::default() }
        }
        Err(_) => Outcome { problem: Some("reading it took longer than 5 minutes".to_owned()), ..Outcome::default() },
    };
    in_time(outcome::store(app, actor, &seen, outcome)).await
}

/// The users to ask as, by the numbers of their sets.
fn askers(app: &App, needs: &Needs, sets: &[Numbered]) -> Askers {
    let asker = |user: &User| Some((user.id.clone(), app.asker(user)?));
    let of_set = |set: &Numbered| {
        let users: Vec<_> = needs.sets.get(&set.set)?.iter().filter_map(asker).collect();
        (!users.is_empty()).then_some((set.number, users))
    };
    sets.iter().filter_map(of_set).collect()
}
