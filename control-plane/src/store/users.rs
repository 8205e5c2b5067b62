//! The users that keys act for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_policy::odoo::administrators;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::named::named;
use crate::domain::policy::people::Person;
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::secrets::stored::Sealed;
use crate::store::engine::filter::escaped;
use crate::store::engine::row::{Columns as _, json, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::USERS;
use crate::store::{ChangeTx, Connection, StoreError, WriteTx, names};

/// How often a credential is checked, and the groups are read.
const CHECK_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// After this time a user is checked again whose groups could not be read yet: what it sees of Odoo depends on them.
const UNKNOWN_GROUPS_INTERVAL: Duration = Duration::from_secs(60);

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
    /// Whether it may be an administrator of Odoo.
    pub privileged: bool,
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
    pub sealed: Sealed,
    /// Whether Odoo has refused it since it was last checked.
    pub rejected: bool,
    /// When Odoo was last asked about it and about the groups, and said yes or no.
    pub checked_at: Option<Moment>,
    /// When the Odoo API key ends, if it is one that does. Of several API keys of the user the one that ends first.
    pub ends_at: Option<Moment>,
}

named! {
    /// Why gates refuse a user's calls.
    pub enum Refused {
        /// Odoo has refused its credential.
        CredentialRejected = "credential_rejected",
        /// It is an administrator of Odoo, and nobody has said that it may be one.
        Administrator = "administrator",
    }
}

impl User {
    /// Why gates refuse its calls, if they do.
    pub fn refused(&self) -> Option<Refused> {
        if self.upstream.rejected {
            return Some(Refused::CredentialRejected);
        }
        (!self.privileged && self.administrator_groups().next().is_some()).then_some(Refused::Administrator)
    }

    /// Those of its Odoo groups that make it as good as an administrator of Odoo.
    pub fn administrator_groups(&self) -> impl Iterator<Item = &str> {
        administrators::among(self.odoo_groups.iter().map(String::as_str))
    }
}

impl Person for User {
    fn name(&self) -> &str {
        &self.name
    }

    fn email(&self) -> &str {
        self.email.as_deref().unwrap_or_default()
    }
}

impl Upstream {
    /// To whom the secret of a user is sealed.
    pub fn owner(user_id: &str) -> String {
        format!("users/{user_id}/upstream_secret")
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<User, StoreError> {
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
            sealed: row.sealed("upstream_secret")?,
            rejected: row.flag("upstream_rejected")?,
            checked_at: row.optional_moment("upstream_checked_at")?,
            ends_at: row.optional_moment("upstream_ends_at")?,
        },
        privileged: row.optional_number("privileged")?.is_some_and(|flag: i64| flag != 0),
        created_at: row.moment("created_at")?,
        changed: Revision(row.number("changed")?),
    })
}

/// A user by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let row = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id).fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&USERS, row)?)).transpose()
}

/// A user by its id, to be looked at or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, id: &str) -> Result<Option<User>, StoreError> {
    let row = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// All users that prove themselves, in the order in which they were made.
pub async fn all(connection: &mut Connection) -> Result<Vec<User>, StoreError> {
    let rows = sqlx::query("SELECT * FROM users ORDER BY id").fetch_all(&mut *connection).await?;
    connection.only_genuine(&USERS, rows)?.iter().map(read).collect()
}

/// Those that a policy file may mean by a mail address or a name.
pub async fn called(connection: &mut Connection, reference: &str) -> Result<Vec<User>, StoreError> {
    let query = sqlx::query("SELECT * FROM users WHERE email = $1 OR name = $1 ORDER BY id").bind(reference);
    let rows = query.fetch_all(&mut *connection).await?;
    connection.only_genuine(&USERS, rows)?.iter().map(read).collect()
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

/// A user as one is chosen: without its credential, which is for administrators.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserName")]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it may be an administrator of Odoo.
    pub privileged: bool,
}

/// Users after an id with a text in their name, in whatever case; the empty text is in each.
pub async fn named(connection: &mut Connection, text: &str, after: &str, limit: i64) -> Result<Vec<Named>, StoreError> {
    let sql =
        "SELECT id, name, privileged FROM users WHERE id > $1 AND LOWER(name) LIKE $2 ESCAPE '!' ORDER BY id LIMIT $3";
    let query = sqlx::query(sql).bind(after).bind(format!("%{}%", escaped(&text.to_lowercase()))).bind(limit);
    let rows = query.fetch_all(connection).await?;
    let named =
        |row: &AnyRow| Ok(Named { id: row.text("id")?, name: row.text("name")?, privileged: row.flag("privileged")? });
    rows.iter().map(named).collect()
}

/// Makes a user, or replaces everything of it but when it was made and when it is checked next.
pub async fn put(tx: &mut ChangeTx, user: &User) -> Result<(), StoreError> {
    let mut columns = vec![
        ("name", user.name.as_str().into()),
        ("email", user.email.as_deref().into()),
        ("groups", json(&user.groups)?.into()),
        ("odoo_groups", json(&user.odoo_groups)?.into()),
        ("upstream_database", user.upstream.database.as_str().into()),
        ("upstream_login", user.upstream.login.as_str().into()),
        ("upstream_uid", user.upstream.uid.into()),
        ("upstream_secret", user.upstream.sealed.text().into()),
        ("upstream_rejected", user.upstream.rejected.into()),
        ("upstream_checked_at", user.upstream.checked_at.into()),
        ("upstream_ends_at", user.upstream.ends_at.into()),
        ("privileged", user.privileged.into()),
        ("changed", user.changed.into()),
    ];
    let id = || user.id.as_str().into();
    if !rows::update(tx, &USERS, "id = $1", vec![id()], columns.clone()).await?.is_empty() {
        return Ok(());
    }
    let interval = if user.odoo_groups.is_empty() { UNKNOWN_GROUPS_INTERVAL } else { CHECK_INTERVAL };
    let due_at = user.created_at.plus(interval);
    columns.extend([("id", id()), ("created_at", user.created_at.into()), ("upstream_due_at", due_at.into())]);
    rows::insert(tx, &USERS, columns).await
}

/// The ids of the users that may be administrators of Odoo.
pub async fn privileged(connection: &mut Connection) -> Result<BTreeSet<String>, StoreError> {
    let rows = sqlx::query("SELECT id FROM users WHERE privileged = 1").fetch_all(connection).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// The names of users with these ids.
pub async fn names(connection: &mut Connection, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, StoreError> {
    names::find(connection, "users", ids).await
}

/// Keeps when a credential was checked, what its end is and when it is checked next. Not a change of policy: no new
/// revision.
pub async fn note_check(tx: &mut WriteTx, id: &str, upstream: &Upstream) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE users SET upstream_checked_at = $2, upstream_ends_at = $3, \
         upstream_due_at = CASE WHEN odoo_groups = '[]' AND upstream_rejected = 0 THEN $6 ELSE $4 END \
         WHERE id = $1 AND upstream_secret = $5",
    )
    .bind(id)
    .bind(upstream.checked_at.map(|moment| saturating_i64(moment.0)))
    .bind(upstream.ends_at.map(|moment| saturating_i64(moment.0)))
    .bind(saturating_i64(tx.now().plus(CHECK_INTERVAL).0))
    .bind(upstream.sealed.text())
    .bind(saturating_i64(tx.now().plus(UNKNOWN_GROUPS_INTERVAL).0))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes users whose check is due. Whoever takes one has until `again` to check it: then it is due anew. So exactly one
/// replica checks each.
pub async fn take_due(tx: &mut WriteTx, again: Moment, limit: u32) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "UPDATE users SET upstream_due_at = $2 WHERE id IN \
         (SELECT id FROM users WHERE upstream_due_at <= $1 ORDER BY upstream_due_at LIMIT $3) RETURNING id",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(again.0))
    .bind(i64::from(limit))
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// Removes a user; refused while it has keys.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &USERS, "id = $1", vec![id.into()]).await?;
    Ok(())
}
