//! Looks at events as they are stored.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lictor_policy::wire::Event;

use crate::app::alerts::raise::{self, Cause, target};
use crate::domain::alerts::Rule;
use crate::domain::alerts::rules::{Sightings, observe};
use crate::domain::alerts::tally::Finding;
use crate::domain::time::Moment;
use crate::store::alert_counts::{self, Place};
use crate::store::{StoreError, WriteTx, alerts as rows};

/// Looks at events that are stored with this transaction for the first time, and opens or raises alerts.
///
/// # Errors
/// The database's: then nothing was stored and nothing counted.
pub async fn evaluate(tx: &mut WriteTx, gate_id: &str, events: &[&Event]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let (settings, now) = (tx.settings().await?, tx.now());
    let alerts = &settings.alerts;
    if !alerts.enabled {
        return Ok(());
    }
    let findings = count(tx, &observe(alerts, gate_id, events, now)).await?;
    let places: Vec<_> = findings.keys().collect();
    let mut open_alerts = rows::find_all_open(tx, &places).await?;
    for ((kind, subject), findings) in findings {
        let mut open = open_alerts.remove(&(kind, subject.clone()));
        // The worst first: an alert opens as bad as it is, and not mild and then worse.
        let mut findings: Vec<_> = findings.into_iter().collect();
        findings.sort_by_key(|(rule, _)| Reverse(alerts.severity_by(kind, *rule)));
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
                (subject, open) = target(tx, kind, subject).await?;
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
            open = raise::raise_open(tx, cause, open).await?;
        }
    }
    Ok(())
}

/// Counts what was seen, and says what it shows of which place. Only rows that this changes are written: keys that do what
/// they did before cost one query together.
async fn count<'e>(
    tx: &mut WriteTx,
    sightings: &Sightings<'e>,
) -> Result<BTreeMap<Place, BTreeMap<Rule, Finding<'e>>>, StoreError> {
    let places: Vec<_> = sightings.keys().collect();
    let mut known = alert_counts::find(tx, &places).await?;
    let (mut changed, mut findings) = (Vec::new(), BTreeMap::new());
    for (place, observations) in sightings {
        let before = known.remove(place).unwrap_or_default();
        let mut after = before.clone();
        let found = after.take(observations);
        if after != before {
            changed.push((place, after));
        }
        if !found.is_empty() {
            findings.insert(place.clone(), found);
        }
    }
    alert_counts::save(tx, &changed).await?;
    Ok(findings)
}
