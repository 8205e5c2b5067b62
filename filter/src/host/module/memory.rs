//! What the threads of a gate share: entries by name, and queues. In wasm Envoy has them; here they are the module's own, and
//! live as long as Envoy's process, whatever becomes of its configuration.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Threads that change different entries rarely wait for each other: there are several times more parts than threads.
const PARTS: usize = 128;

/// Values by name, each with the number of its last change.
type Entries = HashMap<Vec<u8>, (Vec<u8>, u32)>;

struct Memory {
    hasher: RandomState,
    parts: [Mutex<Entries>; PARTS],
    /// By name; a queue's number is its place. They are few, and never deleted.
    queues: Mutex<Vec<Queue>>,
}

struct Queue {
    name: Vec<u8>,
    entries: VecDeque<Vec<u8>>,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory {
    hasher: RandomState::new(),
    parts: std::array::from_fn(|_| Mutex::default()),
    queues: Mutex::default(),
});

/// Nothing is done with what is locked that could be half done when a bug ends it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn part(name: &[u8]) -> Option<MutexGuard<'static, Entries>> {
    let number = MEMORY.hasher.hash_one(name) as usize % PARTS;
    MEMORY.parts.get(number).map(locked)
}

/// What a compare-and-set came to.
pub(super) enum Set {
    Done,
    /// It is not what was read.
    Changed,
}

/// An entry, and the number of its last change.
pub(super) fn get(name: &[u8]) -> Option<(Vec<u8>, u32)> {
    part(name)?.get(name).cloned()
}

/// Writes an entry, if its last change is the one of this number. With 0 it is written whatever it was, and with
/// [`u32::MAX`] if there is none.
pub(super) fn set(name: &[u8], value: &[u8], read: u32) -> Set {
    let Some(mut part) = part(name) else { return Set::Changed };
    match part.get_mut(name) {
        Some((_, change)) if read != 0 && read != *change => Set::Changed,
        Some((old, change)) => {
            // The memory that it has is mostly enough.
            old.clear();
            old.extend_from_slice(value);
            *change = next(*change);
            Set::Done
        }
        None if read == 0 || read == u32::MAX => {
            part.insert(name.to_vec(), (value.to_vec(), 1));
            Set::Done
        }
        None => Set::Changed,
    }
}

/// Neither of the numbers that mean something else.
fn next(change: u32) -> u32 {
    if change >= u32::MAX - 1 { 1 } else { change + 1 }
}

/// The number of a queue, which is there from now on.
pub(super) fn queue(name: &[u8]) -> u32 {
    let mut queues = locked(&MEMORY.queues);
    let known = queues.iter().position(|queue| queue.name == name);
    let number = known.unwrap_or_else(|| {
        queues.push(Queue { name: name.to_vec(), entries: VecDeque::new() });
        queues.len() - 1
    });
    number as u32
}

/// Appends to a queue; false if there is none.
pub(super) fn enqueue(queue: u32, entry: &[u8]) -> bool {
    let entry = entry.to_vec();
    let mut queues = locked(&MEMORY.queues);
    queues.get_mut(queue as usize).map(|queue| queue.entries.push_back(entry)).is_some()
}

/// Takes the oldest entry of a queue; none if there is no queue.
pub(super) fn dequeue(queue: u32) -> Option<Option<Vec<u8>>> {
    locked(&MEMORY.queues).get_mut(queue as usize).map(|queue| queue.entries.pop_front())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn no_change_is_lost_however_many_threads_make_them() {
        let add = || {
            for _ in 0..1000 {
                loop {
                    let (value, read) = get(b"count").unwrap_or((vec![0; 8], u32::MAX));
                    let count = u64::from_le_bytes(value.try_into().unwrap()) + 1;
                    if matches!(set(b"count", &count.to_le_bytes(), read), Set::Done) {
                        break;
                    }
                }
            }
        };
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(add))));
        assert_eq!(get(b"count").unwrap().0, 4000_u64.to_le_bytes());
    }

    #[test]
    fn what_has_changed_or_gone_is_not_written() {
        assert!(matches!(set(b"entry", b"", 7), Set::Changed));
        assert!(matches!(set(b"entry", b"first", u32::MAX), Set::Done));
        assert!(matches!(set(b"entry", b"second", u32::MAX), Set::Changed));
        let (_, read) = get(b"entry").unwrap();
        assert!(matches!(set(b"entry", b"", 0), Set::Done));
        assert!(matches!(set(b"entry", b"third", read), Set::Changed));
        assert_eq!(get(b"entry").unwrap().0, b"");
        assert_eq!(get(b"no entry"), None);
        assert_eq!((next(1), next(u32::MAX - 1)), (2, 1));
    }

    #[test]
    fn a_queue_gives_what_came_first() {
        let number = queue(b"queue");
        assert_eq!(queue(b"queue"), number);
        assert!(enqueue(number, b"1") && enqueue(number, b"2") && !enqueue(number + 100, b"3"));
        assert_eq!(dequeue(number), Some(Some(b"1".to_vec())));
        assert_eq!(dequeue(number), Some(Some(b"2".to_vec())));
        assert_eq!((dequeue(number), dequeue(number + 100)), (Some(None), None));
    }
}
