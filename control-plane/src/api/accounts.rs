//! `accounts`: Lictor's own administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::etag::{IfMatch, Tagged};
use crate::api::extract::{Body, Id, Patch, Query};
use crate::api::page::{Page, PageQuery};
use crate::app::App;
use crate::auth::{Actor, Role};
use crate::change::{Done, change};
use crate::error::{Code, Problem, Result};
use crate::store::accounts::{self, Account};
use crate::store::{Connection, StoreError};
use crate::{random, validate};

/// What an administrator says about an account.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccountFields")]
#[serde(deny_unknown_fields)]
pub struct Given {
    name: String,
    role: Role,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// `GET /api/v1/accounts`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Account>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = accounts::list(&mut *app.store.read().await?, &after, window.reach()).await?;
    Ok(Json(window.page(found, |account| account.id.clone())))
}

/// `GET /api/v1/accounts/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<Account>> {
    let account = find(&mut *app.store.read().await?, &id).await?;
    Ok(Tagged(StatusCode::OK, account.changed, account))
}

/// `POST /api/v1/accounts`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<Account>> {
    validate::text("name", &given.name)?;
    let account = change(&app, &actor, async |tx| {
        let Given { name, role, active } = given;
        let account = Account { id: random::id(), name, role, active, created_at: app.now(), changed: tx.revision() };
        accounts::insert(tx, &account).await.map_err(name_taken)?;
        let done = Done::new("account.create", &account.id, None, Some(&account));
        Ok((account, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, account.changed, account))
}

/// `PATCH /api/v1/accounts/{id}`
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<Account>> {
    let account = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        if_match.check(before.changed)?;
        let current = Given { name: before.name.clone(), role: before.role, active: before.active };
        let Given { name, role, active } = patch.over(&current)?;
        validate::text("name", &name)?;
        let account = Account { name, role, active, changed: tx.revision(), ..before.clone() };
        accounts::update(tx, &account).await.map_err(name_taken)?;
        keep_an_admin(tx).await?;
        let done = Done::new("account.update", &id, Some(&before), Some(&account));
        Ok((account, done))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, account.changed, account))
}

/// `DELETE /api/v1/accounts/{id}`: with its tokens.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        let account = find(tx, &id).await?;
        if_match.check(account.changed)?;
        accounts::delete(tx, &id).await?;
        keep_an_admin(tx).await?;
        Ok(((), Done::new("account.delete", &id, Some(&account), None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a change after which nobody could administer. A token that ends does not count: it locks out later.
pub async fn keep_an_admin(connection: &mut Connection) -> Result<()> {
    if accounts::usable_admins(connection).await? > 0 {
        return Ok(());
    }
    let detail = "Make another admin account with a token that does not expire first.";
    Err(Problem::new(Code::LastAdmin, detail))
}

async fn find(connection: &mut Connection, id: &str) -> Result<Account> {
    accounts::find(connection, id).await?.ok_or_else(|| Problem::absent("account"))
}

fn name_taken(error: StoreError) -> Problem {
    match error {
        StoreError::Taken => Problem::with_field(Code::NameTaken, "name", "Another account has this name: choose one."),
        error => error.into(),
    }
}
