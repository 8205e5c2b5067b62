//! Permissions: one record a model.

use lictor_policy::wire;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::store::engine::row::{Columns as _, json};
use crate::store::proof::rows;
use crate::store::proof::tables::PERMISSIONS;
use crate::store::{ChangeTx, Connection, StoreError};

/// A permission, and the revision that last changed it.
pub type Permission = (wire::Permission, Revision);

pub(crate) fn read(row: &AnyRow) -> Result<Permission, StoreError> {
    let permission = wire::Permission {
        model: row.text("model")?,
        operations: row.json("operations")?,
        groups: row.json("groups")?,
        nested_writes: row.json("nested_writes")?,
        methods: row.json("methods")?,
        ..wire::Permission::default()
    };
    Ok((permission, Revision(row.number("changed")?)))
}

/// The permission of a model.
pub async fn find(connection: &mut Connection, model: &str) -> Result<Option<Permission>, StoreError> {
    let query = sqlx::query("SELECT * FROM permissions WHERE model = $1").bind(model);
    let row = query.fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&PERMISSIONS, row)?)).transpose()
}

/// The permission of a model, to be looked at, replaced or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, model: &str) -> Result<Option<Permission>, StoreError> {
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
    let mut columns = vec![
        ("operations", json(&permission.operations)?.into()),
        ("groups", json(&permission.groups)?.into()),
        ("nested_writes", json(&permission.nested_writes)?.into()),
        ("cross_model_reads", false.into()),
        ("methods", json(&permission.methods)?.into()),
        ("changed", tx.revision().into()),
    ];
    let model = || permission.model.as_str().into();
    if !rows::update(tx, &PERMISSIONS, "model = $1", vec![model()], columns.clone()).await?.is_empty() {
        return Ok(());
    }
    columns.push(("model", model()));
    rows::insert(tx, &PERMISSIONS, columns).await
}

/// Removes the permission of a model: nothing may be done to it from now on.
pub async fn delete(tx: &mut ChangeTx, model: &str) -> Result<(), StoreError> {
    rows::delete(tx, &PERMISSIONS, "model = $1", vec![model.into()]).await?;
    Ok(())
}
