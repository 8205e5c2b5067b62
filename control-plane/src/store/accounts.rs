//! Lictor's own administrators.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::actor::Role;
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::secrets::stored::Hash;
use crate::store::engine::row::{Columns as _, enum_name};
use crate::store::proof::rows;
use crate::store::proof::tables::{ACCOUNTS, TOKENS};
use crate::store::{ChangeTx, Connection, StoreError};

/// An account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// The most that its tokens may do.
    pub role: Role,
    /// Whether it may sign in and its tokens work.
    pub active: bool,
    /// Whether it can sign in with a password.
    pub has_password: bool,
    /// Whether a provider of OpenID Connect lets it in: its role is then what the groups there have at each sign-in.
    pub of_provider: bool,
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
        role: row.parse_enum("role")?,
        active: row.flag("active")?,
        has_password: row.optional_text("password_hash")?.is_some(),
        of_provider: row.optional_text("issuer")?.is_some(),
        created_at: row.moment("created_at")?,
        changed: Revision(row.number("changed")?),
    })
}

/// An account by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query("SELECT * FROM accounts WHERE id = $1").bind(id).fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&ACCOUNTS, row)?)).transpose()
}

/// An account by its id, to be looked at or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, id: &str) -> Result<Option<Account>, StoreError> {
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
    let columns = vec![
        ("id", account.id.as_str().into()),
        ("name", account.name.as_str().into()),
        ("role", enum_name(&account.role)?.into()),
        ("active", account.active.into()),
        ("created_at", account.created_at.into()),
        ("changed", account.changed.into()),
    ];
    rows::insert(tx, &ACCOUNTS, columns).await
}

/// Changes an account's name, role and whether it is active.
pub async fn update(tx: &mut ChangeTx, account: &Account) -> Result<(), StoreError> {
    let changes = vec![
        ("name", account.name.as_str().into()),
        ("role", enum_name(&account.role)?.into()),
        ("active", account.active.into()),
        ("changed", account.changed.into()),
    ];
    rows::update(tx, &ACCOUNTS, "id = $1", vec![account.id.as_str().into()], changes).await?;
    Ok(())
}

/// Removes an account and its tokens.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &TOKENS, "account_id = $1", vec![id.into()]).await?;
    rows::delete(tx, &ACCOUNTS, "id = $1", vec![id.into()]).await?;
    Ok(())
}

/// The account with this name, and the hash of its password.
pub async fn find_by_name(
    connection: &mut Connection,
    name: &str,
) -> Result<Option<(Account, Option<Hash>)>, StoreError> {
    let row = sqlx::query("SELECT * FROM accounts WHERE name = $1").bind(name).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let row = connection.genuine(&ACCOUNTS, row)?;
    Ok(Some((read(&row)?, row.optional_text("password_hash")?.map(Hash::new))))
}

/// The account of somebody at a provider of OpenID Connect.
pub async fn find_by_identity(
    connection: &mut Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query("SELECT * FROM accounts WHERE issuer = $1 AND subject = $2")
        .bind(issuer)
        .bind(subject)
        .fetch_optional(&mut *connection)
        .await?;
    row.map(|row| read(&connection.genuine(&ACCOUNTS, row)?)).transpose()
}

/// Says who an account is at a provider.
pub async fn set_identity(tx: &mut ChangeTx, id: &str, issuer: &str, subject: &str) -> Result<(), StoreError> {
    let changes = vec![("issuer", issuer.into()), ("subject", subject.into())];
    rows::update(tx, &ACCOUNTS, "id = $1", vec![id.into()], changes).await?;
    Ok(())
}

/// Gives an account a password, by its hash, or takes it away.
pub async fn set_password(tx: &mut ChangeTx, id: &str, hash: Option<&Hash>) -> Result<(), StoreError> {
    let changes = vec![("password_hash", hash.map(Hash::text).into()), ("changed", tx.revision().into())];
    rows::update(tx, &ACCOUNTS, "id = $1", vec![id.into()], changes).await?;
    Ok(())
}

/// How many active administrators have a way in: a password, or a token without an end.
pub async fn usable_admins(connection: &mut Connection) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS usable FROM accounts WHERE active = 1 AND role = $1 AND (password_hash IS NOT NULL \
         OR EXISTS (SELECT 1 FROM tokens WHERE account_id = accounts.id AND tokens.role = $1 AND expires_at IS NULL))",
    )
    .bind(enum_name(&Role::Admin)?)
    .fetch_one(connection)
    .await?;
    row.number("usable")
}
