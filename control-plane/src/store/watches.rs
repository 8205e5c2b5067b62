//! What was counted toward alerts that are not open yet.

use lictor_policy::refusal::AlertType;

use super::row::{Columns as _, big, json};
use super::{Connection, StoreError};
use crate::alerts::{Subject, Watch, type_name};
use crate::time::Moment;

/// How many are removed at once.
const CHUNK: i64 = 1000;

/// What was counted, if anything was.
pub async fn find(
    connection: &mut Connection,
    kind: AlertType,
    subject: &Subject,
) -> Result<Option<Watch>, StoreError> {
    let row = sqlx::query("SELECT body FROM watches WHERE kind = $1 AND subject = $2")
        .bind(type_name(kind))
        .bind(subject.name())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.json("body")).transpose()
}

/// The same, with a lock on it until the end of the transaction.
pub async fn lock(
    connection: &mut Connection,
    kind: AlertType,
    subject: &Subject,
    now: Moment,
) -> Result<Watch, StoreError> {
    let row = sqlx::query(
        "INSERT INTO watches (kind, subject, body, seen_at) VALUES ($1, $2, '{}', $3) \
         ON CONFLICT (kind, subject) DO UPDATE SET seen_at = excluded.seen_at RETURNING body",
    )
    .bind(type_name(kind))
    .bind(subject.name())
    .bind(big(now.0))
    .fetch_one(connection)
    .await?;
    row.json("body")
}

/// Keeps what was counted, under the lock.
pub async fn save(
    connection: &mut Connection,
    kind: AlertType,
    subject: &Subject,
    watch: &Watch,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE watches SET body = $3 WHERE kind = $1 AND subject = $2")
        .bind(type_name(kind))
        .bind(subject.name())
        .bind(json(watch)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets what was counted, so that it counts from nothing.
pub async fn delete(connection: &mut Connection, kind: AlertType, subject: &Subject) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM watches WHERE kind = $1 AND subject = $2")
        .bind(type_name(kind))
        .bind(subject.name())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether anything was last counted before a moment.
pub async fn is_any_older(connection: &mut Connection, than: Moment) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT kind FROM watches WHERE seen_at < $1 LIMIT 1").bind(big(than.0));
    Ok(query.fetch_optional(connection).await?.is_some())
}

/// Forgets some of what was last counted before a moment.
pub async fn delete_older(connection: &mut Connection, than: Moment) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM watches WHERE (kind, subject) IN \
         (SELECT kind, subject FROM watches WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
    )
    .bind(big(than.0))
    .bind(CHUNK)
    .execute(connection)
    .await?;
    Ok(())
}
