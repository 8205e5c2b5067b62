//! Which gates were heard, and what each runs.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::{Mutex, PoisonError};

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
    gates: Mutex<BTreeMap<String, (Seen, Unsaved)>>,
    /// The policies that each gate was heard to run, the newest first, and since when.
    ran: Mutex<BTreeMap<String, VecDeque<Ran>>>,
    changes: watch::Sender<()>,
    pub(crate) acknowledged: Notify,
}

/// Policies of a gate that are kept in mind.
const MAX_RAN: usize = 32;

struct Ran {
    epoch: Option<String>,
    revision: Option<u64>,
    since: Option<Moment>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Unsaved(bool);

impl Presence {
    /// What a gate told since the service started.
    pub fn of(&self, gate_id: &str) -> Option<Seen> {
        self.lock().get(gate_id).map(|(seen, _)| seen.clone())
    }

    /// Since when a gate was heard here to run a revision or a later one.
    pub fn since(&self, gate_id: &str, epoch: &str, revision: u64) -> Option<Moment> {
        let ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
        let has = |ran: &&Ran| ran.epoch.as_deref() == Some(epoch) && ran.revision.is_some_and(|run| run >= revision);
        ran.get(gate_id)?.iter().take_while(has).last()?.since
    }

    /// Changes whenever a gate is heard, here or by another replica that says so.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Writes what is new. What could not be written is tried again next time.
    pub async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let unsaved: Vec<_> = {
            let mut gates = self.lock();
            let unsaved = gates.iter_mut().filter(|(_, (_, unsaved))| *unsaved == Unsaved(true));
            unsaved
                .map(|(id, (seen, unsaved))| (id.clone(), seen.clone(), mem::replace(unsaved, Unsaved(false))))
                .collect()
        };
        if unsaved.is_empty() {
            return Ok(());
        }
        let written: Result<(), StoreError> = in_time(async {
            let mut tx = store.write().await?;
            for (id, seen, _) in &unsaved {
                rows::write_seen(&mut tx, id, seen).await?;
            }
            notify_replicas(&mut tx, Notification::Gates).await?;
            tx.commit().await
        })
        .await;
        written.inspect_err(|_| {
            let mut gates = self.lock();
            for (id, _, _) in &unsaved {
                gates.entry(id.clone()).and_modify(|(_, unsaved)| *unsaved = Unsaved(true));
            }
        })
    }

    /// Another replica may have heard a gate.
    pub fn heard_elsewhere(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn heard(&self, gate_id: &str, seen: Seen) {
        let runs = |seen: &Seen| (seen.epoch.clone(), seen.revision);
        let now_runs = runs(&seen);
        {
            let mut ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
            let ran = ran.entry(gate_id.to_owned()).or_default();
            if ran.front().is_none_or(|last| (&last.epoch, last.revision) != (&now_runs.0, now_runs.1)) {
                let (epoch, revision) = now_runs.clone();
                ran.push_front(Ran { epoch, revision, since: seen.last_seen_at });
                ran.truncate(MAX_RAN);
            }
        }
        let before = self.lock().insert(gate_id.to_owned(), (seen, Unsaved(true)));
        self.changes.send_replace(());
        if before.is_none_or(|(before, _)| runs(&before) != now_runs) {
            self.acknowledged.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Seen, Unsaved)>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
