//! `gates`: identities of gates, and which policy each runs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::etag::{IfMatch, Tagged};
use crate::api::extract::{Body, Id, Query, patched};
use crate::api::page::{Page, PageQuery};
use crate::app::App;
use crate::auth::Actor;
use crate::change::{Done, change};
use crate::error::{Code, Problem, Result};
use crate::random::{self, Token};
use crate::store::gates::{self, Gate, Seen};
use crate::store::{Connection, StoreError};
use crate::validate;

/// What an administrator says about a gate.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    name: String,
}

/// A gate with its token: shown this once.
#[derive(Serialize)]
pub struct Issued {
    #[serde(flatten)]
    gate: Gate,
    token: Secret,
}

/// `GET /api/v1/gates`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Gate>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = gates::list(&mut *app.store.read().await?, &after, window.reach()).await?;
    let found = found.into_iter().map(|gate| current(&app, gate)).collect();
    Ok(Json(window.page(found, |gate| gate.id.clone())))
}

/// `GET /api/v1/gates/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<Gate>> {
    let gate = current(&app, find(&mut *app.store.read().await?, &id).await?);
    Ok(Tagged(StatusCode::OK, gate.changed, gate))
}

/// `POST /api/v1/gates`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<Issued>> {
    validate::text("name", &given.name)?;
    let token = Token::of_gate().map_err(Problem::internal)?;
    let gate = change(&app, &actor, async |tx| {
        let gate = Gate {
            id: random::id(),
            name: given.name,
            created_at: app.now(),
            seen: Seen::default(),
            changed: tx.revision(),
        };
        gates::insert(tx, &gate, &token.hash()).await.map_err(name_taken)?;
        let done = Done::new("gate.create", &gate.id, None, Some(&gate));
        Ok((gate, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, gate.changed, Issued { gate, token: Secret::new(token.expose()) }))
}

/// `PATCH /api/v1/gates/{id}`: its name.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(patch): Body<Value>,
) -> Result<Tagged<Gate>> {
    let gate = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        if_match.check(before.changed)?;
        let Given { name } = patched(&Given { name: before.name.clone() }, patch)?;
        validate::text("name", &name)?;
        let gate = Gate { name, changed: tx.revision(), ..before.clone() };
        gates::update(tx, &gate).await.map_err(name_taken)?;
        let done = Done::new("gate.update", &id, Some(&before), Some(&gate));
        Ok((gate, done))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, gate.changed, current(&app, gate)))
}

/// `DELETE /api/v1/gates/{id}`: its token is refused from now on, in the middle of a long poll too.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        let gate = find(tx, &id).await?;
        if_match.check(gate.changed)?;
        gates::delete(tx, &id).await?;
        Ok(((), Done::new("gate.delete", &id, Some(&gate), None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(connection: &mut Connection, id: &str) -> Result<Gate> {
    gates::find(connection, id).await?.ok_or_else(|| Problem::absent("gate"))
}

/// With what the gate told since the database last heard of it.
fn current(app: &App, gate: Gate) -> Gate {
    let seen = app.presence.of(&gate.id).unwrap_or_else(|| gate.seen.clone());
    Gate { seen, ..gate }
}

fn name_taken(error: StoreError) -> Problem {
    match error {
        StoreError::Taken => Problem::with_field(Code::NameTaken, "name", "Another gate has this name: choose one."),
        error => error.into(),
    }
}
