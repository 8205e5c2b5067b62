//! `keys/bulk`: one action on many keys, each with an outcome of its own. A dry run comes first, and its `plan` with the true
//! run.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::keys::{Issued, MAX_OVERLAP_SECONDS, revoked};
use crate::app::App;
use crate::app::change::{Done, attempt};
use crate::app::new_keys::{self, NewSecret, refuse_revoked};
use crate::domain::actor::Actor;
use crate::domain::named::named;
use crate::domain::plan::{DryRun, digest};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::extract::Body;
use crate::store::keys::{self, Key};
use crate::store::snapshot::Part;
use crate::store::{ChangeTx, OrAbsent as _};

/// Keys that one request may name.
const MAX_KEYS: usize = 100;

named! {
    /// What is done to keys.
    pub enum Action {
        /// They are refused, for ever.
        Revoke = "revoke",
        /// Each gets another in its place.
        Rotate = "rotate",
        /// They end, if they do not end sooner.
        Expire = "expire",
    }
}

/// What is to be done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    action: Action,
    #[schemars(length(max = MAX_KEYS))]
    ids: Vec<String>,
    /// For `rotate`: how long the old keys stay good.
    #[schemars(range(min = 0, max = MAX_OVERLAP_SECONDS))]
    #[serde(default)]
    overlap_seconds: Option<u32>,
    /// For `expire`: when they end.
    #[serde(default)]
    expires_at: Option<Moment>,
    /// Changes nothing, and answers what would become of each key.
    #[serde(default)]
    dry_run: bool,
    /// The `plan` of the dry run.
    #[serde(default)]
    plan: Option<String>,
}

/// What became of the keys, or would.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BulkOfKeys")]
pub struct Report {
    dry_run: bool,
    /// Of the dry run, for the true one.
    plan: String,
    counts: Counts,
    /// In the order of `ids`.
    results: Vec<Outcome>,
}

/// How many keys.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "BulkCounts")]
struct Counts {
    /// It is done to.
    done: u64,
    /// Were so before.
    unchanged: u64,
    /// It cannot be done to.
    refused: u64,
}

/// What became of a key, or would.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BulkOutcome")]
struct Outcome {
    id: String,
    /// `done`, `unchanged`, or the `code` of a problem.
    outcome: &'static str,
    /// What to do about the problem.
    detail: Option<String>,
    /// The key in its place, with its text: shown this once.
    new: Option<Issued>,
}

const DONE: &str = "done";
const UNCHANGED: &str = "unchanged";

/// `POST /api/v1/keys/bulk`
pub async fn bulk(State(app): State<App>, actor: Actor, Body(order): Body<Order>) -> Result<Json<Report>> {
    let deed = Deed::of(&order, app.now())?;
    if order.ids.iter().collect::<BTreeSet<_>>().len() < order.ids.len() {
        return Err(Problem::invalid("ids", "Name each key once."));
    }
    let planned = plan(&app, &actor, deed, &order.ids).await?;
    let states: Vec<_> = planned.iter().map(|(outcome, state)| (&outcome.id, outcome.outcome, state)).collect();
    let plan = digest(&(order.action, order.overlap_seconds, order.expires_at, states))?;
    if order.dry_run {
        return Ok(Json(report(true, plan, planned.into_iter().map(|(outcome, _)| outcome).collect())));
    }
    if order.plan.is_none() {
        let detail = "Send 'dry_run': true first, and the plan that it answers with the true run.";
        return Err(Problem::with_field(Code::MissingField, "plan", detail));
    }
    DryRun { dry_run: false, plan: order.plan }.check(&plan)?;
    let mut results = Vec::new();
    for (outcome, state) in planned {
        results.push(match state.filter(|_| outcome.outcome == DONE) {
            Some(state) => {
                let secret = deed.secret(&app).await?;
                one(&app, &actor, deed, outcome.id, state, secret.as_ref(), false).await
            }
            None => outcome,
        });
    }
    Ok(Json(report(false, plan, results)))
}

fn report(dry_run: bool, plan: String, results: Vec<Outcome>) -> Report {
    let mut counts = Counts::default();
    for result in &results {
        *match result.outcome {
            DONE => &mut counts.done,
            UNCHANGED => &mut counts.unchanged,
            _ => &mut counts.refused,
        } += 1;
    }
    Report { dry_run, plan, counts, results }
}

/// What is done to a key.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Revoke,
    /// The old one stays good so long.
    Rotate(Duration),
    /// It ends then.
    Expire(Moment),
}

impl Deed {
    fn of(order: &Order, now: Moment) -> Result<Self> {
        let missing = |field| Problem::with_field(Code::MissingField, field, "Give it with this action.");
        match order.action {
            Action::Revoke => Ok(Self::Revoke),
            Action::Rotate => {
                let seconds = order.overlap_seconds.ok_or_else(|| missing("overlap_seconds"))?;
                Ok(Self::Rotate(Duration::from_secs(seconds.into())))
            }
            Action::Expire => {
                let at = order.expires_at.ok_or_else(|| missing("expires_at"))?;
                validate::future("expires_at", at, now)?;
                Ok(Self::Expire(at))
            }
        }
    }

    /// What it needs for a key, or for those on which it is only tried.
    async fn secret(self, app: &App) -> Result<Option<NewSecret>> {
        match self {
            Self::Rotate(_) => NewSecret::make(app).await.map(Some),
            Self::Revoke | Self::Expire(_) => Ok(None),
        }
    }

    fn is_done(self, key: &Key) -> bool {
        match self {
            Self::Revoke => key.revoked_at.is_some(),
            Self::Rotate(_) => false,
            Self::Expire(at) => key.revoked_at.is_none() && key.terms.expires_at.is_some_and(|end| end <= at),
        }
    }

    /// Does it within a change, which may be undone.
    async fn act(self, tx: &mut ChangeTx, before: &Key, secret: Option<&NewSecret>) -> Result<(Option<Issued>, Done)> {
        match (self, secret) {
            (Self::Revoke, _) => {
                let key = revoked(tx, before).await?;
                Ok((None, Done::new("key.revoke", &before.id, Some(before), Some(&key))))
            }
            (Self::Expire(at), _) => {
                refuse_revoked(before)?;
                let mut key = Key { changed: tx.revision(), ..before.clone() };
                key.terms.expires_at = Some(at);
                keys::update(tx, &key).await?;
                let part = key.terms.active.then(|| Part::Key(key.id.clone()));
                Ok((None, Done::new("key.update", &before.id, Some(before), Some(&key)).touching(part)))
            }
            (Self::Rotate(overlap), Some(secret)) => {
                let replaced = new_keys::replace(tx, before, secret, Some(tx.now().plus(overlap))).await?;
                let done = replaced.done(before);
                Ok((Some(Issued::of(replaced.new, secret)), done))
            }
            (Self::Rotate(_), None) => Err(Problem::internal("a key is rotated without a new one")),
        }
    }
}

/// What would become of each key, and the state that it is in: each is tried, and undone.
async fn plan(app: &App, actor: &Actor, deed: Deed, ids: &[String]) -> Result<Vec<(Outcome, Option<Revision>)>> {
    // Nothing of what is tried stays: one is enough for all.
    let secret = deed.secret(app).await?;
    let mut planned = Vec::new();
    for id in ids {
        let key = keys::look(&mut *app.store.read().await?, id).await?;
        let outcome = match &key {
            Some(key) if deed.is_done(key) => Outcome { id: id.clone(), outcome: UNCHANGED, detail: None, new: None },
            Some(key) => {
                let tried = one(app, actor, deed, id.clone(), key.changed, secret.as_ref(), true).await;
                Outcome { new: None, ..tried }
            }
            None => refused(id.clone(), &Problem::absent("key")),
        };
        planned.push((outcome, key.map(|key| key.changed)));
    }
    Ok(planned)
}

/// Does it to one key in a transaction of its own, if the key is in the state that was looked at.
async fn one(
    app: &App,
    actor: &Actor,
    deed: Deed,
    id: String,
    state: Revision,
    secret: Option<&NewSecret>,
    dry_run: bool,
) -> Outcome {
    let done = attempt(app, actor, dry_run, async |tx| {
        // What takes a right away depends on nothing else: as in the route for one key.
        let before = match deed {
            Deed::Revoke => keys::look(tx, &id).await?,
            Deed::Rotate(_) | Deed::Expire(_) => keys::find(tx, &id).await?,
        };
        let before = before.or_absent("key")?;
        if before.changed != state {
            return Err(Problem::new(Code::PreconditionFailed, "Somebody has changed it meanwhile: look at it again."));
        }
        deed.act(tx, &before, secret).await
    });
    match done.await {
        Ok(new) => Outcome { id, outcome: DONE, detail: None, new },
        Err(problem) => refused(id, &problem),
    }
}

fn refused(id: String, problem: &Problem) -> Outcome {
    Outcome { id, outcome: problem.code.row().0, detail: Some(problem.detail.to_string()), new: None }
}
