//! Which of each gate's events have arrived.

use std::collections::BTreeMap;

use crate::domain::sequences::{Arrivals, Skipped};
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, json, saturating_i64};
use crate::store::{ChangeTx, Connection, Store, StoreError, WriteTx};

/// How many runs of a gate are kept one by one: an Envoy that is started anew each minute has as many in two hours.
const MAX_BOOTS: i64 = 100;
/// Stands for all runs that are kept no longer: of what they skipped only the number is known.
const EARLIER: &str = "";

/// Takes the numbers of a batch.
pub(crate) async fn add(
    tx: &mut WriteTx,
    gate_id: &str,
    boot: &str,
    numbers: impl Iterator<Item = u64>,
) -> Result<(), StoreError> {
    let before = load(tx, gate_id, boot).await?;
    let mut arrivals = before.clone();
    arrivals.add(numbers, tx.now());
    if arrivals == before { Ok(()) } else { save(tx, gate_id, boot, &before, &arrivals).await }
}

/// Takes that a gate has numbered events below this. Writes only if some of them have not arrived.
pub async fn record_report(store: &Store, gate_id: &str, boot: &str, next: u64) -> Result<(), StoreError> {
    if load(&mut *store.read().await?, gate_id, boot).await?.next >= next {
        return Ok(());
    }
    let mut tx = store.write().await?;
    let before = load(&mut tx, gate_id, boot).await?;
    let mut arrivals = before.clone();
    arrivals.told(next, tx.now());
    save(&mut tx, gate_id, boot, &before, &arrivals).await?;
    tx.commit().await
}

/// Takes how many filters of a run of Envoy have ended without a word. Answers how many more than were known.
pub async fn take_filters_lost(tx: &mut WriteTx, gate_id: &str, boot: &str, lost: u64) -> Result<u64, StoreError> {
    let before = load(tx, gate_id, boot).await?;
    let new = lost.saturating_sub(before.filters_lost);
    if new > 0 {
        let after = Arrivals { filters_lost: lost, ..before.clone() };
        save(tx, gate_id, boot, &before, &after).await?;
    }
    Ok(new)
}

async fn load(connection: &mut Connection, gate_id: &str, boot: &str) -> Result<Arrivals, StoreError> {
    let row = sqlx::query("SELECT next, gaps, lost, filters_lost FROM arrivals WHERE gate_id = $1 AND boot = $2")
        .bind(gate_id)
        .bind(boot)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(read).transpose()?.unwrap_or_default())
}

async fn save(
    tx: &mut WriteTx,
    gate_id: &str,
    boot: &str,
    before: &Arrivals,
    after: &Arrivals,
) -> Result<(), StoreError> {
    write(tx, gate_id, boot, after).await?;
    let is_first = *before == Arrivals::default();
    if is_first { forget_earlier(tx, gate_id).await } else { Ok(()) }
}

/// Makes one row of all runs of a gate but the newest, so that they do not grow without end. What they skipped and has not
/// arrived is lost for good then.
async fn forget_earlier(tx: &mut WriteTx, gate_id: &str) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT boot, next, gaps, lost, filters_lost FROM arrivals WHERE gate_id = $1 AND boot <> $2 \
         ORDER BY heard_at DESC, boot DESC LIMIT 1000 OFFSET $3",
    )
    .bind(gate_id)
    .bind(EARLIER)
    .bind(MAX_BOOTS)
    .fetch_all(tx.connection())
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut earlier = load(tx, gate_id, EARLIER).await?;
    for row in rows {
        let Skipped { pending_events, missing_events, filters_lost } = read(&row)?.skipped(tx.now());
        earlier.lost = earlier.lost.saturating_add(pending_events).saturating_add(missing_events);
        earlier.filters_lost = earlier.filters_lost.saturating_add(filters_lost);
        sqlx::query("DELETE FROM arrivals WHERE gate_id = $1 AND boot = $2")
            .bind(gate_id)
            .bind(row.text("boot")?)
            .execute(tx.connection())
            .await?;
    }
    write(tx, gate_id, EARLIER, &earlier).await
}

async fn write(tx: &mut WriteTx, gate_id: &str, boot: &str, arrivals: &Arrivals) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO arrivals (gate_id, boot, next, gaps, lost, filters_lost, heard_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (gate_id, boot) DO UPDATE SET next = excluded.next, gaps = excluded.gaps, lost = excluded.lost, \
         filters_lost = excluded.filters_lost, heard_at = excluded.heard_at",
    )
    .bind(gate_id)
    .bind(boot)
    .bind(saturating_i64(arrivals.next))
    .bind(json(&arrivals.gaps)?)
    .bind(saturating_i64(arrivals.lost))
    .bind(saturating_i64(arrivals.filters_lost))
    .bind(saturating_i64(tx.now().0))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// How many events each gate has skipped, over all its starts. Gates that skipped none may be absent.
pub async fn skipped(connection: &mut Connection, now: Moment) -> Result<BTreeMap<String, Skipped>, StoreError> {
    let rows = sqlx::query(
        "SELECT gate_id, next, gaps, lost, filters_lost FROM arrivals \
         WHERE lost > 0 OR gaps <> '[]' OR filters_lost > 0",
    )
    .fetch_all(connection)
    .await?;
    let mut gates: BTreeMap<String, Skipped> = BTreeMap::new();
    for row in rows {
        let skipped = gates.entry(row.text("gate_id")?).or_default();
        *skipped = skipped.and(read(&row)?.skipped(now));
    }
    Ok(gates)
}

/// Events of a gate that are missing, and were not or were more when it was last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreported {
    /// The gate.
    pub gate_id: String,
    /// How many are missing now.
    pub missing: u64,
    /// How many were.
    pub reported: u64,
}

/// The gates of which another number of events is missing than when it was last looked.
pub async fn unreported(connection: &mut Connection, now: Moment) -> Result<Vec<Unreported>, StoreError> {
    let skipped = skipped(connection, now).await?;
    let rows = sqlx::query("SELECT id, missing_reported FROM gates ORDER BY id").fetch_all(connection).await?;
    let mut found = Vec::new();
    for row in rows {
        let (gate_id, reported) = (row.text("id")?, row.number("missing_reported")?);
        let missing = skipped.get(&gate_id).copied().unwrap_or_default().missing_events;
        if missing != reported {
            found.push(Unreported { gate_id, missing, reported });
        }
    }
    Ok(found)
}

/// Keeps that it was looked. False if somebody else has looked meanwhile.
pub async fn set_reported(tx: &mut WriteTx, gap: &Unreported) -> Result<bool, StoreError> {
    let changed = sqlx::query("UPDATE gates SET missing_reported = $2 WHERE id = $1 AND missing_reported = $3")
        .bind(gap.gate_id.as_str())
        .bind(saturating_i64(gap.missing))
        .bind(saturating_i64(gap.reported))
        .execute(tx.connection())
        .await?;
    Ok(changed.rows_affected() > 0)
}

/// Forgets a gate.
pub(crate) async fn delete(tx: &mut ChangeTx, gate_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM arrivals WHERE gate_id = $1").bind(gate_id).execute(tx.connection()).await?;
    Ok(())
}

fn read(row: &sqlx::any::AnyRow) -> Result<Arrivals, StoreError> {
    Ok(Arrivals {
        next: row.number("next")?,
        gaps: row.json("gaps")?,
        lost: row.number("lost")?,
        filters_lost: row.number("filters_lost")?,
    })
}
