//! Permissions: one record a profile and model.

use lictor_policy::wire;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::store::engine::row::{Columns as _, json};
use crate::store::proof::Value;
use crate::store::proof::rows::{self, Column};
use crate::store::proof::tables::PERMISSIONS;
use crate::store::{ChangeTx, Connection, StoreError};

/// What opened all other models once, in a column that stays, as the proofs of older rows cover it.
const CROSS_MODEL_READS: Column = ("cross_model_reads", Value::Number(Some(0)));

/// Where a permission stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of its profile.
    pub profile: String,
    /// Odoo's name of the model.
    pub model: String,
}

impl Place {
    /// The place of a permission.
    pub fn of(permission: &wire::Permission) -> Self {
        Self { profile: permission.profile.0.clone(), model: permission.model.clone() }
    }

    /// As the administrators' log names it: the model, after the name of a profile that is not the default one.
    pub fn name(&self) -> String {
        if self.profile == wire::DEFAULT_PROFILE {
            return self.model.clone();
        }
        format!("{}/{}", self.profile, self.model)
    }

    fn bounds(&self) -> Vec<Value> {
        vec![self.profile.as_str().into(), self.model.as_str().into()]
    }
}

/// The condition of a row to stand at a [`Place`].
const AT: &str = "profile = $1 AND model = $2";

/// A permission, and the revision that last changed it.
pub type Permission = (wire::Permission, Revision);

pub(crate) fn read(row: &AnyRow) -> Result<Permission, StoreError> {
    let permission = wire::Permission {
        profile: wire::Profile(row.text("profile")?),
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

async fn row(connection: &mut Connection, place: &Place) -> Result<Option<AnyRow>, StoreError> {
    let query = sqlx::query(AssertSqlSafe(format!("SELECT * FROM permissions WHERE {AT}")));
    Ok(query.bind(&place.profile).bind(&place.model).fetch_optional(connection).await?)
}

/// The permission of a profile for a model.
pub async fn find(connection: &mut Connection, place: &Place) -> Result<Option<Permission>, StoreError> {
    let row = row(connection, place).await?;
    row.map(|row| read(&connection.genuine(&PERMISSIONS, row)?)).transpose()
}

/// The permission of a profile for a model, to be looked at, replaced or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, place: &Place) -> Result<Option<Permission>, StoreError> {
    row(connection, place).await?.as_ref().map(read).transpose()
}

/// All permissions of all profiles, as gates get them.
pub(crate) const ALL: &str = "SELECT * FROM permissions ORDER BY profile, model";

/// All permissions of all profiles, whether they prove themselves or not.
pub async fn all(connection: &mut Connection) -> Result<Vec<wire::Permission>, StoreError> {
    let rows = sqlx::query(ALL).fetch_all(connection).await?;
    rows.iter().map(|row| read(row).map(|(permission, _)| permission)).collect()
}

/// Permissions of a profile after a model, in the order of the models' names.
pub async fn list(
    connection: &mut Connection,
    profile: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Permission>, StoreError> {
    let rows = sqlx::query("SELECT * FROM permissions WHERE profile = $1 AND model > $2 ORDER BY model LIMIT $3")
        .bind(profile)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes or replaces the permission of a profile for a model.
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
    let place = Place::of(permission);
    if !rows::update(tx, &PERMISSIONS, AT, place.bounds(), columns.clone()).await?.is_empty() {
        return Ok(());
    }
    columns.extend([("profile", place.profile.as_str().into()), ("model", place.model.as_str().into())]);
    rows::insert(tx, &PERMISSIONS, columns).await
}

/// Removes a permission: the profile allows nothing on the model from now on.
pub async fn delete(tx: &mut ChangeTx, place: &Place) -> Result<(), StoreError> {
    rows::delete(tx, &PERMISSIONS, AT, place.bounds()).await?;
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
