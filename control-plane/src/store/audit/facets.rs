//! The values that calls had, those with the most calls first: for whoever is to choose one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::time::{DAY, Moment};
use crate::store::audit::tallies::Field;
use crate::store::engine::filter::escaped;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError, names};

/// A value that calls had.
#[derive(Clone, Debug)]
pub struct Facet {
    /// It.
    pub value: String,
    /// What people call a key or a gate.
    pub label: Option<String>,
    /// How many calls.
    pub count: u64,
}

/// Values that have a text in them, or in what people call them, of calls from the day of a moment on until another.
pub async fn find(
    connection: &mut Connection,
    field: Field,
    text: Option<&str>,
    (from, to): (Moment, Moment),
    limit: i64,
) -> Result<Vec<Facet>, StoreError> {
    let called = match named_in(field) {
        Some(table) => format!("OR value IN (SELECT id FROM {table} WHERE LOWER(name) LIKE $5 ESCAPE '!')"),
        None => String::new(),
    };
    let sql = format!(
        "SELECT value, CAST(SUM(calls) AS BIGINT) AS calls FROM audit_counts \
         WHERE size = $1 AND field = $2 AND at >= $3 AND at < $4 AND value <> '' \
         AND (LOWER(value) LIKE $5 ESCAPE '!' {called}) GROUP BY value HAVING SUM(calls) > 0 \
         ORDER BY 2 DESC, 1 LIMIT $6"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(saturating_i64(DAY.as_secs()))
        .bind(field.name())
        .bind(saturating_i64(from.floor(DAY).0))
        .bind(saturating_i64(to.0))
        .bind(format!("%{}%", escaped(&text.unwrap_or_default().to_lowercase())))
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    let values: Vec<_> = rows.iter().map(|row| row.text("value")).collect::<Result<_, _>>()?;
    let labels = labels(connection, field, &values.iter().map(String::as_str).collect()).await?;
    let facet = |(row, value): (&AnyRow, String)| {
        Ok(Facet { label: labels.get(&value).cloned(), count: row.number("calls")?, value })
    };
    rows.iter().zip(values).map(facet).collect()
}

/// What people call keys or gates with these ids.
pub(crate) async fn labels(
    connection: &mut Connection,
    field: Field,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    match named_in(field) {
        Some(table) => names::find(connection, table, ids).await,
        None => Ok(BTreeMap::new()),
    }
}

const fn named_in(field: Field) -> Option<&'static str> {
    match field {
        Field::Key => Some("keys"),
        Field::Gate => Some("gates"),
        Field::Model | Field::Method | Field::Reason => None,
    }
}
