//! The places of a gate's audit queue, and who may take one, as there are not places without end.
//!
//! The first half is for whatever comes. Of the second half refusals get nothing, and each key no more than a share: so
//! nobody's refusals, and no single key's calls, take the last places from another's.

use crate::memory::bucket::{Bucket, Count, Place};
use crate::wire::UnixMicros;

/// Events that may wait for the control plane.
pub const MAX_WAITING: u64 = 50_000;
/// Bytes of an event that its place has room for: most events have half of that.
pub const BYTES_OF_A_PLACE: u64 = 1024;
/// Bytes of longer events beyond that which may be in the queue, all together.
pub const MAX_SURPLUS: u64 = 64 << 20;
/// Places of the second half that a key may have.
pub const SHARE: u64 = MAX_WAITING / 16;
/// A control plane that has stored nothing for so long is away.
const AWAY: UnixMicros = 10_000_000;

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For<'a> {
    /// A refusal, or a number of them.
    Refusals,
    /// A call that may pass.
    Call {
        /// The key's id.
        key: &'a str,
        /// The control plane must have stored its intent first: while it is away, the call is refused whatever places
        /// there are, and a key that tries on must not fill them.
        intent: bool,
    },
}

/// What is known of all events since the gate's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The number of the next event.
    pub next: u64,
    /// The number behind the last that is stored.
    pub stored: u64,
    /// Bytes in the queue beyond [`BYTES_OF_A_PLACE`] of each event.
    pub surplus: u64,
    /// When events were last stored.
    pub stored_at: UnixMicros,
}

impl Places {
    /// How many events wait to be stored.
    pub const fn waiting(self) -> u64 {
        self.next.saturating_sub(self.stored)
    }

    /// The same with one place more taken, which has the number [`Places::next`]; none if there is none for this purpose.
    /// `has_share` says whether the key still has a part of its share, and is asked only where that matters.
    pub fn take(self, purpose: For<'_>, now: UnixMicros, has_share: impl FnOnce(&str) -> bool) -> Option<Self> {
        let may = !self.has_taken(8)
            || match purpose {
                For::Refusals => false,
                For::Call { intent: true, .. } if now.abs_diff(self.stored_at) > AWAY => false,
                For::Call { key, .. } => !self.has_taken(16) && has_share(key),
            };
        may.then_some(Self { next: self.next + 1, ..self })
    }

    /// Takes a part of a key's share. It begins anew when all is stored that waited as it began.
    pub fn has_share(self, bucket: &mut Bucket, place: Place) -> bool {
        bucket.add(place, self.next, |count: Count| self.stored > count.since).count <= SHARE
    }

    /// Whether so many sixteenths are taken, of the places or of the bytes.
    const fn has_taken(self, sixteenths: u64) -> bool {
        self.waiting() >= MAX_WAITING / 16 * sixteenths || self.surplus >= MAX_SURPLUS / 16 * sixteenths
    }

    /// From what [`Places::to_bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
        let mut number = || numbers.next().unwrap_or_default();
        Self { next: number(), stored: number(), surplus: number(), stored_at: number() }
    }

    /// For shared data.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let numbers = [self.next, self.stored, self.surplus, self.stored_at].map(u64::to_le_bytes);
        bytes.copy_from_slice(numbers.as_flattened());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMicros = 1_800_000_000_000_000;

    /// A gate whose control plane stores nothing.
    #[derive(Default)]
    struct Gate {
        places: Places,
        shares: Bucket,
    }

    impl Gate {
        fn take(&mut self, purpose: For<'_>) -> bool {
            let (places, shares) = (self.places, &mut self.shares);
            let place = |key: &str| Place::of(b"secret", 1, &[key.as_bytes()]);
            let taken = places.take(purpose, NOW, |key| places.has_share(shares, place(key)));
            self.places = taken.unwrap_or(places);
            taken.is_some()
        }

        /// Takes until there is none left, and says how many that were.
        fn take_all(&mut self, purpose: For<'_>) -> u64 {
            (0..2 * MAX_WAITING).take_while(|_| self.take(purpose)).count() as u64
        }
    }

    const fn call(key: &str) -> For<'_> {
        For::Call { key, intent: false }
    }

    #[test]
    fn refusals_take_half_and_calls_find_the_other() {
        let mut gate = Gate::default();
        assert_eq!(gate.take_all(For::Refusals), MAX_WAITING / 2);
        assert!(!gate.take(For::Refusals) && gate.take(call("any")));
    }

    #[test]
    fn no_key_takes_more_than_half_and_its_share() {
        let mut gate = Gate::default();
        assert_eq!(gate.take_all(call("busy")), MAX_WAITING / 2 + SHARE);
        for key in ["b", "c", "d", "e", "f", "g", "h"] {
            assert_eq!(gate.take_all(call(key)), SHARE, "{key}");
        }
        assert_eq!((gate.places.waiting(), gate.take(call("i"))), (MAX_WAITING, false));
    }

    #[test]
    fn a_share_begins_anew_when_what_waited_is_stored() {
        let mut gate = Gate::default();
        gate.take_all(call("busy"));
        gate.places.stored = MAX_WAITING / 2 - 1;
        assert_eq!(gate.take_all(call("busy")), MAX_WAITING / 2 - 1 - SHARE);
        gate.places.stored = MAX_WAITING / 2 + 1;
        assert!(gate.take(call("busy")));
    }

    #[test]
    fn calls_that_need_the_control_plane_take_half_while_it_is_away() {
        let intent = For::Call { key: "a", intent: true };
        let mut gate = Gate::default();
        assert_eq!(gate.take_all(intent), MAX_WAITING / 2);
        gate.places.stored_at = NOW - AWAY;
        assert_eq!(gate.take_all(intent), SHARE);
    }

    #[test]
    fn long_events_take_places_too() {
        let taken = |surplus, purpose| Places { surplus, ..Places::default() }.take(purpose, NOW, |_| true).is_some();
        assert!(taken(MAX_SURPLUS / 2 - 1, For::Refusals) && !taken(MAX_SURPLUS / 2, For::Refusals));
        assert!(taken(MAX_SURPLUS - 1, call("a")) && !taken(MAX_SURPLUS, call("a")));
    }

    #[test]
    fn they_are_read_as_they_were_written() {
        let places = Places { next: 4, stored: 3, surplus: 2, stored_at: 1 };
        assert_eq!(Places::parse(&places.to_bytes()), places);
        assert_eq!(Places::parse(&[]), Places::default());
    }
}
