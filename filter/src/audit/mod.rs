//! Audit events: from the request that ends, through a queue that all threads share, to the control plane.

mod entry;
pub(crate) mod intent;
pub(crate) mod sender;

use std::cell::RefCell;

use lictor_policy::wire::Event;

use crate::audit::entry::Entry;
use crate::host::{self, HostError};
use crate::reservation::{self, Reserved};
use crate::shared::create;

const QUEUE: &str = "lictor.audit";

const BOOT: &str = "lictor.boot";

/// The name of this run of Envoy, and how many events it has numbered.
pub(crate) fn numbered() -> Result<(String, u64), HostError> {
    Ok((boot()?, reservation::numbered()?))
}

/// Events that a thread writes down; with one more they go into the queue.
const KEPT: usize = 15;

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
pub(crate) fn queue() -> Result<u32, HostError> {
    host::queue(QUEUE)
}

pub(crate) fn enqueue(entry: &Entry) -> Result<(), HostError> {
    // Counted first, or another thread might take them off the count before.
    let counted = reservation::queued(entry.surplus());
    let queued = counted.and_then(|()| queue()).and_then(|queue| host::enqueue(queue, &entry.0));
    if queued.is_err() {
        // Their numbers are missing at the control plane, which raises an alert.
        host::warn(&format!("lictor: an audit event was lost, as the queue did not take it: {}", entry.sequence()));
    }
    queued
}

/// Names this run of Envoy: shared data lives exactly as long.
pub(crate) fn boot() -> Result<String, HostError> {
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
    use lictor_policy::memory::places::BYTES_OF_A_PLACE;
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
