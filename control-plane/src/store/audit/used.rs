//! The calls of a key by model, method and operations: what it used of what it may do.

use lictor_policy::operation::Operations;
use sqlx::AssertSqlSafe;

use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError};

/// Records that are looked at, the newest first.
const MAX_RECORDS: i64 = 200_000;
/// Methods that are told apart, those with the most calls.
const MAX_METHODS: i64 = 1000;

/// Calls of one method that do the same.
#[derive(Clone, Debug)]
pub struct Used {
    /// The model.
    pub model: String,
    /// The method.
    pub method: String,
    /// What they do.
    pub operations: Operations,
    /// How many passed.
    pub calls: u64,
    /// How many were refused.
    pub refused: u64,
    /// When the last one was.
    pub last_at: Moment,
}

/// What a key did and tried from a moment on, and from when on that was counted, if there are too many records for all.
pub async fn of_key(
    connection: &mut Connection,
    key_id: &str,
    from: Moment,
) -> Result<(Vec<Used>, Option<Moment>), StoreError> {
    // The limits are no parameters: as in `retention`.
    let newest = format!(
        "SELECT model, method, operations, outcome, count, at FROM audit WHERE key_id = $1 AND at >= $2 \
         ORDER BY at DESC LIMIT {MAX_RECORDS}"
    );
    let sql = format!(
        "SELECT model, method, operations, \
         CAST(SUM(CASE WHEN outcome = 'denied' THEN 0 ELSE count END) AS BIGINT) AS calls, \
         CAST(SUM(CASE WHEN outcome = 'denied' THEN count ELSE 0 END) AS BIGINT) AS refused, \
         COUNT(*) AS records, MIN(at) AS first_at, MAX(at) AS last_at FROM ({newest}) AS newest \
         GROUP BY model, method, operations ORDER BY SUM(count) DESC, model, method, operations LIMIT {MAX_METHODS}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(key_id).bind(saturating_i64(from.0)).fetch_all(connection).await?;
    let (mut used, mut records, mut first) = (Vec::new(), 0, None::<Moment>);
    for row in &rows {
        records += row.number::<i64>("records")?;
        let began = row.moment("first_at")?;
        first = Some(first.map_or(began, |first| first.min(began)));
        // A login names neither.
        let Some((model, method)) = row.optional_text("model")?.zip(row.optional_text("method")?) else { continue };
        used.push(Used {
            model,
            method,
            operations: row.json("operations")?,
            calls: row.number("calls")?,
            refused: row.number("refused")?,
            last_at: row.moment("last_at")?,
        });
    }
    Ok((used, first.filter(|_| records >= MAX_RECORDS)))
}
