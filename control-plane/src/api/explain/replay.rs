//! `replay`: which recorded calls a draft would decide otherwise.
//!
//! Both policies, the one that is stored and the one with the draft, decide anew on the outlines in the audit log. So a difference
//! is the draft's alone, and not that of what was changed since the call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use lictor_policy::call::Call;
use lictor_policy::decide::{Facts, Head};
use lictor_policy::effects::outline;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::explain::answer::{Explanation, Outcome, Verdict};
use crate::api::explain::{complete, trial, unusable};
use crate::api::unknown::Unknown;
use crate::app::App;
use crate::app::trial::{Subject, Trial};
use crate::domain::policy::Draft;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::suggest::{Counts, Kind};
use crate::domain::time::{DAY, DayOrMoment, Moment};
use crate::domain::validate;
use crate::http::extract::{Body, Query};
use crate::store::audit::kinds::{self, Kinds};
use crate::store::{OrAbsent as _, keys};

/// What is looked at if nobody says what.
const SPAN: Duration = DAY.saturating_mul(30);
/// Kinds of calls that are told one by one.
const MAX_CHANGES: usize = 500;

/// A draft, and the recorded calls that it is tried on: those of `from` and what follows it up to, but not with, `to`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Records in the place of those that are stored, as a policy file has them. They are not saved.
    draft: Draft,
    /// Whether what the draft's sections lack would be deleted.
    #[serde(default)]
    prune: bool,
    /// Left out: the calls of all keys.
    #[serde(default)]
    key_id: Option<String>,
    /// Left out: 30 days before `to`.
    #[serde(default)]
    from: Option<DayOrMoment>,
    /// Left out: now.
    #[serde(default)]
    to: Option<DayOrMoment>,
}

/// The recorded calls that would be decided otherwise, and those of which it is not known.
#[derive(Serialize, JsonSchema)]
pub struct Replay {
    /// The first moment.
    from: Moment,
    /// The moment before which the last call was.
    to: Moment,
    #[serde(flatten)]
    replayed: Replayed,
}

/// How both policies decide on the calls of a time.
#[derive(Default, Serialize, JsonSchema)]
struct Replayed {
    /// Calls that were decided on anew.
    compared: u64,
    /// Calls that are refused by the policy that is stored, and would pass by the draft.
    opened: u64,
    /// Calls that pass by the policy that is stored, and would be refused by the draft.
    closed: u64,
    /// Calls that pass by both, but by one of them only as a stage is in shadow.
    shadowed: u64,
    /// Those by their kinds: the key, the model, the method and the names in the arguments. At most 500, those with the most calls
    /// first.
    changes: Vec<Change>,
    /// How many kinds there are beyond these.
    more_changes: usize,
    /// Calls of keys that both policies refuse whatever they call: gone, revoked, expired, not active or paused.
    not_usable: u64,
    /// Calls that were refused before their permissions were looked at, by the reason: nothing is recorded to decide on.
    refused_before: BTreeMap<&'static str, u64>,
    /// Calls of which the audit record has no outline, as they were too large, or recorded by a gate of before.
    without_outline: u64,
    /// Whether there were more kinds or more records than are looked at: the rarest kinds and the oldest records are left out.
    more: bool,
}

/// A kind of call that would be decided otherwise.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReplayChange")]
struct Change {
    key_id: String,
    /// The key's.
    key_prefix: String,
    model: String,
    method: String,
    /// As in the audit record.
    outline: String,
    /// As they were decided when they were made.
    #[serde(flatten)]
    counts: Counts,
    /// Of the one that was recorded last; null if its record was deleted meanwhile.
    last_decision_id: Option<String>,
    /// By the policy that is stored.
    now: Verdict,
    /// By the draft.
    then: Verdict,
}

/// `POST /api/v1/explain/replay`
pub async fn replay(
    State(app): State<App>,
    Query(unknown): Query<Unknown>,
    Body(Question { draft, prune, key_id, from, to }): Body<Question>,
) -> Result<Json<Replay>> {
    let (from, to) = validate::span(from, to, SPAN, app.now())?;
    let found = {
        let mut connection = app.store.read_consistently().await?;
        if let Some(id) = &key_id {
            keys::find(&mut connection, id).await?.or_invalid("key_id", "key")?;
        }
        kinds::of_keys(&mut connection, key_id.as_deref(), from, to).await?
    };
    let drafted = trial(&app, unknown, Some(&draft), prune).await?;
    let then = Side::of(&app, drafted, true, &found).await?;
    let now = Side::of(&app, Trial::new(&app, None).await?, false, &found).await?;
    if now.policy.revision != then.policy.revision {
        return Err(Problem::new(Code::NotReady, "The policy was changed meanwhile; try again."));
    }
    let at = app.now();
    let work = move || compared(now, then, found, at);
    let (mut replayed, positions) = tokio::task::spawn_blocking(work).await.map_err(Problem::internal)??;
    let decisions = kinds::decisions(&mut *app.store.read().await?, &positions).await?;
    for (change, decision) in replayed.changes.iter_mut().zip(decisions) {
        change.last_decision_id = decision;
    }
    Ok(Json(Replay { from, to, replayed }))
}

/// One of the two policies: as it was read, or as it decides.
struct Side<P> {
    policy: P,
    is_drafted: bool,
    /// The keys of the calls by their ids, but for those that the service does not have any more.
    keys: BTreeMap<String, Subject>,
}

impl Side<wire::Snapshot> {
    async fn of(app: &App, mut trial: Trial<'_>, is_drafted: bool, found: &Kinds) -> Result<Self> {
        let ids: BTreeSet<&str> = found.kinds.iter().map(|kind| kind.key_id.as_str()).collect();
        let mut keys = BTreeMap::new();
        for id in ids {
            keys.extend(trial.find(id).await?.map(|subject| (id.to_owned(), subject)));
        }
        Ok(Self { policy: complete(app, trial, is_drafted).await?, is_drafted, keys })
    }

    fn ready(self) -> Result<Side<Snapshot>> {
        let Self { policy, is_drafted, keys } = self;
        let policy = Snapshot::try_from(policy).map_err(|bad| unusable(bad, is_drafted))?;
        Ok(Side { policy, is_drafted, keys })
    }
}

impl Side<Snapshot> {
    /// What it says of a call; `None` if the key is gone.
    fn explain(&self, key_id: &str, call: &Call<'_>, now: Moment) -> Result<Option<Explanation>> {
        let Some(subject) = self.keys.get(key_id) else { return Ok(None) };
        // The address is not gone by, and neither is anything that a gate remembers.
        let facts = Facts { now: now.0, client: None, user_agent: b"", head: Head::default() };
        let explained = Explanation::of(&self.policy, subject, call, facts);
        explained.map(Some).map_err(|bad| unusable(bad, self.is_drafted))
    }
}

/// Compares both policies on each kind of call; answers beside it the places of the records that the changes name.
fn compared(
    now: Side<wire::Snapshot>,
    then: Side<wire::Snapshot>,
    found: Kinds,
    at: Moment,
) -> Result<(Replayed, Vec<i64>)> {
    let (now, then) = (now.ready()?, then.ready()?);
    let mut replayed = Replayed { without_outline: found.without_outline, more: found.more, ..Replayed::default() };
    replayed.refused_before = found.refused_before.iter().map(|(reason, calls)| (reason.row().name, *calls)).collect();
    let mut positions = Vec::new();
    for Kind { key_id, model, method, outline, counts, last_position } in found.kinds {
        let Some(call) = outline::call(&model, &method, &outline) else {
            replayed.without_outline += counts.calls;
            continue;
        };
        let (by_now, by_then) = match (now.explain(&key_id, &call, at)?, then.explain(&key_id, &call, at)?) {
            (Some(by_now), Some(by_then)) if by_now.is_of_call() || by_then.is_of_call() => (by_now, by_then),
            _ => {
                replayed.not_usable += counts.calls;
                continue;
            }
        };
        replayed.compared += counts.calls;
        let (by_now, by_then) = (Verdict::from(by_now), Verdict::from(by_then));
        match (by_now.outcome, by_then.outcome) {
            (before, after) if before == after => continue,
            (Outcome::Denied, _) => replayed.opened += counts.calls,
            (_, Outcome::Denied) => replayed.closed += counts.calls,
            _ => replayed.shadowed += counts.calls,
        }
        if replayed.changes.len() == MAX_CHANGES {
            replayed.more_changes += 1;
            continue;
        }
        let key_prefix = now.keys.get(&key_id).map(|subject| subject.prefix.clone()).unwrap_or_default();
        drop(call);
        positions.push(last_position);
        replayed.changes.push(Change {
            key_id,
            key_prefix,
            model,
            method,
            outline,
            counts,
            last_decision_id: None,
            now: by_now,
            then: by_then,
        });
    }
    Ok((replayed, positions))
}
