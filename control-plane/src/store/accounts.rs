//! Lictor's own administrators.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::row::{Columns as _, big, word};
use super::{ChangeTx, Connection, Revision, StoreError};
use crate::auth::Role;
use crate::time::Moment;

/// An account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// The most that its tokens may do.
    pub role: Role,
    /// Whether its tokens work.
    pub active: bool,
    /// When it was made.
    pub created_at: Moment,
    /// The revision that last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

fn read(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.text("id")?,
        name: row.text("name")?,
        role: row.word("role")?,
        active: row.flag("active")?,
        created_at: row.moment("created_at")?,
        changed: Revision(row.number("changed")?),
    })
}

/// An account by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query("SELECT * FROM accounts WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Accounts after an id, in the order in which they were made.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Account>, StoreError> {
    let rows = sqlx::query("SELECT * FROM accounts WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes an account.
pub async fn insert(tx: &mut ChangeTx, account: &Account) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO accounts (id, name, role, active, created_at, changed) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(account.id.as_str())
        .bind(account.name.as_str())
        .bind(word(&account.role)?)
        .bind(i64::from(account.active))
        .bind(big(account.created_at.0))
        .bind(account.changed.column())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Changes an account's name, role and whether it is active.
pub async fn update(tx: &mut ChangeTx, account: &Account) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET name = $2, role = $3, active = $4, changed = $5 WHERE id = $1")
        .bind(account.id.as_str())
        .bind(account.name.as_str())
        .bind(word(&account.role)?)
        .bind(i64::from(account.active))
        .bind(account.changed.column())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes an account and its tokens.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// How many tokens without an end let an administrator in.
pub async fn usable_admins(connection: &mut Connection) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS usable FROM accounts JOIN tokens ON tokens.account_id = accounts.id \
         WHERE accounts.active = 1 AND accounts.role = $1 AND tokens.role = $1 AND tokens.expires_at IS NULL",
    )
    .bind(word(&Role::Admin)?)
    .fetch_one(connection)
    .await?;
    row.number("usable")
}
