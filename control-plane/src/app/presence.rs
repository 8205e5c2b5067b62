//! Which gates were heard, and what each runs.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::gates::Seen;
use crate::store::notifications::notify_replicas;
use crate::store::{Notification, Store, StoreError, gates as rows, in_time};

/// When each gate was last heard by this process, and what it runs. Kept here and written now and then, for the other
/// replicas and for the next start: a poll must not cost a write. Holds only gates that have shown a token, so it is as
/// small as their list.
#[derive(Default)]
pub struct Presence {
    gates: Mutex<BTreeMap<String, (Seen, Unsaved)>>,
    changes: watch::Sender<()>,
    pub(crate) acknowledged: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Unsaved(bool);

impl Presence {
    /// What a gate told since the service started.
    pub fn of(&self, gate_id: &str) -> Option<Seen> {
        self.lock().get(gate_id).map(|(seen, _)| seen.clone())
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
