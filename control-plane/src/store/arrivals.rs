//! Which of each gate's events have arrived.

use std::collections::BTreeMap;

use super::row::{Columns as _, big, json};
use super::{ChangeTx, Connection, StoreError};
use crate::arrivals::{Arrivals, Skipped};
use crate::time::Moment;

/// Takes the numbers of a batch.
pub(super) async fn add(
    connection: &mut Connection,
    gate_id: &str,
    boot: &str,
    numbers: impl Iterator<Item = u64>,
    now: Moment,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT next, gaps, lost FROM arrivals WHERE gate_id = $1 AND boot = $2")
        .bind(gate_id)
        .bind(boot)
        .fetch_optional(&mut *connection)
        .await?;
    let mut arrivals = row.as_ref().map(read).transpose()?.unwrap_or_default();
    let before = arrivals.clone();
    arrivals.add(numbers, now);
    if arrivals == before {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO arrivals (gate_id, boot, next, gaps, lost) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (gate_id, boot) DO UPDATE SET next = excluded.next, gaps = excluded.gaps, lost = excluded.lost",
    )
    .bind(gate_id)
    .bind(boot)
    .bind(big(arrivals.next))
    .bind(json(&arrivals.gaps)?)
    .bind(big(arrivals.lost))
    .execute(connection)
    .await?;
    Ok(())
}

/// How many events each gate has skipped, over all its starts. Gates that skipped none may be absent.
pub async fn skipped(connection: &mut Connection, now: Moment) -> Result<BTreeMap<String, Skipped>, StoreError> {
    let rows = sqlx::query("SELECT gate_id, next, gaps, lost FROM arrivals WHERE lost > 0 OR gaps <> '[]'")
        .fetch_all(connection)
        .await?;
    let mut gates: BTreeMap<String, Skipped> = BTreeMap::new();
    for row in rows {
        let skipped = gates.entry(row.text("gate_id")?).or_default();
        *skipped = skipped.and(read(&row)?.skipped(now));
    }
    Ok(gates)
}

/// Forgets a gate.
pub(super) async fn delete(tx: &mut ChangeTx, gate_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM arrivals WHERE gate_id = $1").bind(gate_id).execute(&mut **tx).await?;
    Ok(())
}

fn read(row: &sqlx::any::AnyRow) -> Result<Arrivals, StoreError> {
    Ok(Arrivals { next: row.number("next")?, gaps: row.json("gaps")?, lost: row.number("lost")? })
}
