//! Who changed what, when.

use serde_json::Value;

use super::row::{big, json};
use super::{ChangeTx, StoreError};
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

pub(super) async fn insert(tx: &mut ChangeTx, entry: &Entry) -> Result<(), StoreError> {
    let revision = tx.revision().column();
    sqlx::query(
        "INSERT INTO admin_audit (revision, at, actor, action, object, difference) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(revision)
    .bind(big(entry.at.0))
    .bind(entry.actor.as_str())
    .bind(entry.action)
    .bind(entry.object.as_str())
    .bind(json(&entry.difference)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
