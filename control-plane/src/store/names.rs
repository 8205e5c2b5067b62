//! The names that people gave to records, by the records' ids.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use crate::store::engine::row::{Columns as _, places};
use crate::store::{Connection, StoreError};

/// Those of the rows of a table with these ids, as far as they are there.
pub(crate) async fn find(
    connection: &mut Connection,
    table: &'static str,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!("SELECT id, name FROM {table} WHERE id IN ({})", places(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, id| query.bind(*id));
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.text("id")?, row.text("name")?))).collect()
}
