//! Deletes audit records that are no longer kept, and the links that sealed them.

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::audit_chain::{Body, Cut, Order};
use crate::domain::job::Job;
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::store::audit::chain;
use crate::store::engine::row::saturating_i64;
use crate::store::{ChangeTx, Connection, Entry, Store, StoreError, WriteTx, admin_audit, jobs};

/// Rows that are deleted because of their positions: those up to `$2`.
const BY_POSITION: &str = "position <= $1 AND position <= $2 ORDER BY position";
/// Rows that are deleted because of their age. One that was completed stays until its half is cut off too: nothing else
/// tells what became of the half's place.
const BY_AGE: &str = "at < $1 AND (earlier IS NULL OR earlier <= $2) ORDER BY at, id, gate_id";

/// Whether a cut would delete anything.
pub async fn is_due(connection: &mut Connection, cut: &Cut) -> Result<bool, StoreError> {
    let links = sqlx::query("SELECT 1 FROM audit_links WHERE number <= $1 LIMIT 1").bind(saturating_i64(cut.link));
    if links.fetch_optional(&mut *connection).await?.is_some() {
        return Ok(true);
    }
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT 1 FROM audit WHERE {BY_AGE} LIMIT 1")));
    let rows = rows.bind(saturating_i64(cut.before)).bind(saturating_i64(cut.position));
    Ok(rows.fetch_optional(connection).await?.is_some())
}

/// Says in the chain what is deleted from now on, and in the administrators' log on whose order: by which change of the
/// settings, and by whose run of the job if somebody has ordered it.
pub async fn announce(store: &Store, cut: Cut, retention_days: u32, settings: Revision) -> Result<(), StoreError> {
    let mut tx = ChangeTx::begin_quietly(store).await?;
    let now = tx.now();
    let settings = admin_audit::number_of(&mut tx, settings).await?;
    let started_at = jobs::find(&mut tx, Job::AuditCleanup, now).await?.and_then(|job| job.last_started_at);
    let run = match started_at {
        Some(at) => admin_audit::last_since(&mut tx, "job.run", Job::AuditCleanup.name(), at).await?,
        None => None,
    };
    let entry = Entry {
        actor: Actor::system().id,
        action: "audit.cut",
        object: "audit".to_owned(),
        difference: json!({
            "before": [null, Moment(cut.before)],
            "retention_days": [null, retention_days],
            "settings_row": [null, settings],
            "run_row": [null, run],
        }),
    };
    let run = admin_audit::append(&mut tx, &entry, None).await?;
    let chain = chain::state(&mut tx).await?;
    let cut = Cut { order: Some(Order { settings, run }), ..cut };
    chain::append(&mut tx, &chain, Body::Cut(cut)).await?;
    tx.commit_quietly().await
}

/// Deletes so many rows at most that a cut covers. Answers how many.
pub async fn delete_rows(tx: &mut WriteTx, cut: &Cut, limit: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (condition, bound) in [(BY_POSITION, saturating_i64(cut.position)), (BY_AGE, saturating_i64(cut.before))] {
        // The limit is no parameter: PostgreSQL may plan without its value, takes it for a tenth of the table then, and
        // reads all of it.
        let chosen = format!("SELECT position FROM audit WHERE {condition} LIMIT {limit}");
        for table in ["audit_record_ids", "audit"] {
            let sql = format!("DELETE FROM {table} WHERE position IN ({chosen})");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(bound)
                .bind(saturating_i64(cut.position))
                .execute(tx.connection())
                .await?;
            if table == "audit" {
                deleted += done.rows_affected();
            }
        }
    }
    Ok(deleted)
}

/// Deletes so many links at most that a cut covers, oldest first. Answers how many.
pub async fn delete_links(tx: &mut WriteTx, cut: &Cut, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM audit_links WHERE number IN \
         (SELECT number FROM audit_links WHERE number <= $1 ORDER BY number LIMIT $2)",
    )
    .bind(saturating_i64(cut.link))
    .bind(limit)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}
