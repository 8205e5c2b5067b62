//! `permissions/{model}`: what may be done to a model. Without a record: nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::wire;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::permission::Rules;
use crate::domain::problem::Result;
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Query};
use crate::store::snapshot::Part;
use crate::store::{OrAbsent as _, permissions};

/// A permission record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Permission")]
pub struct View {
    model: String,
    #[serde(flatten)]
    rules: Rules,
}

impl From<wire::Permission> for View {
    fn from(mut permission: wire::Permission) -> Self {
        let model = std::mem::take(&mut permission.model);
        Self { model, rules: permission.into() }
    }
}

/// `GET /api/v1/permissions`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<View>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = permissions::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    let views = found.into_iter().map(|(permission, _)| View::from(permission)).collect();
    Ok(Json(window.page(views, |view| view.model.clone())))
}

/// `GET /api/v1/permissions/{model}`
pub async fn show(State(app): State<App>, Id(model): Id) -> Result<Tagged<View>> {
    let found = permissions::find(&mut *app.store.read().await?, &model).await?;
    let (permission, changed) = found.or_absent("permission")?;
    Ok(Tagged(StatusCode::OK, changed, permission.into()))
}

/// `PUT /api/v1/permissions/{model}`
pub async fn put(
    State(app): State<App>,
    actor: Actor,
    Id(model): Id,
    if_match: IfMatch,
    Body(rules): Body<Rules>,
) -> Result<Tagged<View>> {
    validate::model("model", &model)?;
    let permission = rules.for_model(model.clone())?;
    let tagged = change(&app, &actor, async |tx| {
        let before = permissions::look(tx, &model).await?;
        if_match.check(before.as_ref().map(|(_, changed)| *changed))?;
        let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        permissions::put(tx, &permission).await?;
        let (before, after) = (before.map(|(permission, _)| View::from(permission)), View::from(permission));
        let done = Done::new("permission.put", &model, before.as_ref(), Some(&after)).touching(Part::Permission(model));
        Ok((Tagged(status, tx.revision(), after), done))
    });
    tagged.await
}

/// `DELETE /api/v1/permissions/{model}`: nothing may be done to the model from now on.
pub async fn delete(State(app): State<App>, actor: Actor, Id(model): Id, if_match: IfMatch) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        let (permission, changed) = permissions::look(tx, &model).await?.or_absent("permission")?;
        if_match.check(changed)?;
        permissions::delete(tx, &model).await?;
        Ok(((), Done::new("permission.delete", &model, Some(&View::from(permission)), None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
