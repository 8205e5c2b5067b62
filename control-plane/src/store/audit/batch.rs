//! The rows that a batch of events makes or completes, and the link of the chain that seals them.

use std::collections::BTreeMap;

use lictor_policy::wire::{Event, EventBatch};

use crate::domain::audit_chain::{Body, Entry};
use crate::domain::signing::Digest;
use crate::domain::time::Moment;
use crate::store::audit::chain;
use crate::store::audit::rows::{self, Placed, Row};
use crate::store::audit::tallies::{Counted, Tallies};
use crate::store::engine::row::saturating_i64;
use crate::store::{Connection, StoreError, WriteTx};

/// What became of an event.
pub(crate) enum Put {
    /// It made the row of a call.
    Call,
    /// It is the other half of a row.
    Completed,
    /// It was stored before.
    Known,
}

/// The rows of a batch, with those halves that were there before.
pub(crate) struct Batch<'b> {
    gate_id: &'b str,
    boot: &'b str,
    rows: Vec<Pending>,
    by_id: BTreeMap<String, usize>,
    /// What is no longer so of rows that were counted.
    tallies: Tallies,
}

struct Pending {
    row: Row,
    /// Where it is stored, and its digest there.
    was: Option<(u64, Digest)>,
    changed: bool,
}

impl<'b> Batch<'b> {
    /// Begins with what is stored of the calls of a batch, which has events.
    pub(crate) async fn load(
        connection: &mut Connection,
        gate_id: &'b str,
        batch: &'b EventBatch,
    ) -> Result<Self, StoreError> {
        let ids: Vec<_> = batch.events.iter().map(|event| rows::id(&batch.boot, event)).collect();
        let rows = Vec::with_capacity(ids.len());
        let mut loaded = Self { gate_id, boot: &batch.boot, rows, by_id: BTreeMap::new(), tallies: Tallies::default() };
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

    /// Takes an event: a whole row takes nothing more.
    ///
    /// # Errors
    /// [`StoreError::Column`] for one that cannot be written.
    pub(crate) fn put(&mut self, event: &Event) -> Result<Put, StoreError> {
        let row = Row::of(self.gate_id, self.boot, event)?;
        let known = self.by_id.get(&row.id).and_then(|at| self.rows.get_mut(*at));
        let Some(known) = known else {
            self.push(Pending { row, was: None, changed: true });
            return Ok(Put::Call);
        };
        let before = (known.was.is_some() && !known.changed).then(|| Counted::of(&known.row));
        let completed = known.row.complete(row);
        known.changed |= completed;
        if let Some(before) = before.filter(|_| completed) {
            self.tallies.take(&before);
        }
        Ok(if completed { Put::Completed } else { Put::Known })
    }

    /// Gives positions without gaps, in the order of commits, as one transaction writes at a time; writes the rows and the
    /// link that seals them, and counts them.
    pub(crate) async fn store(self, tx: &mut WriteTx) -> Result<(), StoreError> {
        let mut tallies = self.tallies;
        let chain = chain::state(tx).await?;
        let (mut new, mut entries, mut position) = (Vec::new(), Vec::new(), chain.positions);
        for Pending { mut row, was, .. } in self.rows.into_iter().filter(|pending| pending.changed) {
            position += 1;
            tallies.add(&Counted::of(&row));
            row.earlier = was.map(|(position, _)| saturating_i64(position));
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
        tallies.store(tx).await?;
        chain::append(tx, &chain, Body::Rows(entries)).await
    }
}
