//! Permissions: one record a model.

use lictor_policy::wire;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::store::engine::row::{Columns as _, json};
use crate::store::proof::Value;
use crate::store::proof::rows::{self, Column};
use crate::store::proof::tables::PERMISSIONS;
use crate::store::{ChangeTx, Connection, StoreError};

/// What opened all other models once, in a column that stays, as the proofs of older rows cover it.
const CROSS_MODEL_READS: Column = ("cross_model_reads", Value::Number(Some(0)));

/// A permission, and the revision that last changed it.
pub type Permission = (wire::Permission, Revision);

pub(crate) fn read(row: &AnyRow) -> Result<Permission, StoreError> {
    let permission = wire::Permission {
        model: row.text("model")?,
        operations: row.json("operations")?,
        groups: row.json("groups")?,
        fields: row.json_or_default("fields")?,
        calls: row.json_or_default("calls")?,
        paths: row.json_or_default("paths")?,
        nested_writes: row.json("nested_writes")?,
        context: row.json_or_default("context")?,
        methods: row.json("methods")?,
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
        ("fields", json(&permission.fields)?.into()),
        ("calls", json(&permission.calls)?.into()),
        ("paths", json(&permission.paths)?.into()),
        ("nested_writes", json(&permission.nested_writes)?.into()),
        ("context", json(&permission.context)?.into()),
        CROSS_MODEL_READS,
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

/// Takes what opened all other models from the permissions of a version before, and answers their models. A row that did not
/// prove itself before does not after.
pub(crate) async fn end_cross_model_reads(tx: &mut ChangeTx) -> Result<Vec<String>, StoreError> {
    let columns = vec![CROSS_MODEL_READS, ("changed", tx.revision().into())];
    let rows = rows::update(tx, &PERMISSIONS, "cross_model_reads <> 0", Vec::new(), columns).await?;
    rows.iter().map(|row| row.text("model")).collect()
}

/// Whether a permission of a version before opens all other models.
pub(crate) async fn has_cross_model_reads(connection: &mut Connection) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT model FROM permissions WHERE cross_model_reads <> 0 LIMIT 1");
    Ok(query.fetch_optional(connection).await?.is_some())
}
