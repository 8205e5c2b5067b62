//! `pauses`: what is stopped for the time being.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Query};
use crate::secrets::random;
use crate::store::pauses::{self, Pause, Scope};
use crate::store::snapshot::Part;
use crate::store::{OrAbsent as _, users};

/// What is said of a new pause.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPause {
    scope: Scope,
    /// The id of the user or the name of the model; none for the other scopes.
    #[serde(default)]
    id: Option<String>,
    reason: String,
}

/// `GET /api/v1/pauses`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Pause>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = pauses::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    Ok(Json(window.page(found, |pause| pause.id.clone())))
}

/// `POST /api/v1/pauses`: what it covers is refused from now on. The answer's `id` is the pause's own, and what was given
/// as `id` is its `target`. Two pauses of the same thing are lifted one by one.
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<NewPause>) -> Result<Tagged<Pause>> {
    let NewPause { scope, id: target, reason } = given;
    validate::text("reason", &reason)?;
    let missing = |what| Problem::with_field(Code::MissingField, "id", what);
    match (scope, &target) {
        (Scope::All | Scope::Writes, None) | (Scope::User, Some(_)) => {}
        (Scope::Model, Some(model)) => validate::model("id", model)?,
        (Scope::All | Scope::Writes, Some(_)) => {
            return Err(Problem::invalid("id", "Leave it out: the scope names no user and no model."));
        }
        (Scope::User, None) => return Err(missing("Give the id of the user.")),
        (Scope::Model, None) => return Err(missing("Give Odoo's name of the model.")),
    }
    let pause = change(&app, &actor, async |tx| {
        if let (Scope::User, Some(id)) = (scope, &target) {
            users::look(tx, id).await?.or_invalid("id", "user")?;
        }
        let pause = Pause {
            id: random::id(),
            scope,
            target,
            reason,
            created_by: actor.id.clone(),
            created_at: tx.now(),
            changed: tx.revision(),
        };
        pauses::insert(tx, &pause).await?;
        let done = Done::new("pause.create", &pause.id, None, Some(&pause)).touching(Part::Stops);
        Ok((pause, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, pause.changed, pause))
}

/// `DELETE /api/v1/pauses/{id}`: lifts it.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        let pause = pauses::find(tx, &id).await?.or_absent("pause")?;
        if_match.check(pause.changed)?;
        pauses::delete(tx, &id).await?;
        Ok(((), Done::new("pause.delete", &id, Some(&pause), None).touching(Part::Frame)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
