//! Events as they wait: JSON behind what must be known of it without reading it.

use lictor_policy::memory::places::BYTES_OF_A_PLACE;
use lictor_policy::wire::{self, Event};

use crate::reservation::Reserved;

/// JSON for the control plane, events with commas between them or a whole batch, behind what must be known of it without
/// parsing: the highest sequence number, and how many events there are. Empty without events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry(pub(crate) Vec<u8>);

impl Entry {
    const NUMBER: usize = 8;
    const HEAD: usize = 2 * Self::NUMBER;
    pub(crate) fn of(reserved: Reserved, event: Event) -> Self {
        let mut entry = Self(Vec::with_capacity(Self::HEAD + BYTES_OF_A_PLACE as usize));
        entry.add(reserved, event);
        entry
    }

    /// Appends an event.
    pub(crate) fn add(&mut self, Reserved(sequence): Reserved, event: Event) {
        self.begin(sequence, 1);
        let mut json = String::with_capacity(BYTES_OF_A_PLACE as usize);
        Event { sequence, ..event }.write(&mut json);
        self.0.extend_from_slice(json.as_bytes());
    }

    /// Appends the events of another one.
    pub(crate) fn join(&mut self, other: &Self) {
        self.begin(other.sequence(), other.count());
        self.0.extend_from_slice(other.json());
    }

    /// Counts events that are then written behind those that are there.
    pub(crate) fn begin(&mut self, sequence: u64, count: u64) {
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
    pub(crate) fn batch(entries: &[Self], boot: &str) -> Self {
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

    pub(crate) fn sequence(&self) -> u64 {
        self.0.first_chunk().map_or(0, |number| u64::from_le_bytes(*number))
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.get(Self::NUMBER..).and_then(<[u8]>::first_chunk).map_or(0, |number| u64::from_le_bytes(*number))
    }

    /// Bytes beyond those that its events have room for by their number.
    pub(crate) fn surplus(&self) -> u64 {
        (self.json().len() as u64).saturating_sub(self.count().saturating_mul(BYTES_OF_A_PLACE))
    }

    pub(crate) fn json(&self) -> &[u8] {
        self.0.get(Self::HEAD..).unwrap_or_default()
    }
}
