//! Which gates were heard, and what each runs.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::domain::time::Moment;
use crate::store::gates::Seen;
use crate::store::notifications::notify_replicas;
use crate::store::{Notification, Store, StoreError, gates as rows, in_time};

/// When each gate was last heard by this process, and what it runs. Kept here and written now and then, for the other
/// replicas and for the next start: a poll must not cost a write. Holds only gates that have shown a token, so it is as
/// small as their list.
#[derive(Default)]
pub struct Presence {
    gates: Mutex<BTreeMap<String, Heard>>,
    changes: watch::Sender<()>,
    pub(crate) acknowledged: Notify,
}

/// Policies of a gate that are kept in mind.
const MAX_RAN: usize = 32;

/// What is known of a gate.
#[derive(Default)]
struct Heard {
    last: Seen,
    /// Whether the database does not have that.
    is_unsaved: bool,
    /// What it told when it was first heard to run each policy, the newest first.
    ran: VecDeque<Seen>,
}

impl Presence {
    /// What a gate told since the service started.
    pub fn of(&self, gate_id: &str) -> Option<Seen> {
        self.lock().get(gate_id).map(|heard| heard.last.clone())
    }

    /// Since when a gate was heard here to run a revision or a later one.
    pub fn since(&self, gate_id: &str, epoch: &str, revision: u64) -> Option<Moment> {
        let gates = self.lock();
        let runs = |seen: &&Seen| seen.runs(epoch, revision);
        gates.get(gate_id)?.ran.iter().take_while(runs).last()?.last_seen_at
    }

    /// Changes whenever a gate is heard, here or by another replica that says so.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Writes what is new. What could not be written is tried again next time.
    pub async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let unsaved: Vec<_> = {
            let mut gates = self.lock();
            let unsaved = |heard: &mut Heard| mem::take(&mut heard.is_unsaved).then(|| heard.last.clone());
            gates.iter_mut().filter_map(|(id, heard)| Some((id.clone(), unsaved(heard)?))).collect()
        };
        if unsaved.is_empty() {
            return Ok(());
        }
        let written: Result<(), StoreError> = in_time(async {
            let mut tx = store.write().await?;
            for (id, seen) in &unsaved {
                rows::write_seen(&mut tx, id, seen).await?;
            }
            notify_replicas(&mut tx, Notification::Gates).await?;
            tx.commit().await
        })
        .await;
        written.inspect_err(|_| {
            let mut gates = self.lock();
            for (id, _) in &unsaved {
                gates.entry(id.clone()).and_modify(|heard| heard.is_unsaved = true);
            }
        })
    }

    /// Another replica may have heard a gate.
    pub fn heard_elsewhere(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn heard(&self, gate_id: &str, seen: Seen) {
        let is_other = {
            let mut gates = self.lock();
            let Heard { last, is_unsaved, ran } = gates.entry(gate_id.to_owned()).or_default();
            let is_other = ran.front().is_none_or(|ran| (&ran.epoch, ran.revision) != (&seen.epoch, seen.revision));
            if is_other {
                ran.push_front(seen.clone());
                ran.truncate(MAX_RAN);
            }
            (*last, *is_unsaved) = (seen, true);
            is_other
        };
        self.changes.send_replace(());
        if is_other {
            self.acknowledged.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Heard>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
