//! Who changed what, when.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sqlx::any::AnyRow;

use super::conditions::{Bound, Conditions};
use super::row::{Columns as _, big, json};
use super::{ChangeTx, Connection, Store, StoreError};
use crate::random;
use crate::time::Moment;

/// One change.
#[derive(Debug)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// The account, or `system`.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: &'static str,
    /// To what: its id.
    pub object: String,
    /// The fields that changed, each with its value before and after; no secrets.
    pub difference: Value,
}

/// A change, as it is read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminAuditRecord")]
pub struct Record {
    /// Its id.
    pub id: String,
    /// The revision of the policy that it made; none if nothing was changed: a refused sign-in.
    pub revision: Option<u64>,
    /// When.
    pub at: Moment,
    /// The id of the account that did it, `system` for Lictor itself, or `nobody` for who could not sign in.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: String,
    /// To what: its id.
    pub object: String,
    /// The fields that changed, each as `[before, after]`.
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    pub difference: Value,
}

/// Which records are wanted. Each field that is given must match.
#[derive(Debug, Default)]
pub struct Filter {
    /// Who.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// At this moment or later.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
}

fn read(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        id: row.text("id")?,
        revision: row.optional_number("revision")?,
        at: row.moment("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        difference: row.json("difference")?,
    })
}

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String);

impl Record {
    /// Where it stands in the list.
    pub fn place(&self) -> Place {
        (self.at.0, self.id.clone())
    }
}

/// Records, newest first, older than a place.
pub async fn list(
    connection: &mut Connection,
    filter: Filter,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = Conditions::default();
    for (condition, text) in [("actor =", filter.actor), ("action =", filter.action), ("object =", filter.object)] {
        if let Some(text) = text {
            conditions.compare(condition, Bound::Text(text));
        }
    }
    for (condition, moment) in [("at >=", filter.from), ("at <", filter.to)] {
        if let Some(moment) = moment {
            conditions.compare(condition, Bound::Number(big(moment.0)));
        }
    }
    if let Some((at, id)) = before {
        conditions.before("at, id", [Bound::Number(big(*at)), Bound::Text(id.clone())]);
    }
    let rows = conditions.rows(connection, "admin_audit", "at DESC, id DESC", limit).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut ChangeTx, entry: &Entry) -> Result<(), StoreError> {
    let revision = tx.revision().column();
    write(tx, entry, Some(revision)).await
}

/// Records what changed nothing but must be known.
pub async fn note(store: &Store, entry: &Entry) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    write(&mut tx, entry, None).await?;
    Ok(tx.commit().await?)
}

async fn write(connection: &mut Connection, entry: &Entry, revision: Option<i64>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO admin_audit (id, revision, at, actor, action, object, difference) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(random::id())
    .bind(revision)
    .bind(big(entry.at.0))
    .bind(entry.actor.as_str())
    .bind(entry.action)
    .bind(entry.object.as_str())
    .bind(json(&entry.difference)?)
    .execute(connection)
    .await?;
    Ok(())
}
