//! Alerts that come with time and not with an event: for gaps that are too old to be late. Deletes counts that are too old to
//! matter.

use std::time::Duration;

use lictor_policy::refusal::AlertType;
use tokio::time::sleep;

use crate::app::App;
use crate::app::alerts::raise::{Cause, raise};
use crate::domain::alerts::Rule;
use crate::domain::alerts::settings::MAX_MINUTES;
use crate::domain::alerts::subject::Subject;
use crate::store::audit::sequences::{self, Unreported};
use crate::store::{StoreError, alert_counts, in_time};
use crate::tasks::{every, goes_on_after};

/// The time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// A count that was not touched for this long is in no window.
const STALE: Duration = Duration::from_secs(2 * MAX_MINUTES as u64 * 60);

/// Checks every few seconds, until the service is to end. Not at once: gates whose events waited for this service send them
/// first.
pub async fn run(app: App) {
    if goes_on_after(&app, sleep(CHECK_INTERVAL)).await {
        let check = async |app: &App| in_time(once(app)).await;
        every(&app, CHECK_INTERVAL, "gaps in the events of gates could not be looked for", check).await;
    }
}

/// Checks once; any number of replicas may do it at the same time.
///
/// # Errors
/// The database's: it is checked again.
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
