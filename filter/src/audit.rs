//! Audit events: from the request that ends, through a queue that all threads share, to the control plane.

use std::time::Duration;

use lictor_policy::wire::{self, Event, UnixMicros};

use crate::host::{self, HostError};
use crate::state::Pair;
use crate::sync::{Backoff, headers, status};
use crate::worker::Worker;

/// Events that may wait for the control plane; then calls are refused. Some 25 MB.
const MAX_WAITING: u64 = 50_000;
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const QUEUE: &str = "lictor.audit";
/// The batch that is not yet acknowledged: it outlives the thread that sends it.
const BATCH: &str = "lictor.batch";
const BOOT: &str = "lictor.boot";

/// How many events were numbered, and the number behind the last that is stored.
struct Sequence;

impl Sequence {
    const NAME: &str = "lictor.sequence";
}

/// The place of one event in the gate's count.
pub(crate) struct Reserved(u64);

/// Reserves the place of an event before its call is let through.
///
/// # Errors
/// When too many events wait, or the host fails: the call must not pass unrecorded.
pub(crate) fn reserve() -> Result<Reserved, Full> {
    let taken = Pair::update(Sequence::NAME, |Pair(next, stored)| {
        (next.saturating_sub(stored) < MAX_WAITING).then_some(Pair(next + 1, stored))
    });
    match taken {
        Ok(Some(Pair(next, _))) => Ok(Reserved(next - 1)),
        Ok(None) | Err(_) => Err(Full),
    }
}

/// No event can be taken now.
pub(crate) struct Full;

/// Hands an event over to the sender.
pub(crate) fn record(Reserved(sequence): Reserved, event: Event) -> Result<(), HostError> {
    // Serialising these types cannot fail; were it to, the gap in the sequence would show.
    let json = serde_json::to_vec(&Event { sequence, ..event }).unwrap_or_default();
    host::enqueue(host::queue(QUEUE)?, &json)
}

/// Sends batches, one at a time; run by the holder of the lease.
#[derive(Default)]
pub(crate) struct Sender {
    in_flight: Option<InFlight>,
    backoff: Backoff,
}

struct InFlight {
    token: u32,
    batch: Vec<u8>,
}

impl Sender {
    /// Sends the next batch if none is under way.
    pub(crate) fn run(&mut self, worker: &Worker, now: UnixMicros) -> Result<(), HostError> {
        if self.in_flight.is_some() || !self.backoff.is_over(now) {
            return Ok(());
        }
        let Some(batch) = next_batch()? else { return Ok(()) };
        let headers = headers("POST", wire::EVENTS_PATH);
        match host::call(&worker.config.control_plane_cluster, headers, Some(&batch), SEND_TIMEOUT) {
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
                acknowledge(&batch)?;
            }
            Some(status) => self.failed(now, &format!("it answered {status}")),
            None => self.failed(now, "no answer came, or not from a control plane of this version"),
        }
        self.run(worker, now)?;
        Ok(true)
    }

    fn failed(&mut self, now: UnixMicros, problem: &str) {
        if self.backoff.failed(now) {
            host::warn(&format!("lictor: audit events not stored: {problem}; they are kept and sent again"));
        }
    }
}

/// The batch that waits for its acknowledgement, or a new one of what is queued.
fn next_batch() -> Result<Option<Vec<u8>>, HostError> {
    let slot = host::shared(BATCH)?;
    if !slot.value.is_empty() {
        return Ok(Some(slot.value));
    }
    let queue = host::queue(QUEUE)?;
    let mut events = Vec::new();
    while events.len() < wire::MAX_BATCH
        && let Some(event) = host::dequeue(queue)?
    {
        events.push(event);
    }
    if events.is_empty() {
        return Ok(None);
    }
    let batch = [
        format!("{{\"version\":{},\"boot\":\"{}\",\"events\":[", wire::VERSION, boot()?).into_bytes(),
        events.join(&b','),
        b"]}".to_vec(),
    ]
    .concat();
    match host::set_shared(BATCH, &slot, &batch) {
        Ok(()) => Ok(Some(batch)),
        Err(error) => {
            // Another thread took the lease meanwhile: the events go back for it.
            for event in events {
                host::enqueue(queue, &event)?;
            }
            Err(error)
        }
    }
}

/// The batch is stored: its slot is free, and its events wait no longer.
fn acknowledge(batch: &[u8]) -> Result<(), HostError> {
    let slot = host::shared(BATCH)?;
    if slot.value == batch {
        host::set_shared(BATCH, &slot, &[])?;
    }
    let last =
        serde_json::from_slice::<wire::EventBatch>(batch).ok().and_then(|b| b.events.iter().map(|e| e.sequence).max());
    let Some(last) = last else { return Ok(()) };
    Pair::update(Sequence::NAME, |Pair(next, stored)| Some(Pair(next, stored.max(last + 1)))).map(drop)
}

/// Names this run of Envoy: shared data lives exactly as long.
fn boot() -> Result<String, HostError> {
    let entry = host::shared(BOOT)?;
    if entry.value.is_empty() {
        let name = host::random::<8>().map(u64::from_le_bytes)?;
        return match host::set_shared(BOOT, &entry, format!("{name:016x}").as_bytes()) {
            Err(error) if !error.is_mismatch() => Err(error),
            Ok(()) | Err(_) => Ok(String::from_utf8_lossy(&host::shared(BOOT)?.value).into_owned()),
        };
    }
    Ok(String::from_utf8_lossy(&entry.value).into_owned())
}
