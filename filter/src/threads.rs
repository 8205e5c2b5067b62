//! Tells when the filter of a thread has ended without a word, as a trap ends it: each has a place in shared data, in which it
//! says at every tick that it is there.
//!
//! A place is free again when its filter ends in order. Silence is counted in ticks of the thread that watches and not in
//! time: a machine that was suspended, or a clock that jumped, ends nobody.

use crate::audit;
use crate::host::{self, HostError};
use crate::shared::pair::Pair;

/// Threads that can have a place; those beyond are not watched.
const PLACES: usize = 256;
/// How many ticks lie between two looks: a second.
const TICKS: u32 = 50;
/// After so many looks without a word a filter has ended. Envoy's main thread may stand still for some seconds over a large
/// configuration, and comes back.
const SILENT_LOOKS: u32 = 20;
/// Who is not there. A place that nobody ever had has two zeros.
const LEFT: Pair = Pair(0, 1);
/// How many filters have ended so since Envoy started.
const LOST: &str = "lictor.filters_lost";

fn name(place: usize) -> String {
    format!("lictor.place.{place}")
}

/// One thread's place: who has it, and how often that was said.
pub(crate) struct Place {
    holder: u64,
    number: Option<usize>,
}

impl Place {
    /// `holder` identifies the thread: a random number, because Envoy gives threads no id.
    pub(crate) fn new(holder: u64) -> Self {
        Self { holder: holder.max(1), number: None }
    }

    /// Says that the thread is there, and takes a place if it has none. Answers the number of one that it has taken.
    pub(crate) fn renew(&mut self) -> Result<Option<usize>, HostError> {
        let holder = self.holder;
        if let Some(number) = self.number {
            let mine = |Pair(found, said)| (found == holder).then_some(Pair(holder, said.wrapping_add(1)));
            if Pair::update(&name(number), mine)?.is_some() {
                return Ok(None);
            }
            self.number = None;
        }
        for number in 0..PLACES {
            if Pair::update(&name(number), |Pair(found, _)| (found == 0).then_some(Pair(holder, 1)))?.is_some() {
                self.number = Some(number);
                return Ok(self.number);
            }
        }
        Ok(None)
    }

    /// Leaves it, when the thread's filter ends in order.
    pub(crate) fn leave(&mut self) -> Result<(), HostError> {
        let Some(number) = self.number.take() else { return Ok(()) };
        Pair::update(&name(number), |Pair(found, _)| (found == self.holder).then_some(LEFT)).map(drop)
    }
}

/// Looks after all places; run by the holder of the lease.
#[derive(Default)]
pub(crate) struct Watch {
    ticks: u32,
    /// What was said last in each place, and how many looks ago.
    said: Vec<(Pair, u32)>,
}

impl Watch {
    /// Counts a tick, and after some of them looks at every place. Answers how many filters have ended.
    pub(crate) fn tick(&mut self) -> Result<u64, HostError> {
        self.ticks += 1;
        if self.ticks < TICKS {
            return Ok(0);
        }
        self.ticks = 0;
        let mut ended = 0;
        for number in 0..PLACES {
            let now = Pair::read(&name(number))?;
            if now == Pair::default() {
                break;
            }
            if self.said.len() == number {
                self.said.push((now, 0));
            }
            let Some((said, looks)) = self.said.get_mut(number) else { break };
            *looks = if now == *said && now != LEFT { *looks + 1 } else { 0 };
            *said = now;
            if *looks < SILENT_LOOKS {
                continue;
            }
            // Before anyone can take the place, and write there.
            audit::recover(number)?;
            if Pair::update(&name(number), |found| (found == now).then_some(LEFT))?.is_some() {
                ended += 1;
            }
        }
        if ended > 0 {
            host::warn("lictor: the filter of a thread has ended without a word, and with it the requests it had");
            count_lost(ended)?;
        }
        Ok(ended)
    }
}

/// Counts filters that a bug has ended.
pub(crate) fn count_lost(ended: u64) -> Result<(), HostError> {
    Pair::update(LOST, |Pair(lost, rest)| Some(Pair(lost + ended, rest))).map(drop)
}

/// How many filters have ended without a word since Envoy started.
pub(crate) fn lost() -> Result<u64, HostError> {
    Pair::read(LOST).map(|Pair(lost, _)| lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many looks of one who watches, while these say that they are there.
    fn looks(watch: &mut Watch, there: &mut [&mut Place]) -> u64 {
        let mut ended = 0;
        for _ in 0..SILENT_LOOKS * TICKS {
            for place in there.iter_mut() {
                place.renew().unwrap();
            }
            ended += watch.tick().unwrap();
        }
        ended
    }

    #[test]
    fn only_who_is_silent_has_ended_and_is_counted_once() {
        let (mut own, mut orderly, mut silent, mut next) = (Place::new(1), Place::new(2), Place::new(3), Place::new(4));
        let mut watch = Watch::default();
        assert_eq!(own.renew().unwrap(), Some(0));
        assert_eq!((orderly.renew().unwrap(), silent.renew().unwrap()), (Some(1), Some(2)));
        assert_eq!(looks(&mut watch, &mut [&mut own, &mut orderly, &mut silent]), 0);
        orderly.leave().unwrap();
        // One look more than it takes, as the first only sees what was said.
        assert_eq!(looks(&mut watch, &mut [&mut own]) + looks(&mut watch, &mut [&mut own]), 1);
        assert_eq!(lost().unwrap(), 1);
        // A filter that was only slow takes another place, and the free ones are taken again.
        assert_eq!(next.renew().unwrap(), Some(1));
        assert_eq!(silent.renew().unwrap(), Some(2));
        assert_eq!(looks(&mut watch, &mut [&mut own, &mut silent, &mut next]), 0);
        assert_eq!(lost().unwrap(), 1);
    }

    #[test]
    fn more_threads_than_places_are_not_watched_and_harm_nobody() {
        let mut places: Vec<_> = (1..=PLACES as u64 + 1).map(Place::new).collect();
        let taken: Vec<_> = places.iter_mut().map(|place| place.renew().unwrap()).collect();
        assert_eq!(taken.iter().flatten().count(), PLACES);
        assert_eq!(taken.last(), Some(&None));
    }
}
