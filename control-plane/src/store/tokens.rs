//! Tokens of accounts.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::row::{Columns as _, big, word};
use super::{ChangeTx, Connection, StoreError};
use crate::auth::Role;
use crate::time::Moment;

/// A token. Its text is not kept, only its hash, and that is not shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account_id: String,
    /// What it is for.
    pub name: String,
    /// The most that it may do; the account's role is a limit too.
    pub role: Role,
    /// When it was made.
    pub created_at: Moment,
    /// From this moment on it is refused.
    pub expires_at: Option<Moment>,
    /// Whether a sign-in made it.
    pub of_sign_in: bool,
}

/// Whom a valid token belongs to.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The token.
    pub token_id: String,
    /// The account.
    pub account_id: String,
    /// What the token may do: the smaller of both roles.
    pub role: Role,
}

fn read(row: &AnyRow) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.text("id")?,
        account_id: row.text("account_id")?,
        name: row.text("name")?,
        role: row.word("role")?,
        created_at: row.moment("created_at")?,
        expires_at: row.optional_moment("expires_at")?,
        of_sign_in: row.flag("of_sign_in")?,
    })
}

/// Whom the token with this hash belongs to, if it may be used now.
pub async fn find_by_hash(connection: &mut Connection, hash: &str, now: Moment) -> Result<Option<Bearer>, StoreError> {
    let row = sqlx::query(
        "SELECT tokens.id AS token_id, accounts.id AS account_id, accounts.role AS account_role, tokens.role AS role \
         FROM tokens JOIN accounts ON accounts.id = tokens.account_id \
         WHERE tokens.hash = $1 AND accounts.active = 1 AND (tokens.expires_at IS NULL OR tokens.expires_at > $2)",
    )
    .bind(hash)
    .bind(big(now.0))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (of_account, of_token): (Role, Role) = (row.word("account_role")?, row.word("role")?);
    let role = of_account.min(of_token);
    Ok(Some(Bearer { token_id: row.text("token_id")?, account_id: row.text("account_id")?, role }))
}

/// A token by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query("SELECT * FROM tokens WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Tokens after an id, in the order in which they were made.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Token>, StoreError> {
    let rows = sqlx::query("SELECT * FROM tokens WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes a token.
pub async fn insert(tx: &mut ChangeTx, token: &Token, hash: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, account_id, name, hash, role, created_at, expires_at, of_sign_in) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.id.as_str())
    .bind(token.account_id.as_str())
    .bind(token.name.as_str())
    .bind(hash)
    .bind(word(&token.role)?)
    .bind(big(token.created_at.0))
    .bind(token.expires_at.map(|moment| big(moment.0)))
    .bind(i64::from(token.of_sign_in))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a token: it is refused from now on.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Ends whoever signed in to the account, but for one token.
pub async fn sign_out_all(tx: &mut ChangeTx, account_id: &str, but: Option<&str>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE account_id = $1 AND of_sign_in = 1 AND id <> $2")
        .bind(account_id)
        .bind(but.unwrap_or_default())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes what sign-ins left that nobody signed out of.
pub async fn delete_ended_sign_ins(tx: &mut ChangeTx, now: Moment) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE of_sign_in = 1 AND expires_at <= $1")
        .bind(big(now.0))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
