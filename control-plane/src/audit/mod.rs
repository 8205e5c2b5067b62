//! The audit log as a whole: how long it is kept.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::store::{StoreError, retention, settings};
use crate::time::Moment;

/// Records that are deleted in one transaction: other writers wait for no more.
const CHUNK: i64 = 500;
/// Chunks in one step of the job, which takes steps until its time is up.
const MAX_CHUNKS: u32 = 20;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a run of [`clean_up`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records before this moment are not kept.
    pub before: Moment,
    /// Records deleted.
    pub deleted: u64,
    /// Whether none is left to delete; otherwise another run goes on.
    pub finished: bool,
}

/// Deletes records older than `audit.retention_days`, chunk by chunk. May be interrupted at any point.
pub async fn clean_up(app: &App, now: Moment) -> Result<Report, StoreError> {
    let days = settings::load(&mut *app.store.read().await?).await?.0.audit.retention_days;
    let before = now.minus(DAY * days);
    let mut report = Report { before, deleted: 0, finished: false };
    for _ in 0..MAX_CHUNKS {
        let mut tx = app.store.write().await?;
        let deleted = retention::delete_chunk(&mut tx, before, CHUNK).await?;
        tx.commit().await?;
        report.deleted += deleted;
        if deleted == 0 {
            report.finished = true;
            break;
        }
    }
    Ok(report)
}
