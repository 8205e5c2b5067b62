//! Webhooks: where programs are told of alerts.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::domain::severity::Severity;
use crate::domain::time::Moment;
use crate::secrets::stored::Sealed;
use crate::store::engine::row::{Columns as _, enum_name};
use crate::store::proof::rows;
use crate::store::proof::tables::WEBHOOKS;
use crate::store::{ChangeTx, Connection, StoreError};

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
    pub sealed: Sealed,
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
        from_severity: row.parse_enum("from_severity")?,
        created_at: row.moment("created_at")?,
        sealed: row.sealed("secret")?,
        changed: Revision(row.number("changed")?),
    })
}

/// A webhook by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE id = $1").bind(id).fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&WEBHOOKS, row)?)).transpose()
}

/// A webhook by its id, to be looked at or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// All that prove themselves, in the order in which they were made.
pub async fn all(connection: &mut Connection) -> Result<Vec<Webhook>, StoreError> {
    let rows = sqlx::query("SELECT * FROM webhooks ORDER BY id").fetch_all(&mut *connection).await?;
    connection.only_genuine(&WEBHOOKS, rows)?.iter().map(read).collect()
}

/// Makes a webhook.
pub async fn insert(tx: &mut ChangeTx, webhook: &Webhook) -> Result<(), StoreError> {
    let mut columns = vec![
        ("id", webhook.id.as_str().into()),
        ("secret", webhook.sealed.text().into()),
        ("created_at", webhook.created_at.into()),
    ];
    columns.extend(changing(webhook)?);
    rows::insert(tx, &WEBHOOKS, columns).await
}

/// Changes everything of a webhook but its secret.
pub async fn update(tx: &mut ChangeTx, webhook: &Webhook) -> Result<(), StoreError> {
    rows::update(tx, &WEBHOOKS, "id = $1", vec![webhook.id.as_str().into()], changing(webhook)?).await?;
    Ok(())
}

fn changing(webhook: &Webhook) -> Result<Vec<rows::Column>, StoreError> {
    Ok(vec![
        ("name", webhook.name.as_str().into()),
        ("url", webhook.url.as_str().into()),
        ("from_severity", enum_name(&webhook.from_severity)?.into()),
        ("changed", webhook.changed.into()),
    ])
}

/// Removes a webhook: what waits for it fails.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &WEBHOOKS, "id = $1", vec![id.into()]).await?;
    Ok(())
}
