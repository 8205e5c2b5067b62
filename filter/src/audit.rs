//! Audit events: from the request that ends, through a queue that all threads share, to the control plane.

use std::time::Duration;

use lictor_policy::places::BYTES_OF_A_PLACE;
use lictor_policy::wire::{self, Event, EventKind, UnixMicros};

use crate::host::{self, HostError};
use crate::reservation::{self, Reserved};
use crate::state::create;
use crate::sync::{Backoff, headers, status};
use crate::worker::Worker;

const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const QUEUE: &str = "lictor.audit";
/// The batch that is not yet acknowledged: it outlives the thread that sends it.
const BATCH: &str = "lictor.batch";
const BOOT: &str = "lictor.boot";
/// A call waits for its intent; Odoo's clients wait far longer.
const INTENT_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of this run of Envoy, and how many events it has numbered.
pub(crate) fn numbered() -> Result<(String, u64), HostError> {
    Ok((boot()?, reservation::numbered()?))
}

/// Events in an entry at most, of a filter before this one: shared data outlives it.
const TOGETHER: usize = 32;
/// Bytes of events after which a batch takes no more, so that sending one costs neither end much memory.
const BATCH_BYTES: usize = 1 << 20;

/// Hands an event over to the sender. At once, since what a thread keeps dies with its VM.
pub(crate) fn record(reserved: Reserved, event: Event) -> Result<(), HostError> {
    enqueue(&Entry::of(reserved, event))
}

/// The shared queue. Envoy wakes the thread that has opened it last whenever something is appended; nobody needs that, as
/// the sender looks at every tick, so each thread opens it anew before it appends, and Envoy wakes the one that is awake.
fn queue() -> Result<u32, HostError> {
    host::queue(QUEUE)
}

fn enqueue(entry: &Entry) -> Result<(), HostError> {
    // Counted first, or another thread might take them off the count before.
    let counted = reservation::queued(entry.surplus());
    let queued = counted.and_then(|()| queue()).and_then(|queue| host::enqueue(queue, &entry.0));
    if queued.is_err() {
        // Their numbers are missing at the control plane, which raises an alert.
        host::warn(&format!("lictor: an audit event was lost, as the queue did not take it: {}", entry.sequence()));
    }
    queued
}

/// JSON for the control plane, events with commas between them or a whole batch, behind what must be known of it without
/// parsing: the highest sequence number, and how many events there are. Empty without events.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry(Vec<u8>);

impl Entry {
    const NUMBER: usize = 8;
    const HEAD: usize = 2 * Self::NUMBER;
    fn of(reserved: Reserved, event: Event) -> Self {
        let mut entry = Self(Vec::with_capacity(Self::HEAD + BYTES_OF_A_PLACE as usize));
        entry.add(reserved, event);
        entry
    }

    /// Appends an event.
    fn add(&mut self, Reserved(sequence): Reserved, event: Event) {
        self.begin(sequence, 1);
        // Texts and numbers can always be written as JSON into memory.
        let _ = serde_json::to_writer(&mut self.0, &Event { sequence, ..event });
    }

    /// Counts events that are then written behind those that are there.
    fn begin(&mut self, sequence: u64, count: u64) {
        if self.0.is_empty() {
            self.0.resize(Self::HEAD, 0);
        } else {
            self.0.push(b',');
        }
        let (highest, counted) = (self.sequence().max(sequence), self.count() + count);
        let numbers = highest.to_le_bytes().into_iter().chain(counted.to_le_bytes());
        self.0.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
    }

    /// What is sent.
    fn batch(entries: &[Self], boot: &str) -> Self {
        let length: usize = entries.iter().map(|entry| entry.0.len()).sum();
        let mut events = Self(Vec::with_capacity(Self::HEAD + 128 + length));
        let mut head = format!("{{\"version\":{},\"boot\":\"{}\",\"events\":[", wire::VERSION, boot);
        for entry in entries {
            events.begin(entry.sequence(), entry.count());
            // In front of the first.
            events.0.extend_from_slice(std::mem::take(&mut head).as_bytes());
            events.0.extend_from_slice(entry.json());
        }
        events.0.extend_from_slice(b"]}");
        events
    }

    fn sequence(&self) -> u64 {
        self.0.first_chunk().map_or(0, |number| u64::from_le_bytes(*number))
    }

    fn count(&self) -> u64 {
        self.0.get(Self::NUMBER..).and_then(<[u8]>::first_chunk).map_or(0, |number| u64::from_le_bytes(*number))
    }

    /// Bytes beyond those that its events have room for by their number.
    fn surplus(&self) -> u64 {
        (self.json().len() as u64).saturating_sub(self.count().saturating_mul(BYTES_OF_A_PLACE))
    }

    fn json(&self) -> &[u8] {
        self.0.get(Self::HEAD..).unwrap_or_default()
    }
}

/// An intent that is on its way to the control plane.
pub(crate) struct Intent(Entry);

impl Intent {
    /// Of a permitted call.
    pub(crate) fn of(reserved: Reserved, event: &Event) -> Self {
        Self(Entry::of(reserved, Event { kind: EventKind::Intent, ..event.clone() }))
    }

    /// Sends it at once. The call it is of waits for the answer to this number, and for [`is_stored`].
    pub(crate) fn send(&self, worker: &Worker) -> Result<u32, HostError> {
        let headers = headers("POST", wire::EVENTS_PATH);
        let batch = Entry::batch(std::slice::from_ref(&self.0), &boot()?);
        host::call(&worker.config.control_plane_cluster, &headers, batch.json(), INTENT_TIMEOUT)
    }

    /// Leaves it to the sender, when it could not be stored at once: its number must not be missing.
    pub(crate) fn queue(self) -> Result<(), HostError> {
        enqueue(&self.0)
    }
}

/// Whether the answer that is at hand says that the events are in the database.
pub(crate) fn is_stored() -> Result<bool, HostError> {
    Ok(status()? == Some(200))
}

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
    while room >= TOGETHER
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
        Ok(()) => Ok(Some(Batch { events: batch, full: room < TOGETHER || bytes >= BATCH_BYTES })),
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

/// Names this run of Envoy: shared data lives exactly as long.
fn boot() -> Result<String, HostError> {
    let entry = host::shared(BOOT)?;
    let name = if entry.value.is_empty() {
        let random = host::random_number()?;
        create(BOOT, &entry, format!("{random:016x}").as_bytes())?
    } else {
        entry.value
    };
    Ok(String::from_utf8_lossy(&name).into_owned())
}

#[cfg(test)]
mod tests {
    use lictor_policy::records::{MAX_CHANGED, RecordIds};

    use super::*;

    #[test]
    fn an_entry_knows_its_events_without_reading_them() {
        let mut entry = Entry(Vec::new());
        for sequence in [7, 9, 8] {
            entry.add(Reserved(sequence), Event::at(1, "d".to_owned()));
        }
        assert_eq!((entry.sequence(), entry.count()), (9, 3));
        let list = [b"[", entry.json(), b"]"].concat();
        let events: Vec<Event> = serde_json::from_slice(&list).unwrap();
        assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [7, 9, 8]);
        assert_eq!(Entry::of(Reserved(5), Event::at(1, String::new())).sequence(), 5);
    }

    #[test]
    fn only_long_events_have_a_surplus() {
        let of = |ids: Vec<i64>| {
            let record_ids = RecordIds::first(ids, MAX_CHANGED);
            Entry::of(Reserved(1), Event { record_ids, ..Event::at(1, "d".to_owned()) })
        };
        assert_eq!(of(vec![1]).surplus(), 0);
        let long = of((0..1000).map(|id| id * 1_000_003).collect());
        assert_eq!(long.surplus(), long.json().len() as u64 - BYTES_OF_A_PLACE);
    }
}
