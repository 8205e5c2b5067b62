//! Looks at events as they are stored.

use std::collections::BTreeMap;

use lictor_policy::refusal::AlertType;
use lictor_policy::wire::Event;

use super::raise::{Cause, target};
use super::rules::observe;
use super::tally::{Finding, Observation};
use super::{Rule, Subject};
use crate::app::App;
use crate::store::{Connection, StoreError, alerts as rows, settings, watches};
use crate::time::Moment;

/// Looks at events that are stored with this transaction for the first time, and opens or raises alerts.
///
/// # Errors
/// The database's: then nothing was stored and nothing counted.
pub async fn evaluate(
    app: &App,
    connection: &mut Connection,
    gate_id: &str,
    events: &[&Event],
) -> Result<(), StoreError> {
    let now = app.now();
    if events.is_empty() {
        return Ok(());
    }
    let alerts = settings::load(connection).await?.0.alerts;
    if !alerts.enabled {
        return Ok(());
    }
    for ((kind, subject), observations) in observe(&alerts, gate_id, events, now) {
        let findings = count(connection, kind, &subject, &observations, now).await?;
        if findings.is_empty() {
            continue;
        }
        let mut open = rows::find_open(connection, kind, &subject).await?;
        for (rule, Finding { observed, reached, last }) in findings {
            // What a rule observes counts when the alert is open for it already, or when its threshold is reached now.
            let is_repeat = open.as_ref().is_some_and(|alert| alert.rules.contains(&rule));
            let last_at = last.at.min(now.0);
            let (mut times, first_at) = match reached {
                _ if is_repeat => (observed, last_at),
                Some(reached) => (reached.count, reached.first_at),
                None => continue,
            };
            let mut subject = subject.clone();
            if open.is_none() {
                (subject, open) = target(connection, kind, subject).await?;
                // The alert that addresses share has counted what this one did before.
                if open.is_some() && reached.is_some_and(|reached| !reached.anew) {
                    times = observed;
                }
            }
            let cause = Cause {
                kind,
                subject,
                rule,
                times,
                first_at: Moment(first_at),
                last_at: Moment(last_at),
                event: Some(last),
                actor: "system",
                note: None,
            };
            open = super::raise::raise_open(app, connection, &alerts, cause, open).await?;
        }
    }
    Ok(())
}

/// Counts observations. The subject's row is locked only if they change it: a key that does what it did before costs
/// one query.
async fn count<'e>(
    connection: &mut Connection,
    kind: AlertType,
    subject: &Subject,
    observations: &[Observation<'e>],
    now: Moment,
) -> Result<BTreeMap<Rule, Finding<'e>>, StoreError> {
    let before = watches::find(connection, kind, subject).await?.unwrap_or_default();
    let mut after = before.clone();
    let findings = after.take(observations);
    if after == before {
        return Ok(findings);
    }
    // Another replica may have counted meanwhile.
    let mut watch = watches::lock(connection, kind, subject, now).await?;
    let findings = watch.take(observations);
    watches::save(connection, kind, subject, &watch).await?;
    Ok(findings)
}
