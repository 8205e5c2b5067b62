//! `tokens`: how accounts get in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::accounts::keep_an_admin;
use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::tokens::{Issued, issue};
use crate::domain::actor::{Actor, Role};
use crate::domain::problem::{Problem, Result};
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::extract::{Body, Id, Query};
use crate::secrets::random;
use crate::store::tokens::{self, Token};
use crate::store::{OrAbsent as _, accounts};

/// What is said of a new token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    account_id: String,
    name: String,
    role: Role,
    #[serde(default)]
    expires_at: Option<Moment>,
}

/// `GET /api/v1/tokens`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Token>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = tokens::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    Ok(Json(window.page(found, |token| token.id.clone())))
}

/// `POST /api/v1/tokens`
pub async fn create(
    State(app): State<App>,
    actor: Actor,
    Body(given): Body<NewToken>,
) -> Result<(StatusCode, Json<Issued>)> {
    validate::text("name", &given.name)?;
    given.expires_at.map_or(Ok(()), |moment| validate::future("expires_at", moment, app.now()))?;
    let issued = change(&app, &actor, async |tx| {
        let account = accounts::find(tx, &given.account_id).await?;
        let account = account.ok_or_else(|| Problem::invalid("account_id", "Name an account that exists."))?;
        if given.role > account.role {
            let detail = format!("Choose {} or a smaller role: the account has no greater one.", account.role.name());
            return Err(Problem::invalid("role", detail));
        }
        let record = Token {
            id: random::id(),
            account_id: account.id,
            name: given.name,
            role: given.role,
            created_at: tx.now(),
            expires_at: given.expires_at,
            of_sign_in: false,
        };
        let issued = issue(tx, record).await?;
        let done = Done::new("token.create", &issued.record.id, None, Some(&issued.record));
        Ok((issued, done))
    })
    .await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

/// `DELETE /api/v1/tokens/{id}`: it is refused from now on.
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        let token = tokens::find(tx, &id).await?.or_absent("token")?;
        tokens::delete(tx, &id).await?;
        keep_an_admin(tx).await?;
        Ok(((), Done::new("token.delete", &id, Some(&token), None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
