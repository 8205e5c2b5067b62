//! Tokens of accounts.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::actor::Role;
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, enum_name};
use crate::store::proof::rows;
use crate::store::proof::tables::TOKENS;
use crate::store::{ChangeTx, Connection, StoreError, accounts};

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
        role: row.parse_enum("role")?,
        created_at: row.moment("created_at")?,
        expires_at: row.optional_moment("expires_at")?,
        of_sign_in: row.flag("of_sign_in")?,
    })
}

/// Whom the token with this hash belongs to, if it may be used now.
pub async fn find_by_hash(connection: &mut Connection, hash: &str, now: Moment) -> Result<Option<Bearer>, StoreError> {
    let row = sqlx::query("SELECT * FROM tokens WHERE hash = $1").bind(hash).fetch_optional(&mut *connection).await?;
    bearer(connection, row, now).await
}

/// The same of the token with an id.
pub async fn find_usable(connection: &mut Connection, id: &str, now: Moment) -> Result<Option<Bearer>, StoreError> {
    let row = sqlx::query("SELECT * FROM tokens WHERE id = $1").bind(id).fetch_optional(&mut *connection).await?;
    bearer(connection, row, now).await
}

async fn bearer(connection: &mut Connection, row: Option<AnyRow>, now: Moment) -> Result<Option<Bearer>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let token = read(&connection.genuine(&TOKENS, row)?)?;
    let account = accounts::find(connection, &token.account_id).await?.filter(|account| account.active);
    let is_ended = token.expires_at.is_some_and(|end| end <= now);
    let bearer = |account: accounts::Account| Bearer {
        token_id: token.id,
        role: account.role.min(token.role),
        account_id: account.id,
    };
    Ok(account.filter(|_| !is_ended).map(bearer))
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
    let columns = vec![
        ("id", token.id.as_str().into()),
        ("account_id", token.account_id.as_str().into()),
        ("name", token.name.as_str().into()),
        ("hash", hash.into()),
        ("role", enum_name(&token.role)?.into()),
        ("created_at", token.created_at.into()),
        ("expires_at", token.expires_at.into()),
        ("of_sign_in", token.of_sign_in.into()),
    ];
    rows::insert(tx, &TOKENS, columns).await
}

/// Removes a token: it is refused from now on.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &TOKENS, "id = $1", vec![id.into()]).await?;
    Ok(())
}

/// Ends whoever signed in to the account, but for one token.
pub async fn sign_out_all(tx: &mut ChangeTx, account_id: &str, but: Option<&str>) -> Result<(), StoreError> {
    let bounds = vec![account_id.into(), but.unwrap_or_default().into()];
    rows::delete(tx, &TOKENS, "account_id = $1 AND of_sign_in = 1 AND id <> $2", bounds).await?;
    Ok(())
}

/// Removes what sign-ins left that nobody signed out of.
pub async fn delete_ended_sign_ins(tx: &mut ChangeTx) -> Result<(), StoreError> {
    let now = tx.now();
    rows::delete(tx, &TOKENS, "of_sign_in = 1 AND expires_at <= $1", vec![now.into()]).await?;
    Ok(())
}
