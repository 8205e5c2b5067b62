//! Which numbers of a gate's count of events have arrived, and which were skipped.
//!
//! A gate numbers an event when the call begins and sends it when the call ends, so that numbers come out of order: one
//! that is skipped is late at first, and missing only after longer than any call may last.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::time::Moment;

/// How long a skipped number may be late: Envoy's route timeout of 15 minutes, and some for gates that wait to resend.
const LATE: Duration = Duration::from_secs(20 * 60);
/// How many gaps are remembered one by one; of the oldest beyond these only the length is kept.
const MAX_GAPS: usize = 1000;

/// The numbers that arrived since one start of a gate, which counts from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// The number after the greatest that arrived.
    pub next: u64,
    /// Skipped numbers, in ascending order.
    pub gaps: Vec<Gap>,
    /// How many more were skipped, in gaps that are no longer remembered.
    pub lost: u64,
    /// How many filters have ended without a word since.
    pub filters_lost: u64,
}

/// Numbers that follow each other, none of which has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    first: u64,
    last: u64,
    since: u64,
}

/// How many numbers were skipped, and filters lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// Not long ago: of calls that are under way, or of events that are.
    pub pending_events: u64,
    /// Longer ago: events that were lost.
    pub missing_events: u64,
    /// How many filters have ended without a word, with the requests they had.
    pub filters_lost: u64,
}

impl Gap {
    const fn length(&self) -> u64 {
        self.last - self.first + 1
    }
}

impl Arrivals {
    /// Takes numbers that arrived together; ones that have arrived before change nothing.
    pub fn add(&mut self, numbers: impl Iterator<Item = u64>, now: Moment) {
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        for number in numbers {
            if number < self.next {
                self.fill(number);
                continue;
            }
            if number > self.next {
                self.gaps.push(Gap { first: self.next, last: number - 1, since: now.0 });
            }
            self.next = number.saturating_add(1);
        }
        self.bound();
    }

    fn bound(&mut self) {
        let forgotten = self.gaps.len().saturating_sub(MAX_GAPS);
        self.lost += self.gaps.drain(..forgotten).map(|gap| gap.length()).sum::<u64>();
    }

    /// Takes that the gate has numbered events below this: what has not arrived of them is skipped so far.
    pub fn told(&mut self, next: u64, now: Moment) {
        if next > self.next {
            self.gaps.push(Gap { first: self.next, last: next - 1, since: now.0 });
            self.next = next;
        }
        self.bound();
    }

    /// How many numbers were skipped, as of now.
    pub fn skipped(&self, now: Moment) -> Skipped {
        let mut skipped = Skipped { pending_events: 0, missing_events: self.lost, filters_lost: self.filters_lost };
        for gap in &self.gaps {
            let is_late = Moment(gap.since).plus(LATE) > now;
            *if is_late { &mut skipped.pending_events } else { &mut skipped.missing_events } += gap.length();
        }
        skipped
    }

    fn fill(&mut self, number: u64) {
        let at = self.gaps.partition_point(|gap| gap.last < number);
        let Some(gap) = self.gaps.get(at).copied().filter(|gap| gap.first <= number) else { return };
        let before = (gap.first < number).then(|| Gap { last: number - 1, ..gap });
        let after = (gap.last > number).then(|| Gap { first: number + 1, ..gap });
        self.gaps.splice(at..=at, before.into_iter().chain(after));
    }
}

impl Skipped {
    /// Together with those of another start.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            pending_events: self.pending_events + other.pending_events,
            missing_events: self.missing_events + other.missing_events,
            filters_lost: self.filters_lost + other.filters_lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_893_456_000_000_000);

    fn arrived(batches: &[&[u64]]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for batch in batches {
            arrivals.add(batch.iter().copied(), NOW);
        }
        arrivals
    }

    fn skipped(pending_events: u64, missing_events: u64) -> Skipped {
        Skipped { pending_events, missing_events, filters_lost: 0 }
    }

    #[test]
    fn a_skipped_number_is_pending_until_it_is_too_late() {
        let arrivals = arrived(&[&[0, 1], &[5, 3]]);
        assert_eq!(arrivals.skipped(NOW), skipped(2, 0));
        assert_eq!(arrivals.skipped(NOW.plus(LATE)), skipped(0, 2));
        assert_eq!(arrived(&[&[7]]).skipped(NOW.plus(LATE)), skipped(0, 7));
    }

    #[test]
    fn whatever_the_order_and_however_often_all_that_arrived_is_not_missing() {
        for batches in [[&[4, 3][..], &[2, 1], &[0]], [&[0, 4], &[2], &[1, 2, 3]], [&[3], &[3, 0, 4, 1], &[1, 2]]] {
            let arrivals = arrived(&batches);
            assert_eq!((arrivals.next, arrivals.skipped(NOW)), (5, skipped(0, 0)), "{batches:?}");
            assert!(arrivals.gaps.is_empty());
        }
    }

    #[test]
    fn what_a_gate_has_numbered_is_skipped_until_it_arrives() {
        let mut arrivals = arrived(&[&[0, 1]]);
        arrivals.told(1, NOW);
        arrivals.told(5, NOW);
        arrivals.told(4, NOW);
        assert_eq!((arrivals.next, arrivals.skipped(NOW)), (5, skipped(3, 0)));
        arrivals.add([3, 5].into_iter(), NOW);
        assert_eq!(arrivals.skipped(NOW.plus(LATE)), skipped(0, 2));
    }

    #[test]
    fn the_number_of_gaps_is_bounded_and_none_is_forgotten() {
        let odd: Vec<_> = (0..3000).map(|number| number * 2 + 1).collect();
        let arrivals = arrived(&[&odd]);
        assert_eq!((arrivals.gaps.len(), arrivals.lost), (MAX_GAPS, 2000));
        assert_eq!(arrivals.skipped(NOW), skipped(1000, 2000));
    }
}
