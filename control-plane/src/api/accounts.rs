//! `accounts`: Lictor's own administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{change_one, remove_one};
use crate::app::change::{Done, change};
use crate::app::{App, passwords};
use crate::domain::actor::{Actor, Role};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::secrets::random;
use crate::secrets::stored::Hash;
use crate::store::accounts::{self, Account};
use crate::store::{Connection, OrAbsent as _, StoreError, tokens};

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
    let found = accounts::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    Ok(Json(window.page(found, |account| account.id.clone())))
}

/// `GET /api/v1/accounts/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<Account>> {
    let account = accounts::find(&mut *app.store.read().await?, &id).await?.or_absent("account")?;
    Ok(Tagged(StatusCode::OK, account.changed, account))
}

/// `POST /api/v1/accounts`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<Account>> {
    validate::text("name", &given.name)?;
    let account = change(&app, &actor, async |tx| {
        let Given { name, role, active } = given;
        let account = Account {
            id: random::id(),
            name,
            role,
            active,
            has_password: false,
            of_provider: false,
            created_at: tx.now(),
            changed: tx.revision(),
        };
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
    let find = accounts::find;
    let account = change_one(&app, &actor, "account.update", &id, &if_match, find, async |tx, before: &Account| {
        let current = Given { name: before.name.clone(), role: before.role, active: before.active };
        let Given { name, role, active } = patch.over(&current)?;
        validate::text("name", &name)?;
        let account = Account { name, role, active, changed: tx.revision(), ..before.clone() };
        accounts::update(tx, &account).await.map_err(name_taken)?;
        keep_an_admin(tx).await?;
        if !account.active {
            // Or they would be good again with the account.
            tokens::sign_out_all(tx, &id, None).await?;
        }
        Ok((account, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, account.changed, account))
}

/// `DELETE /api/v1/accounts/{id}`: with its tokens.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    remove_one(&app, &actor, &id, &if_match, accounts::look, async |tx, _| {
        accounts::delete(tx, &id).await?;
        keep_an_admin(tx).await
    })
    .await
}

/// A password for somebody else.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// 12 to 128 characters.
    password: Secret,
}

/// `PUT /api/v1/accounts/{id}/password`: whoever signed in with the one before is signed out.
pub async fn set_password(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(given): Body<Password>,
) -> Result<Tagged<Account>> {
    passwords::validate("password", &given.password)?;
    let hash = app.passwords.hash(given.password).await?;
    put_password(&app, &actor, &id, &if_match, "account.password_set", Some(&hash)).await
}

/// `DELETE /api/v1/accounts/{id}/password`: it has tokens only from now on.
pub async fn remove_password(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<Tagged<Account>> {
    put_password(&app, &actor, &id, &if_match, "account.password_remove", None).await
}

async fn put_password(
    app: &App,
    actor: &Actor,
    id: &str,
    if_match: &IfMatch,
    action: &'static str,
    hash: Option<&Hash>,
) -> Result<Tagged<Account>> {
    let account = change_one(app, actor, action, id, if_match, accounts::find, async |tx, _| {
        accounts::set_password(tx, id, hash).await?;
        tokens::sign_out_all(tx, id, None).await?;
        keep_an_admin(tx).await?;
        Ok((accounts::find(tx, id).await?.or_absent("account")?, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, account.changed, account))
}

/// Refuses a change after which nobody could administer. A token that ends does not count: it locks out later.
pub async fn keep_an_admin(connection: &mut Connection) -> Result<()> {
    if accounts::usable_admins(connection).await? > 0 {
        return Ok(());
    }
    let detail = "Make another admin account first, with a password or a token that does not expire.";
    Err(Problem::new(Code::LastAdmin, detail))
}

fn name_taken(error: StoreError) -> Problem {
    match error {
        StoreError::Taken => Problem::with_field(Code::NameTaken, "name", "Another account has this name: choose one."),
        error => error.into(),
    }
}
