//! Records the events that gates report: the rows of the audit log, the use of keys and the sessions.

use std::collections::BTreeMap;

use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, EventBatch, EventKind};

use crate::domain::time::Moment;
use crate::store::audit::batch::{Batch, Put};
use crate::store::audit::sequences;
use crate::store::keys::{self, Use};
use crate::store::sessions::{self, Visit};
use crate::store::{StoreError, WriteTx};

/// Records the events of a batch that are not there yet, and adds them to the use of their keys and to their sessions.
/// Answers those that were new: no event is ever among the answers of two transactions.
///
/// # Errors
/// The database's: then nothing was recorded.
pub async fn record<'b>(tx: &mut WriteTx, gate_id: &str, batch: &'b EventBatch) -> Result<Vec<&'b Event>, StoreError> {
    let mut uses: BTreeMap<&str, Use> = BTreeMap::new();
    let mut visits: BTreeMap<&str, Visit<'_>> = BTreeMap::new();
    let mut new = Vec::new();
    // A statement of no rows is none to PostgreSQL.
    if batch.events.is_empty() {
        return Ok(new);
    }
    let mut rows = Batch::load(tx, gate_id, batch).await?;
    for event in &batch.events {
        match rows.put(event)? {
            Put::Known => continue,
            Put::Completed => {
                new.push(event);
                continue;
            }
            Put::Call => new.push(event),
        }
        let Some(key_id) = event.key_id.as_deref().filter(|_| is_use(event)) else { continue };
        let used = uses.entry(key_id).or_insert_with(|| Use { count: 0, at: Moment(0), from: String::new() });
        used.count = used.count.saturating_add(event.count);
        if event.at >= used.at.0 {
            used.at = Moment(event.at);
            // Refusals that were only counted came from anywhere.
            if event.kind != EventKind::Counted {
                used.from.clone_from(&event.client_ip);
            }
        }
        if let Some(session) = event.session.as_deref() {
            visits.entry(session).or_insert_with(|| Visit::first(key_id, event)).add(event);
        }
    }
    rows.store(tx).await?;
    keys::add_uses(tx, &uses).await?;
    sessions::add(tx, &visits).await?;
    let numbers = batch.events.iter().map(|event| event.sequence);
    sequences::add(tx, gate_id, &batch.boot, numbers).await?;
    Ok(new)
}

/// Whether the key was used, and not only guessed at: its record was found, but the secret was wrong.
fn is_use(event: &Event) -> bool {
    !matches!(event.reason, Some(Reason::InvalidKey | Reason::TooManyFailures))
}
