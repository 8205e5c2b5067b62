//! Audit events: from the request that ends, through a queue that all threads share, to the control plane.

use std::cell::RefCell;
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

/// Events that a thread writes down; with one more they go into the queue.
const KEPT: usize = 15;
/// Events in an entry at most, of a filter before this one: shared data outlives it.
const MOST_TOGETHER: usize = 32;
/// Bytes of events after which a batch takes no more, so that sending one costs neither end much memory.
const BATCH_BYTES: usize = 1 << 20;

/// The events of a thread that go into the queue together: putting in each by itself would wake the thread for each.
///
/// Each is written down in shared data as well, since what a thread keeps dies with its VM.
#[derive(Default)]
struct Kept {
    /// Where they are written down; without a place, each goes into the queue at once.
    written: Vec<String>,
    events: Entry,
}

thread_local! {
    static THREAD: RefCell<Kept> = RefCell::default();
}

/// Where the events of the thread with this place are written down. What is in the queue too is not taken away there: it
/// costs time, and the control plane stores each event once.
fn entries(place: usize) -> impl Iterator<Item = String> {
    (0..KEPT).map(move |number| format!("lictor.kept.{place}.{number}"))
}

/// Hands an event over to the sender.
pub(crate) fn record(reserved: Reserved, event: Event) -> Result<(), HostError> {
    let entry = Entry::of(reserved, event);
    THREAD.with_borrow_mut(|kept| {
        let name = kept.written.get(kept.events.count() as usize);
        let is_written = name.is_some_and(|name| host::overwrite_shared(name, &entry.0).is_ok());
        kept.events.join(&entry);
        if is_written { Ok(()) } else { kept.hand_over() }
    })
}

/// Puts what this thread keeps into the queue; at each tick, and before its filter ends.
pub(crate) fn hand_over() -> Result<(), HostError> {
    THREAD.with_borrow_mut(Kept::hand_over)
}

/// Has this thread keep events from now on, by the place that it has taken.
pub(crate) fn keep_at(place: usize) {
    THREAD.with_borrow_mut(|kept| kept.written = entries(place).collect());
}

/// Puts into the queue what a thread had written down whose filter has ended without a word.
pub(crate) fn recover(place: usize) -> Result<(), HostError> {
    entries(place).try_for_each(|name| {
        let entry = Entry(host::shared(&name)?.value);
        if entry.count() == 0 {
            return Ok(());
        }
        enqueue(&entry)?;
        host::overwrite_shared(&name, &[])
    })
}

impl Kept {
    fn hand_over(&mut self) -> Result<(), HostError> {
        if self.events.count() == 0 { Ok(()) } else { enqueue(&std::mem::take(&mut self.events)) }
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

    /// Appends the events of another one.
    fn join(&mut self, other: &Self) {
        self.begin(other.sequence(), other.count());
        self.0.extend_from_slice(other.json());
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

    fn put_down(sequence: u64) {
        record(Reserved(sequence), Event::at(1, "d".to_owned())).unwrap();
    }

    fn queued() -> Vec<u64> {
        let queue = queue().unwrap();
        std::iter::from_fn(|| host::dequeue(queue).unwrap()).map(|entry| Entry(entry).count()).collect()
    }

    #[test]
    fn events_go_together_and_outlive_whoever_keeps_them() {
        put_down(0);
        assert_eq!(queued(), [1], "without a place, at once");
        keep_at(3);
        (1..=KEPT as u64).for_each(put_down);
        assert!(queued().is_empty());
        put_down(99);
        assert_eq!(queued(), [KEPT as u64 + 1]);
        put_down(100);
        // The VM ends without a word.
        THREAD.take();
        recover(3).unwrap();
        // The control plane has all but the first already.
        assert_eq!(queued(), [1; KEPT]);
        recover(3).unwrap();
        assert!(queued().is_empty());
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
