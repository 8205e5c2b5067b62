//! Attempts to sign in, counted in windows of time, for all replicas together.

use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{StoreError, WriteTx};

/// How many buckets that have ended are removed with each attempt: more than an attempt makes.
const SWEEP: i64 = 16;

/// Counts an attempt, and tells how many there were in the window that ends at the moment it tells too. A window that
/// has ended begins anew.
pub async fn count(tx: &mut WriteTx, bucket: &str, new_end: Moment) -> Result<(u32, Moment), StoreError> {
    let row = sqlx::query(
        "INSERT INTO sign_in_attempts (bucket, attempts, ends_at) VALUES ($1, 1, $2) \
         ON CONFLICT (bucket) DO UPDATE SET \
         attempts = CASE WHEN sign_in_attempts.ends_at <= $3 THEN 1 ELSE sign_in_attempts.attempts + 1 END, \
         ends_at = CASE WHEN sign_in_attempts.ends_at <= $3 THEN $2 ELSE sign_in_attempts.ends_at END \
         RETURNING attempts, ends_at",
    )
    .bind(bucket)
    .bind(saturating_i64(new_end.0))
    .bind(saturating_i64(tx.now().0))
    .fetch_one(tx.connection())
    .await?;
    Ok((row.number("attempts")?, row.moment("ends_at")?))
}

/// Takes an attempt back, as it succeeded.
pub async fn forgive(tx: &mut WriteTx, bucket: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE bucket = $1 AND attempts > 0")
        .bind(bucket)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Removes some windows that have ended, so that there are never more buckets than attempts in a window.
pub async fn sweep(tx: &mut WriteTx) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sign_in_attempts WHERE bucket IN \
         (SELECT bucket FROM sign_in_attempts WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(SWEEP)
    .execute(tx.connection())
    .await?;
    Ok(())
}
