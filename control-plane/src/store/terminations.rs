//! Lines of keys that an administrator has refused from an address for a while.

use lictor_policy::wire::Termination;

use super::row::{Columns as _, big};
use super::{ChangeTx, Connection, StoreError};
use crate::time::Moment;

/// All of them.
pub async fn list(connection: &mut Connection) -> Result<Vec<Termination>, StoreError> {
    let rows = sqlx::query("SELECT * FROM terminations ORDER BY line, client_ip").fetch_all(connection).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Termination { line: row.text("line")?, client_ip: row.text("client_ip")?, until: row.number("ends_at")? })
    };
    rows.iter().map(read).collect()
}

/// Adds one, or moves the end of the one that is there.
pub async fn put(tx: &mut ChangeTx, termination: &Termination) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO terminations (line, client_ip, ends_at) VALUES ($1, $2, $3) \
         ON CONFLICT (line, client_ip) DO UPDATE SET ends_at = excluded.ends_at",
    )
    .bind(termination.line.as_str())
    .bind(termination.client_ip.as_str())
    .bind(big(termination.until))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes those that have ended. Says how many.
pub async fn delete_ended(tx: &mut ChangeTx, now: Moment) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM terminations WHERE ends_at <= $1").bind(big(now.0)).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

/// How many have ended and are still there.
pub async fn count_ended(connection: &mut Connection, now: Moment) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS ended FROM terminations WHERE ends_at <= $1")
        .bind(big(now.0))
        .fetch_one(connection)
        .await?;
    row.number("ended")
}
