//! The limit on wrong keys: each costs a gate milliseconds, so few are tried for a prefix and an address.
//!
//! Counted per prefix and address, never for all: else one attacker blocks everybody's first call.

use crate::memory::bucket::{Count, minute_is_over};
use crate::wire::UnixMicros;

/// Failures that close the way.
pub const MAX_FAILURES: u32 = 10;
const PAUSE_SECONDS: u64 = 60;
const MICROS: u64 = 1_000_000;

/// The failures of a prefix from an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// When the first of them was.
    pub since: UnixMicros,
}

impl Failures {
    /// Whether another key may be tried.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn check(self, now: UnixMicros) -> Result<(), u32> {
        if self.count < u64::from(MAX_FAILURES) || minute_is_over(self.since, now) {
            return Ok(());
        }
        let wait = (self.since + PAUSE_SECONDS * MICROS).saturating_sub(now).div_ceil(MICROS);
        Err(u32::try_from(wait).unwrap_or(u32::MAX))
    }
}

impl From<Count> for Failures {
    fn from(Count { count, since }: Count) -> Self {
        Self { count, since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000 * MICROS;

    #[test]
    fn ten_failures_close_the_way_for_a_minute() {
        let failures = |count| Failures { count, since: NOW };
        assert_eq!(failures(9).check(NOW + MICROS), Ok(()));
        assert_eq!(failures(10).check(NOW + 10 * MICROS), Err(50));
        assert_eq!(failures(10).check(NOW + 60 * MICROS), Ok(()));
        assert_eq!(failures(10).check(NOW - 1), Ok(()));
    }
}
