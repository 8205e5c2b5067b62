//! The audit log as a whole: what is recorded, how long it is kept, how it is sealed and how that is checked.

pub mod events;
pub mod verify;

use serde::Serialize;

use crate::app::App;
use crate::domain::audit_chain::{Cut, Head};
use crate::domain::signing::{GENESIS, PublicKey};
use crate::domain::time::{DAY, Moment};
use crate::store::audit::chain::{self, StoredLink};
use crate::store::audit::{retention, tallies};
use crate::store::{Connection, StoreError, admin_audit, settings};

/// Records that are deleted in one transaction: other writers wait for no more.
const CHUNK: i64 = 500;
/// Chunks in one step of the job, which takes steps until its time is up.
const MAX_CHUNKS: u32 = 20;

/// What [`clean_up`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records before this moment are not kept.
    pub before: Moment,
    /// Records deleted.
    pub deleted: u64,
    /// Whether none is left to delete; otherwise another call goes on.
    pub finished: bool,
}

/// Deletes records older than `audit.retention_days`, so many at most; call it until it has finished. May be interrupted
/// at any point. What is deleted is first said in a link of the chain, so that an auditor can tell it from what somebody
/// else deleted.
pub async fn clean_up(app: &App, now: Moment) -> Result<Report, StoreError> {
    let mut connection = app.store.read().await?;
    let key = app.signer().public();
    let (settings, changed) = settings::load(&mut connection).await?;
    let days = settings.audit.retention_days;
    let before = now.minus(DAY * days);
    let interrupted = match chain::last_cut(&mut connection, &key).await? {
        Some(cut) if retention::is_due(&mut connection, &cut).await? => Some(cut),
        _ => None,
    };
    let cut = match interrupted {
        Some(cut) => cut,
        None => expired(&mut connection, &key, before).await?,
    };
    let is_due = interrupted.is_some() || retention::is_due(&mut connection, &cut).await?;
    drop(connection);
    let mut report = Report { before: Moment(cut.before), deleted: 0, finished: true };
    if !is_due {
        return Ok(report);
    }
    if interrupted.is_none() {
        retention::announce(&app.store, cut, days, changed).await?;
    }
    for _ in 0..MAX_CHUNKS {
        let mut tx = app.store.write().await?;
        let rows = retention::delete_rows(&mut tx, &cut, CHUNK).await?;
        // The links only after the last of their rows.
        let links = if rows == 0 { retention::delete_links(&mut tx, &cut, CHUNK).await? } else { 0 };
        tx.commit().await?;
        report.deleted += rows;
        if rows + links == 0 {
            // More may be due since a cut that was interrupted.
            report.finished = interrupted.is_none();
            return Ok(report);
        }
    }
    report.finished = false;
    Ok(report)
}

/// Deletes counts of what is no longer kept: so many at most, call it until it answers 0.
pub async fn clean_up_counts(app: &App, now: Moment) -> Result<u64, StoreError> {
    let days = settings::load(&mut *app.store.read().await?).await?.0.audit.retention_days;
    let days = now.minus(DAY * days);
    let mut tx = app.store.write().await?;
    let deleted = tallies::delete_older(&mut tx, now.minus(tallies::HOURS_KEPT).max(days), days, CHUNK).await?;
    tx.commit().await?;
    Ok(deleted)
}

/// The end of the chain, to be kept elsewhere; none if nothing was recorded yet.
pub async fn head(app: &App) -> Result<Option<Head>, StoreError> {
    let mut connection = app.store.read().await?;
    match chain::last_link(&mut connection).await? {
        Some(StoredLink::Link(link)) => {
            let admin = admin_audit::head(&mut connection).await?;
            Ok(Some(Head { admin, ..link.head(&app.signer().public()) }))
        }
        Some(StoredLink::Unreadable(_)) => Err(StoreError::Column("body".to_owned())),
        None => Ok(None),
    }
}

/// How far every link has only rows of calls before a moment. Only genuine links count: what somebody has changed in the
/// database must not make the service sign that it may be deleted.
async fn expired(connection: &mut Connection, key: &PublicKey, before: Moment) -> Result<Cut, StoreError> {
    let last = chain::last_cut(connection, key).await?;
    let mut cut = last.unwrap_or(Cut { before: 0, position: 0, link: 0, hash: GENESIS, order: None });
    (cut.before, cut.order) = (before.0, None);
    loop {
        let links = chain::links_after(connection, cut.link, CHUNK).await?;
        let is_last = links.is_empty();
        for link in links {
            let follows = match link {
                StoredLink::Link(link) if link.previous == cut.hash && link.is_genuine(key) => link,
                _ => {
                    tracing::error!(
                        after = cut.link,
                        "the chain of the audit log is broken: run `lictor audit verify`"
                    );
                    return Ok(cut);
                }
            };
            if follows.latest() >= before {
                return Ok(cut);
            }
            let (position, link) = (follows.last(), follows.number);
            cut = Cut { before: before.0, position, link, hash: follows.hash, order: None };
        }
        if is_last {
            return Ok(cut);
        }
    }
}
