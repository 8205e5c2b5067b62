//! `webhooks`: programs that are told of alerts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{change_one, remove_one};
use crate::app::App;
use crate::app::change::{Done, change};
use crate::clients::webhook::is_usable;
use crate::domain::actor::Actor;
use crate::domain::problem::{Problem, Result};
use crate::domain::severity::Severity;
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::secrets::random::{self, Token};
use crate::store::OrAbsent as _;
use crate::store::webhooks::{self, Webhook};

/// What an administrator says about a webhook.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookFields")]
pub struct Given {
    name: String,
    url: String,
    #[serde(default = "all")]
    from_severity: Severity,
}

fn all() -> Severity {
    Severity::Low
}

impl Given {
    fn validate(&self) -> Result<()> {
        validate::text("name", &self.name)?;
        validate::text("url", &self.url)?;
        if is_usable(&self.url) {
            return Ok(());
        }
        let detail = "Give a whole URL with https:// or http://, without a user name or password in it.";
        Err(Problem::invalid("url", detail))
    }
}

/// A webhook with its secret: shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedWebhook")]
pub struct Issued {
    #[serde(flatten)]
    webhook: Webhook,
    secret: Secret,
}

/// `GET /api/v1/webhooks`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Webhook>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = webhooks::all(&mut *app.store.read().await?).await?;
    let found = found.into_iter().filter(|webhook| webhook.id > after).collect();
    Ok(Json(window.page(found, |webhook: &Webhook| webhook.id.clone())))
}

/// `GET /api/v1/webhooks/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<Webhook>> {
    let webhook = webhooks::find(&mut *app.store.read().await?, &id).await?.or_absent("webhook")?;
    Ok(Tagged(StatusCode::OK, webhook.changed, webhook))
}

/// `POST /api/v1/webhooks`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<Issued>> {
    given.validate()?;
    let secret = Token::of_webhook().map_err(Problem::internal)?;
    let secret = Secret::new(secret.expose());
    let id = random::id();
    let sealed = app.vault.seal(&secret, &Webhook::owner(&id)).map_err(Problem::internal)?;
    let webhook = change(&app, &actor, async |tx| {
        if webhooks::all(tx).await?.len() >= webhooks::MAX {
            let detail = format!("Delete another one first: there are at most {} webhooks.", webhooks::MAX);
            return Err(Problem::invalid("url", detail));
        }
        let Given { name, url, from_severity } = given;
        let (created_at, changed) = (tx.now(), tx.revision());
        let webhook = Webhook { id, name, url, from_severity, created_at, sealed, changed };
        webhooks::insert(tx, &webhook).await?;
        let done = Done::new("webhook.create", &webhook.id, None, Some(&webhook));
        Ok((webhook, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, webhook.changed, Issued { webhook, secret }))
}

/// `PATCH /api/v1/webhooks/{id}`
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<Webhook>> {
    let find = webhooks::find;
    let webhook = change_one(&app, &actor, "webhook.update", &id, &if_match, find, async |tx, before: &Webhook| {
        let Webhook { name, url, from_severity, .. } = before.clone();
        let given = patch.over(&Given { name, url, from_severity })?;
        given.validate()?;
        let Given { name, url, from_severity } = given;
        let webhook = Webhook { name, url, from_severity, changed: tx.revision(), ..before.clone() };
        webhooks::update(tx, &webhook).await?;
        Ok((webhook, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, webhook.changed, webhook))
}

/// `DELETE /api/v1/webhooks/{id}`: what waits for it fails.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    remove_one(&app, &actor, &id, &if_match, webhooks::look, async |tx, _| Ok(webhooks::delete(tx, &id).await?)).await
}
