//! Webhooks: where programs are told of alerts.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::row::{Columns as _, big, word};
use super::{ChangeTx, Connection, Revision, StoreError};
use crate::severity::Severity;
use crate::time::Moment;

/// There are no more than so many: each alert is told to each of them.
pub const MAX: usize = 20;

/// A webhook.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Where requests go.
    pub url: String,
    /// It is told of alerts from this severity on.
    pub from_severity: Severity,
    /// When it was made.
    pub created_at: Moment,
    /// What requests are signed with, sealed for [`Webhook::owner`].
    #[serde(skip)]
    pub sealed: String,
    /// The revision that last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

impl Webhook {
    /// To whom the secret of a webhook is sealed.
    pub fn owner(id: &str) -> String {
        format!("webhooks/{id}/secret")
    }
}

fn read(row: &AnyRow) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.text("id")?,
        name: row.text("name")?,
        url: row.text("url")?,
        from_severity: row.word("from_severity")?,
        created_at: row.moment("created_at")?,
        sealed: row.text("secret")?,
        changed: Revision(row.number("changed")?),
    })
}

/// A webhook by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// All of them, in the order in which they were made.
pub async fn all(connection: &mut Connection) -> Result<Vec<Webhook>, StoreError> {
    let rows = sqlx::query("SELECT * FROM webhooks ORDER BY id").fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Makes a webhook.
pub async fn insert(tx: &mut ChangeTx, webhook: &Webhook) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO webhooks (id, name, url, from_severity, secret, created_at, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(webhook.id.as_str())
    .bind(webhook.name.as_str())
    .bind(webhook.url.as_str())
    .bind(word(&webhook.from_severity)?)
    .bind(webhook.sealed.as_str())
    .bind(big(webhook.created_at.0))
    .bind(webhook.changed.column())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes everything of a webhook but its secret.
pub async fn update(tx: &mut ChangeTx, webhook: &Webhook) -> Result<(), StoreError> {
    sqlx::query("UPDATE webhooks SET name = $2, url = $3, from_severity = $4, changed = $5 WHERE id = $1")
        .bind(webhook.id.as_str())
        .bind(webhook.name.as_str())
        .bind(webhook.url.as_str())
        .bind(word(&webhook.from_severity)?)
        .bind(webhook.changed.column())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes a webhook: what waits for it fails.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}
