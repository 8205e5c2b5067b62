//! Audit records of calls.

use std::collections::BTreeMap;

use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, EventBatch, EventKind};

use crate::domain::audit_chain::{Body, Entry};
use crate::domain::signing::Digest;
use crate::domain::time::Moment;
use crate::store::audit::rows::{self, Placed, Row};
use crate::store::audit::{chain, sequences};
use crate::store::engine::row::big;
use crate::store::{Connection, StoreError, WriteTx, keys, sessions};

/// Stores the events that are not there yet, seals them with the next link of the chain, and adds them to the use of
/// their keys and to their sessions. Answers those that were new: no event is ever among the answers of two
/// transactions. The transaction must be one of [`crate::store::Store::write`], of which there is one at a time: positions are
/// given without gaps, in the order of commits.
pub async fn insert<'b>(tx: &mut WriteTx, gate_id: &str, batch: &'b EventBatch) -> Result<Vec<&'b Event>, StoreError> {
    let mut uses: BTreeMap<&str, keys::Use> = BTreeMap::new();
    let mut visits: BTreeMap<&str, sessions::Visit<'_>> = BTreeMap::new();
    let mut new = Vec::new();
    // A statement of no rows is none to PostgreSQL.
    if batch.events.is_empty() {
        return Ok(new);
    }
    let mut rows = Batch::load(tx, gate_id, batch).await?;
    for event in &batch.events {
        match rows.put(Row::of(gate_id, &batch.boot, event)?) {
            Put::Known => continue,
            Put::Completed => {
                new.push(event);
                continue;
            }
            Put::Call => new.push(event),
        }
        let Some(key_id) = event.key_id.as_deref().filter(|_| is_use(event)) else { continue };
        let used = uses.entry(key_id).or_insert_with(|| keys::Use { count: 0, at: Moment(0), from: String::new() });
        used.count = used.count.saturating_add(event.count);
        if event.at >= used.at.0 {
            used.at = Moment(event.at);
            // Refusals that were only counted came from anywhere.
            if event.kind != EventKind::Counted {
                used.from.clone_from(&event.client_ip);
            }
        }
        if let Some(session) = event.session.as_deref() {
            visits.entry(session).or_insert_with(|| sessions::Visit::first(key_id, event)).add(event);
        }
    }
    rows.store(tx).await?;
    keys::add_uses(tx, &uses).await?;
    sessions::add(tx, &visits).await?;
    let sequences = batch.events.iter().map(|event| event.sequence);
    sequences::add(tx, gate_id, &batch.boot, sequences).await?;
    Ok(new)
}

/// Whether the key was used, and not only guessed at: its record was found, but the secret was wrong.
fn is_use(event: &Event) -> bool {
    !matches!(event.reason, Some(Reason::InvalidKey | Reason::TooManyFailures))
}

/// What became of an event.
enum Put {
    /// It made the row of a call.
    Call,
    /// It is the other half of a row.
    Completed,
    /// It was stored before.
    Known,
}

/// The rows of a batch, with those halves that were there before.
struct Batch {
    rows: Vec<Pending>,
    by_id: BTreeMap<String, usize>,
}

struct Pending {
    row: Row,
    /// Where it is stored, and its digest there.
    was: Option<(u64, Digest)>,
    changed: bool,
}

impl Batch {
    async fn load(connection: &mut Connection, gate_id: &str, batch: &EventBatch) -> Result<Self, StoreError> {
        let ids: Vec<_> = batch.events.iter().map(|event| rows::id(&batch.boot, event)).collect();
        let mut loaded = Self { rows: Vec::with_capacity(ids.len()), by_id: BTreeMap::new() };
        for Placed { position, row } in rows::find(connection, gate_id, &ids).await? {
            let was = Some((position, row.digest()));
            loaded.push(Pending { row, was, changed: false });
        }
        Ok(loaded)
    }

    fn push(&mut self, pending: Pending) {
        self.by_id.insert(pending.row.id.clone(), self.rows.len());
        self.rows.push(pending);
    }

    /// Takes the row of an event: a whole row takes nothing more.
    fn put(&mut self, row: Row) -> Put {
        let known = self.by_id.get(&row.id).and_then(|at| self.rows.get_mut(*at));
        let Some(known) = known else {
            self.push(Pending { row, was: None, changed: true });
            return Put::Call;
        };
        let completed = known.row.complete(row);
        known.changed |= completed;
        if completed { Put::Completed } else { Put::Known }
    }

    /// Gives positions, writes the rows and the link that seals them.
    async fn store(self, tx: &mut WriteTx) -> Result<(), StoreError> {
        let chain = chain::state(tx).await?;
        let (mut new, mut entries, mut position) = (Vec::new(), Vec::new(), chain.positions);
        for Pending { mut row, was, .. } in self.rows.into_iter().filter(|pending| pending.changed) {
            position += 1;
            row.earlier = was.map(|(position, _)| big(position));
            row.earlier_digest = was.map(|(_, digest)| digest.to_string());
            entries.push(Entry { at: Moment(row.at.unsigned_abs()), digest: row.digest() });
            let placed = Placed { position, row };
            match was {
                Some((was, _)) => rows::replace(tx, was, &placed).await?,
                None => new.push(placed),
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        rows::insert(tx, &new).await?;
        chain::append(tx, &chain, Body::Rows(entries)).await
    }
}
