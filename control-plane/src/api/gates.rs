//! `gates`: identities of gates, and which policy each runs.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{Removed, change_one, remove_one_planned};
use crate::app::App;
use crate::app::gates::{Issued, all, current, is_live, issue, name_taken};
use crate::domain::actor::Actor;
use crate::domain::plan::{Counts, DryRun};
use crate::domain::problem::{Problem, Result};
use crate::domain::sequences::Skipped;
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::secrets::random::Token;
use crate::store::audit::sequences;
use crate::store::gates::{self, Gate};
use crate::store::{Meta, OrAbsent as _};

/// A week: a token that was replaced is not kept for ever.
const MAX_OVERLAP_SECONDS: u32 = 7 * 24 * 3600;

/// What an administrator says about a gate.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GateFields")]
#[serde(deny_unknown_fields)]
pub struct Given {
    name: String,
}

/// A gate, and how it does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GateState")]
pub struct View {
    #[serde(flatten)]
    gate: Gate,
    connected: bool,
    #[serde(flatten)]
    skipped: Skipped,
}

/// How a token is replaced.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the one before stays good; 0 is not at all.
    #[schemars(range(min = 0, max = MAX_OVERLAP_SECONDS))]
    #[serde(default)]
    overlap_seconds: u32,
}

/// `GET /api/v1/gates`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<View>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let mut connection = app.store.read().await?;
    let found = gates::list(&mut connection, &after, window.row_limit()).await?;
    let skipped = sequences::skipped(&mut connection, app.now()).await?;
    let views = found.into_iter().map(|gate| View::of(&app, gate, &skipped)).collect();
    Ok(Json(window.page(views, |view| view.gate.id.clone())))
}

/// Which revision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InForceQuery {
    /// As the header `Lictor-Revision` of a change says it; left out, the last.
    revision: Option<u64>,
}

/// Where a revision is in force.
#[derive(Serialize, JsonSchema)]
pub struct InForce {
    revision: u64,
    /// How many of the live gates run it or a later one.
    in_force: u64,
    /// How many gates were heard within the last minute.
    live: u64,
    /// Since when all of them do; none if one does not, or if that is not known here: since before the service started, or
    /// another replica heard the gate.
    since: Option<Moment>,
    /// Each gate that is not revoked.
    gates: Vec<GateInForce>,
}

/// Whether a gate runs a revision.
#[derive(Serialize, JsonSchema)]
struct GateInForce {
    id: String,
    name: String,
    /// Whether it was heard within the last minute.
    connected: bool,
    /// Whether it runs the revision or a later one.
    in_force: bool,
    /// Since when, if that is known here.
    since: Option<Moment>,
    last_seen_at: Option<Moment>,
}

/// `GET /api/v1/gates/in-force`
pub async fn in_force(State(app): State<App>, Query(query): Query<InForceQuery>) -> Result<Json<InForce>> {
    let mut connection = app.store.read().await?;
    let Meta { epoch, revision: last, .. } = Meta::load(&mut connection).await?;
    let (revision, now) = (query.revision.unwrap_or(last.0), app.now());
    let view = |gate: Gate| {
        let runs = gate.seen.runs(&epoch, revision);
        GateInForce {
            connected: is_live(&gate, now),
            in_force: runs,
            since: runs.then(|| app.presence.since(&gate.id, &epoch, revision)).flatten(),
            last_seen_at: gate.seen.last_seen_at,
            id: gate.id,
            name: gate.name,
        }
    };
    let gates = all(&app, &mut connection).await?.into_iter().filter(|gate| gate.revoked_at.is_none());
    let gates: Vec<_> = gates.map(view).collect();
    let live: Vec<_> = gates.iter().filter(|gate| gate.connected).collect();
    let in_force = live.iter().filter(|gate| gate.in_force).count();
    let since = live.iter().map(|gate| gate.since).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
    let (in_force, live) = (in_force as u64, live.len() as u64);
    Ok(Json(InForce { revision, in_force, live, since, gates }))
}

/// `GET /api/v1/gates/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<View>> {
    let mut connection = app.store.read().await?;
    let gate = gates::find(&mut connection, &id).await?.or_absent("gate")?;
    let skipped = sequences::skipped(&mut connection, app.now()).await?;
    Ok(Tagged(StatusCode::OK, gate.changed, View::of(&app, gate, &skipped)))
}

/// `POST /api/v1/gates`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<Issued>> {
    let issued = issue(&app, &actor, given.name).await?;
    Ok(Tagged(StatusCode::CREATED, issued.gate.changed, issued))
}

/// `PATCH /api/v1/gates/{id}`: its name.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<Gate>> {
    let gate = change_one(&app, &actor, "gate.update", &id, &if_match, gates::find, async |tx, before: &Gate| {
        let Given { name } = patch.over(&Given { name: before.name.clone() })?;
        validate::text("name", &name)?;
        let gate = Gate { name, changed: tx.revision(), ..before.clone() };
        gates::update(tx, &gate).await.map_err(name_taken)?;
        Ok((gate, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, gate.changed, current(&app, gate)))
}

/// `DELETE /api/v1/gates/{id}`: its token is refused from now on, in the middle of a long poll too.
pub async fn delete(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Query(dry): Query<DryRun>,
) -> Result<Removed> {
    remove_one_planned(&app, &actor, &dry, &id, &if_match, gates::find, async |tx, gate: &Gate| {
        gates::delete(tx, &id).await?;
        let connected = u64::from(is_live(&current(&app, gate.clone()), tx.now()));
        Ok(Counts::from([("gates", 1), ("connected", connected)]))
    })
    .await
}

/// `POST /api/v1/gates/{id}/rotate`: another token. The one before is refused from now on, or after the overlap.
pub async fn rotate(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(given): Body<Rotation>,
) -> Result<Tagged<Issued>> {
    let token = Token::of_gate().map_err(Problem::internal)?;
    let gate = change_one(&app, &actor, "gate.rotate", &id, &if_match, gates::find, async |tx, before: &Gate| {
        // A token that was revoked does not come back as the one before.
        let overlap = if before.revoked_at.is_some() { 0 } else { given.overlap_seconds };
        let until = tx.now().plus(Duration::from_secs(overlap.into()));
        gates::rotate(tx, &id, &token.hash(), until).await?;
        Ok((Gate { revoked_at: None, changed: tx.revision(), ..before.clone() }, None))
    })
    .await?;
    let gate = current(&app, gate);
    Ok(Tagged(StatusCode::OK, gate.changed, Issued { gate, token: Secret::new(token.expose()) }))
}

/// `POST /api/v1/gates/{id}/revoke`: its tokens are refused from now on, in the middle of a long poll too, until it is
/// given another one.
pub async fn revoke(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<Tagged<Gate>> {
    let gate = change_one(&app, &actor, "gate.revoke", &id, &if_match, gates::find, async |tx, before: &Gate| {
        let revoked_at = before.revoked_at.unwrap_or(tx.now());
        gates::revoke(tx, &id, revoked_at).await?;
        Ok((Gate { revoked_at: Some(revoked_at), changed: tx.revision(), ..before.clone() }, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, gate.changed, current(&app, gate)))
}

impl View {
    fn of(app: &App, gate: Gate, skipped: &BTreeMap<String, Skipped>) -> Self {
        let gate = current(app, gate);
        let skipped = skipped.get(&gate.id).copied().unwrap_or_default();
        Self { connected: is_live(&gate, app.now()), gate, skipped }
    }
}
