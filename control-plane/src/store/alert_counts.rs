//! What was counted toward alerts that are not open yet.

use std::collections::BTreeMap;

use lictor_policy::refusal::AlertType;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::alerts::subject::Subject;
use crate::domain::alerts::tally::Watch;
use crate::domain::alerts::type_name;
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, ROWS, json, saturating_i64, values};
use crate::store::{Connection, StoreError, WriteTx};

/// How many are removed at once.
const CHUNK: i64 = 1000;

/// A type of alert and a subject.
pub type Place = (AlertType, Subject);

/// What was counted at places; nothing for those where nothing was.
pub async fn find(connection: &mut Connection, places: &[&Place]) -> Result<BTreeMap<Place, Watch>, StoreError> {
    let mut found = BTreeMap::new();
    for places in places.chunks(ROWS) {
        let sql =
            format!("SELECT kind, subject, body FROM watches WHERE (kind, subject) IN ({})", values(places.len(), 2));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (kind, subject) in places {
            query = query.bind(type_name(*kind)).bind(subject.name());
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.insert(place(&row)?, row.json("body")?);
        }
    }
    Ok(found)
}

/// Keeps what was counted at places.
pub async fn save(tx: &mut WriteTx, watches: &[(&Place, Watch)]) -> Result<(), StoreError> {
    for watches in watches.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO watches (kind, subject, body, seen_at) {} \
             ON CONFLICT (kind, subject) DO UPDATE SET body = excluded.body, seen_at = excluded.seen_at",
            values(watches.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for ((kind, subject), watch) in watches {
            query =
                query.bind(type_name(*kind)).bind(subject.name()).bind(json(watch)?).bind(saturating_i64(tx.now().0));
        }
        query.execute(tx.connection()).await?;
    }
    Ok(())
}

fn place(row: &AnyRow) -> Result<Place, StoreError> {
    let subject = Subject::parse(&row.text("subject")?);
    Ok((row.parse_enum("kind")?, subject.ok_or_else(|| StoreError::Column("subject".to_owned()))?))
}

/// Forgets what was counted, so that it counts from nothing.
pub async fn delete(tx: &mut WriteTx, kind: AlertType, subject: &Subject) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM watches WHERE kind = $1 AND subject = $2")
        .bind(type_name(kind))
        .bind(subject.name())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Whether anything was last counted before a moment.
pub async fn is_any_older(connection: &mut Connection, than: Moment) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT kind FROM watches WHERE seen_at < $1 LIMIT 1").bind(saturating_i64(than.0));
    Ok(query.fetch_optional(connection).await?.is_some())
}

/// Forgets some of what was last counted before a moment.
pub async fn delete_older(tx: &mut WriteTx, than: Moment) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM watches WHERE (kind, subject) IN \
         (SELECT kind, subject FROM watches WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
    )
    .bind(saturating_i64(than.0))
    .bind(CHUNK)
    .execute(tx.connection())
    .await?;
    Ok(())
}
