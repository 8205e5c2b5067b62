//! Deletes audit records that are no longer kept, and the links that sealed them.

use super::row::big;
use super::{Connection, StoreError};
use crate::audit::link::Cut;

/// Rows that are deleted because of their positions: those up to `$2`.
const BY_POSITION: &str = "position <= $1 AND position <= $2 ORDER BY position";
/// Rows that are deleted because of their age. One that was completed stays until its half is cut off too: nothing else
/// tells what became of the half's place.
const BY_AGE: &str = "at < $1 AND (earlier IS NULL OR earlier <= $2) ORDER BY at, id, gate_id";

/// Whether a cut would delete anything.
pub async fn is_due(connection: &mut Connection, cut: &Cut) -> Result<bool, StoreError> {
    let links = sqlx::query("SELECT 1 FROM audit_links WHERE number <= $1 LIMIT 1").bind(big(cut.link));
    if links.fetch_optional(&mut *connection).await?.is_some() {
        return Ok(true);
    }
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT 1 FROM audit WHERE {BY_AGE} LIMIT 1")));
    let rows = rows.bind(big(cut.before)).bind(big(cut.position));
    Ok(rows.fetch_optional(connection).await?.is_some())
}

/// Deletes so many rows at most that a cut covers. Answers how many.
pub async fn delete_rows(connection: &mut Connection, cut: &Cut, limit: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (condition, bound) in [(BY_POSITION, big(cut.position)), (BY_AGE, big(cut.before))] {
        // The limit is no parameter: PostgreSQL may plan without its value, takes it for a tenth of the table then, and
        // reads all of it.
        let chosen = format!("SELECT position FROM audit WHERE {condition} LIMIT {limit}");
        for table in ["audit_record_ids", "audit"] {
            let sql = format!("DELETE FROM {table} WHERE position IN ({chosen})");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(bound)
                .bind(big(cut.position))
                .execute(&mut *connection)
                .await?;
            if table == "audit" {
                deleted += done.rows_affected();
            }
        }
    }
    Ok(deleted)
}

/// Deletes so many links at most that a cut covers, oldest first. Answers how many.
pub async fn delete_links(connection: &mut Connection, cut: &Cut, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM audit_links WHERE number IN \
         (SELECT number FROM audit_links WHERE number <= $1 ORDER BY number LIMIT $2)",
    )
    .bind(big(cut.link))
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
