//! Sends what waits in the queue, in batches.

use std::time::Duration;

use lictor_policy::wire::{self, UnixMicros};

use crate::audit::entry::Entry;
use crate::audit::{boot, enqueue, queue};
use crate::control_plane::{Backoff, headers, status};
use crate::host::{self, HostError};
use crate::reservation;
use crate::worker::Worker;

const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The batch that is not yet acknowledged: it outlives the thread that sends it.
const BATCH: &str = "lictor.batch";

/// Events in an entry at most, of a filter before this one: shared data outlives it.
const MOST_TOGETHER: usize = 32;

/// Bytes of events after which a batch takes no more, so that sending one costs neither end much memory.
const BATCH_BYTES: usize = 1 << 20;

/// Sends batches, one at a time; run by the holder of the lease.
#[derive(Default)]
pub(crate) struct Sender {
    in_flight: Option<InFlight>,
    backoff: Backoff,
}

struct InFlight {
    token: u32,
    batch: Batch,
}

struct Batch {
    events: Entry,
    /// Whether more may be waiting than it could take.
    full: bool,
}

impl Sender {
    /// Sends the next batch if none is under way.
    pub(crate) fn run(&mut self, worker: &Worker, now: UnixMicros) -> Result<(), HostError> {
        if self.in_flight.is_some() || !self.backoff.is_over(now) {
            return Ok(());
        }
        let Some(batch) = next_batch()? else { return Ok(()) };
        let headers = headers("POST", wire::EVENTS_PATH);
        match host::call(&worker.config.control_plane_cluster, &headers, batch.events.json(), SEND_TIMEOUT) {
            Ok(token) => self.in_flight = Some(InFlight { token, batch }),
            Err(_) => self.failed(now, "there is no such cluster, or it is not ready"),
        }
        Ok(())
    }

    /// Takes the answer with this token; false if it is another's.
    pub(crate) fn answered(&mut self, worker: &Worker, token: u32, now: UnixMicros) -> Result<bool, HostError> {
        let Some(InFlight { batch, .. }) = self.in_flight.take_if(|call| call.token == token) else { return Ok(false) };
        match status()? {
            Some(200) => {
                self.backoff.succeeded();
                acknowledge(&batch.events, now)?;
                // Otherwise the next tick sends: what comes meanwhile goes together, which costs both ends less.
                if batch.full {
                    self.run(worker, now)?;
                }
            }
            Some(status) => self.failed(now, &format!("it answered {status}")),
            None => self.failed(now, "no answer came, or not from a control plane of this version"),
        }
        Ok(true)
    }

    /// Forgets an answer that could not be taken: what it was to is sent again.
    pub(crate) fn give_up(&mut self, token: u32) {
        self.in_flight.take_if(|call| call.token == token);
    }

    fn failed(&mut self, now: UnixMicros, problem: &str) {
        if self.backoff.failed(now) {
            host::warn(&format!("lictor: audit events not stored: {problem}; they are kept and sent again"));
        }
    }
}

/// The batch that waits for its acknowledgement, or a new one of what is queued.
fn next_batch() -> Result<Option<Batch>, HostError> {
    let slot = host::shared(BATCH)?;
    if !slot.value.is_empty() {
        return Ok(Some(Batch { events: Entry(slot.value), full: true }));
    }
    // What is taken from the queue is in no other place until the slot has it: nothing may end this in between.
    let (queue, boot) = (queue()?, boot()?);
    let mut events = Vec::new();
    let (mut room, mut bytes, mut surplus) = (wire::MAX_BATCH, 0, 0);
    while room >= MOST_TOGETHER
        && bytes < BATCH_BYTES
        && let Ok(Some(entry)) = host::dequeue(queue).map(|taken| taken.map(Entry))
    {
        room = room.saturating_sub(entry.count().try_into().unwrap_or(usize::MAX));
        bytes += entry.json().len();
        surplus += entry.surplus();
        events.push(entry);
    }
    if events.is_empty() {
        return Ok(None);
    }
    reservation::dequeued(surplus)?;
    let batch = Entry::batch(&events, &boot);
    match host::set_shared(BATCH, &slot, &batch.0) {
        Ok(()) => Ok(Some(Batch { events: batch, full: room < MOST_TOGETHER || bytes >= BATCH_BYTES })),
        Err(error) => {
            // Another thread took the lease meanwhile: the events go back for it, as many as the queue takes.
            events.iter().for_each(|entry| drop(enqueue(entry)));
            Err(error)
        }
    }
}

/// The batch is stored: its slot is free, and its events wait no longer.
fn acknowledge(batch: &Entry, now: UnixMicros) -> Result<(), HostError> {
    let slot = host::shared(BATCH)?;
    if slot.value == batch.0 {
        host::set_shared(BATCH, &slot, &[])?;
    }
    reservation::stored(batch.sequence() + 1, now)
}
