//! What an administrator has stopped for the time being.

use lictor_policy::wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, enum_name};
use crate::store::proof::rows;
use crate::store::proof::tables::PAUSES;
use crate::store::{ChangeTx, Connection, StoreError};

/// A pause.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Pause {
    /// Its id.
    pub id: String,
    /// What it covers.
    pub scope: Scope,
    /// The id of the user, or Odoo's name of the model; none for the other scopes.
    pub target: Option<String>,
    /// Why.
    pub reason: String,
    /// The account that made it.
    pub created_by: String,
    /// When.
    pub created_at: Moment,
    /// The revision that made it.
    #[serde(skip)]
    pub changed: Revision,
}

/// What a pause covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PauseScope")]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every call.
    All,
    /// Calls for one user.
    User,
    /// Calls of one model.
    Model,
    /// Every call that does more than read.
    Writes,
}

fn read(row: &AnyRow) -> Result<Pause, StoreError> {
    Ok(Pause {
        id: row.text("id")?,
        scope: row.parse_enum("scope")?,
        target: row.optional_text("target")?,
        reason: row.text("reason")?,
        created_by: row.text("created_by")?,
        created_at: row.moment("created_at")?,
        changed: Revision(row.number("changed")?),
    })
}

/// Pauses as gates get them. Several of the same thing are one.
pub(crate) fn wire(rows: &[AnyRow]) -> Result<Vec<wire::Pause>, StoreError> {
    let mut pauses = Vec::new();
    for row in rows {
        let target = || row.optional_text("target")?.ok_or_else(|| StoreError::Column("target".to_owned()));
        let pause = match row.parse_enum("scope")? {
            Scope::All => wire::Pause::All,
            Scope::User => wire::Pause::User { id: target()? },
            Scope::Model => wire::Pause::Model { id: target()? },
            Scope::Writes => wire::Pause::Writes,
        };
        if !pauses.contains(&pause) {
            pauses.push(pause);
        }
    }
    Ok(pauses)
}

/// Whether a user's keys are paused as a whole: by a pause of the user, or of everything.
pub async fn cover(connection: &mut Connection, user_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM pauses WHERE scope = 'all' OR (scope = 'user' AND target = $1) LIMIT 1";
    Ok(sqlx::query(sql).bind(user_id).fetch_optional(connection).await?.is_some())
}

/// A pause by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Pause>, StoreError> {
    let row = sqlx::query("SELECT * FROM pauses WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Pauses after an id, in the order in which they were made.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Pause>, StoreError> {
    let rows = sqlx::query("SELECT * FROM pauses WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes a pause.
pub async fn insert(tx: &mut ChangeTx, pause: &Pause) -> Result<(), StoreError> {
    let columns = vec![
        ("id", pause.id.as_str().into()),
        ("scope", enum_name(&pause.scope)?.into()),
        ("target", pause.target.as_deref().into()),
        ("reason", pause.reason.as_str().into()),
        ("created_by", pause.created_by.as_str().into()),
        ("created_at", pause.created_at.into()),
        ("changed", pause.changed.into()),
    ];
    rows::insert(tx, &PAUSES, columns).await
}

/// Lifts a pause.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &PAUSES, "id = $1", vec![id.into()]).await?;
    Ok(())
}
