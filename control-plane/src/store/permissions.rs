//! Permissions: one record a model.

use lictor_policy::wire;
use sqlx::any::AnyRow;

use super::row::{Columns as _, json};
use super::{ChangeTx, Connection, Revision, StoreError};

/// A permission, and the revision that last changed it.
pub type Permission = (wire::Permission, Revision);

pub(super) fn read(row: &AnyRow) -> Result<Permission, StoreError> {
    let permission = wire::Permission {
        model: row.text("model")?,
        operations: row.json("operations")?,
        groups: row.json("groups")?,
        nested_writes: row.json("nested_writes")?,
        cross_model_reads: row.flag("cross_model_reads")?,
        methods: row.json("methods")?,
    };
    Ok((permission, Revision(row.number("changed")?)))
}

/// The permission of a model.
pub async fn find(connection: &mut Connection, model: &str) -> Result<Option<Permission>, StoreError> {
    let row = sqlx::query("SELECT * FROM permissions WHERE model = $1").bind(model).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Permissions after a model, in the order of the models' names.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Permission>, StoreError> {
    let rows = sqlx::query("SELECT * FROM permissions WHERE model > $1 ORDER BY model LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes or replaces the permission of a model.
pub async fn put(tx: &mut ChangeTx, permission: &wire::Permission) -> Result<(), StoreError> {
    let changed = tx.revision().column();
    sqlx::query(
        "INSERT INTO permissions (model, operations, groups, nested_writes, cross_model_reads, methods, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (model) DO UPDATE SET operations = excluded.operations, groups = excluded.groups, \
         nested_writes = excluded.nested_writes, cross_model_reads = excluded.cross_model_reads, \
         methods = excluded.methods, changed = excluded.changed",
    )
    .bind(permission.model.as_str())
    .bind(json(&permission.operations)?)
    .bind(json(&permission.groups)?)
    .bind(json(&permission.nested_writes)?)
    .bind(i64::from(permission.cross_model_reads))
    .bind(json(&permission.methods)?)
    .bind(changed)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the permission of a model: nothing may be done to it from now on.
pub async fn delete(tx: &mut ChangeTx, model: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM permissions WHERE model = $1").bind(model).execute(&mut **tx).await?;
    Ok(())
}
