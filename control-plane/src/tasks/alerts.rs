//! What alerts need without an event: gaps that are too old to be late, and counts that are too old to matter.

use std::time::Duration;

use lictor_policy::refusal::AlertType;

use crate::app::App;
use crate::app::alerts::raise::{Cause, raise};
use crate::domain::alerts::Rule;
use crate::domain::alerts::settings::MAX_MINUTES;
use crate::domain::alerts::subject::Subject;
use crate::store::audit::sequences::{self, Unreported};
use crate::store::{StoreError, alert_counts, in_time};

/// So many seconds pass between two rounds.
const EVERY: Duration = Duration::from_secs(10);
/// What was not touched for so long is in no window.
const STALE: Duration = Duration::from_secs(2 * MAX_MINUTES as u64 * 60);

/// Looks after it every few seconds, until the task is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = in_time(once(&app)).await {
            tracing::warn!(%error, "alerts could not be looked after; tried again");
        }
    }
}

/// One round; any number of replicas may do it at once.
///
/// # Errors
/// The database's: the round is done again.
pub async fn once(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let mut connection = app.store.read().await?;
    let unreported = sequences::unreported(&mut connection, now).await?;
    let is_stale = alert_counts::is_any_older(&mut connection, now.minus(STALE)).await?;
    drop(connection);
    for gap in unreported {
        report(app, &gap).await?;
    }
    if is_stale {
        let mut tx = app.store.write().await?;
        alert_counts::delete_older(&mut tx, now.minus(STALE)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Raises an alert for events that are missing now and were not when it was last looked.
async fn report(app: &App, gap: &Unreported) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    // Only one replica finds the number that it has read.
    if !sequences::set_reported(&mut tx, gap).await? {
        return Ok(());
    }
    let (settings, now) = (tx.settings().await?, tx.now());
    let times = gap.missing.saturating_sub(gap.reported);
    if times > 0 && settings.alerts.types.suspicious_activity.rules.event_gap.enabled {
        let cause = Cause {
            kind: AlertType::SuspiciousActivity,
            subject: Subject::Gate(gap.gate_id.clone()),
            rule: Rule::EventGap,
            times,
            first_at: now,
            last_at: now,
            event: None,
            actor: "system",
            note: None,
        };
        raise(&mut tx, cause).await?;
    }
    tx.commit().await
}
