//! The users that keys act for.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::row::{Columns as _, big, json};
use super::{ChangeTx, Connection, Revision, StoreError};
use crate::time::Moment;

/// A user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct User {
    /// Its id.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Where mail about its keys goes.
    pub email: Option<String>,
    /// Lictor's own groups.
    pub groups: Vec<String>,
    /// XML ids of the Odoo groups.
    pub odoo_groups: Vec<String>,
    /// What stands in the place of its keys.
    pub upstream: Upstream,
    /// When it was made.
    pub created_at: Moment,
    /// The revision that last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

/// The Odoo credential of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Upstream {
    /// The Odoo database.
    pub database: String,
    /// The Odoo login.
    pub login: String,
    /// The id of the Odoo user.
    pub uid: i64,
    /// The password or API key, sealed for [`Upstream::owner`].
    #[serde(skip)]
    pub sealed: String,
    /// Whether Odoo has refused it since it was last checked.
    pub rejected: bool,
}

impl Upstream {
    /// To whom the secret of a user is sealed.
    pub fn owner(user_id: &str) -> String {
        format!("users/{user_id}/upstream_secret")
    }
}

pub(super) fn read(row: &AnyRow) -> Result<User, StoreError> {
    Ok(User {
        id: row.text("id")?,
        name: row.text("name")?,
        email: row.optional_text("email")?,
        groups: row.json("groups")?,
        odoo_groups: row.json("odoo_groups")?,
        upstream: Upstream {
            database: row.text("upstream_database")?,
            login: row.text("upstream_login")?,
            uid: row.number("upstream_uid")?,
            sealed: row.text("upstream_secret")?,
            rejected: row.flag("upstream_rejected")?,
        },
        created_at: row.moment("created_at")?,
        changed: Revision(row.number("changed")?),
    })
}

/// A user by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let row = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Users after an id, in the order in which they were made.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let rows = sqlx::query("SELECT * FROM users WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes a user, or replaces everything of it but when it was made.
pub async fn put(tx: &mut ChangeTx, user: &User) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, name, email, groups, odoo_groups, upstream_database, upstream_login, upstream_uid, \
         upstream_secret, upstream_rejected, created_at, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, groups = excluded.groups, \
         odoo_groups = excluded.odoo_groups, upstream_database = excluded.upstream_database, \
         upstream_login = excluded.upstream_login, upstream_uid = excluded.upstream_uid, \
         upstream_secret = excluded.upstream_secret, upstream_rejected = excluded.upstream_rejected, \
         changed = excluded.changed",
    )
    .bind(user.id.as_str())
    .bind(user.name.as_str())
    .bind(user.email.as_deref())
    .bind(json(&user.groups)?)
    .bind(json(&user.odoo_groups)?)
    .bind(user.upstream.database.as_str())
    .bind(user.upstream.login.as_str())
    .bind(user.upstream.uid)
    .bind(user.upstream.sealed.as_str())
    .bind(i64::from(user.upstream.rejected))
    .bind(big(user.created_at.0))
    .bind(user.changed.column())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a user; refused while it has keys.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}
