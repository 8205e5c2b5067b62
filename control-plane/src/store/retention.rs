//! Deletes what is no longer kept.

use super::row::big;
use super::{Connection, StoreError};
use crate::time::Moment;

/// Deletes the oldest audit records before a moment, so many at most. Answers how many.
pub async fn delete_chunk(connection: &mut Connection, before: Moment, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM audit WHERE (gate_id, id) IN (SELECT gate_id, id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
    )
    .bind(big(before.0))
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
