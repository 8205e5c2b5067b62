//! What is kept of a reading: a change of what is known, or only that it was looked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_policy::wire::{self, Delegation};

use crate::app::App;
use crate::app::alerts::raise;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::problem::Result;
use crate::domain::schema::sets::Numbered;
use crate::domain::schema::{self as rules, MAX_BYTES, Seen, changes, delegations};
use crate::store::schema::{self, Known, Progress};
use crate::store::snapshot::Part;
use crate::store::{WriteTx, suspects};
use crate::tasks::schema::reading::Reading;

/// How often it is read when nothing else asks for it.
const READ_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// After a failure it is tried again after this time, and then after twice as long each time.
const RETRY_DELAY: Duration = Duration::from_secs(60);
/// The longest of these.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(3600);
/// Failures in a row that make an alert.
const ALERT_AFTER: u32 = 4;
/// Problems that are told one by one.
const TOLD: usize = 5;
/// Models whose changes the administrators' log names one by one.
const LOGGED: usize = 50;

/// What came of a try.
#[derive(Default)]
pub(super) struct Outcome {
    /// What is known from now on, if that is another than before.
    pub known: Option<Known>,
    /// The models that are others than before.
    pub models: BTreeMap<String, Option<wire::Model>>,
    /// What changed in them.
    pub changes: BTreeMap<String, String>,
    /// The models that were read, of each set that could be asked.
    pub read: Vec<String>,
    /// What went wrong.
    pub problem: Option<String>,
    /// Users whose credential Odoo refused.
    pub refused: Vec<String>,
}

/// Puts together what is known after a reading.
pub(super) fn of(
    mut reading: Reading,
    known: &Known,
    last: &BTreeMap<String, wire::Model>,
    sets: Vec<Numbered>,
) -> Outcome {
    let numbers: BTreeSet<u32> = sets.iter().map(|set| set.number).collect();
    let (mut now, mut absent, mut bytes) = (BTreeMap::new(), BTreeSet::new(), 0);
    for (at, name) in reading.wanted.iter().enumerate() {
        let is_needed = at < reading.needed;
        let views = reading.models.remove(name).unwrap_or_default();
        let was_read = numbers.iter().all(|set| views.contains_key(set));
        let Some(model) = model(name, views, &mut reading.delegations, last.get(name), &numbers) else {
            if was_read && is_needed {
                absent.insert(name.clone());
            }
            continue;
        };
        bytes += serde_json::to_vec(&model).map_or(0, |json| json.len());
        if bytes > MAX_BYTES && !is_needed {
            break;
        }
        if bytes > MAX_BYTES {
            reading
                .problems
                .push(format!("{name} and what follows is left out, as all models have more than {MAX_BYTES} bytes"));
            break;
        }
        now.insert(name.clone(), model);
    }
    let changes: BTreeMap<_, _> = changes::all(last, &now).map(|(name, change)| (name.clone(), change)).collect();
    let after = Known { version: known.version, sets, absent: absent.into_iter().collect() };
    let has_changed = !changes.is_empty() || after != *known;
    let read = now.keys().cloned().collect();
    let models = changes.keys().map(|name| (name.clone(), now.remove(name))).collect();
    Outcome {
        known: has_changed.then(|| Known { version: known.version + 1, ..after }),
        models,
        changes,
        read,
        problem: told(&reading.problems),
        refused: reading.refused,
    }
}

/// A model by what was read of it now and what was known before; none if Odoo shows nothing of it.
pub(super) fn model(
    name: &str,
    views: BTreeMap<u32, Option<Seen>>,
    found: &mut BTreeMap<String, Vec<Delegation>>,
    before: Option<&wire::Model>,
    numbers: &BTreeSet<u32>,
) -> Option<wire::Model> {
    let unread: BTreeSet<_> = numbers.iter().filter(|set| !views.contains_key(set)).copied().collect();
    let fresh: BTreeMap<_, _> = views.into_iter().filter_map(|(set, seen)| Some((set, seen?))).collect();
    let delegations = delegations::of_table(name).or_else(|| {
        let found = found.remove(name).filter(|_| !fresh.is_empty());
        found.or_else(|| before.map(|model| model.delegations.clone()))
    });
    let model = rules::model(&fresh, before, &unread, delegations.unwrap_or_default());
    (!model.views.is_empty()).then_some(model)
}

fn told(problems: &[String]) -> Option<String> {
    let first = problems.get(..TOLD).unwrap_or(problems).join("; ");
    match problems.len() {
        0 => None,
        many if many > TOLD => Some(format!("{first}; and {} more", many - TOLD)),
        _ => Some(first),
    }
}

/// Keeps it. Only what gates would decide otherwise by makes a revision: the age alone pushes nothing.
pub(super) async fn store(app: &App, actor: &Actor, seen: &Progress, outcome: Outcome) -> Result<()> {
    let Some(known) = &outcome.known else {
        let mut tx = app.store.write().await?;
        finish(&mut tx, seen, &outcome).await?;
        return Ok(tx.commit().await?);
    };
    let version = known.version;
    change(app, actor, async |tx| {
        schema::save(tx, known, &outcome.models, &outcome.changes).await?;
        finish(tx, seen, &outcome).await?;
        let named: BTreeMap<_, _> = outcome.changes.iter().take(LOGGED).collect();
        let done = Done::new("schema.change", version.to_string(), None, Some(&named)).touching(Part::Schema);
        Ok(((), done))
    })
    .await
}

/// Says when it is read next, and tells people if it fails again and again.
async fn finish(tx: &mut WriteTx, seen: &Progress, outcome: &Outcome) -> Result<()> {
    let now = tx.now();
    schema::note_read(tx, &outcome.read).await?;
    for user_id in &outcome.refused {
        suspects::put(tx, user_id).await?;
    }
    let Some(problem) = &outcome.problem else {
        return Ok(schema::finish(tx, now.plus(READ_INTERVAL), None).await?);
    };
    let failures = seen.failures.saturating_add(1);
    tracing::warn!(
        problem,
        failures,
        "Odoo's schema could not be read whole; what was known stays, and it is tried again"
    );
    if failures == ALERT_AFTER {
        let note = format!("{problem}. What was known before stays in force; `lictor schema list` shows its age.");
        raise::notice(tx, Rule::SchemaUnread, Subject::All, &note).await?;
    }
    let delay = RETRY_DELAY.saturating_mul(1 << (failures - 1).min(10)).min(MAX_RETRY_DELAY);
    Ok(schema::finish(tx, now.plus(delay), Some((problem, failures))).await?)
}
