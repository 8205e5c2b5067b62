//! The lease: one thread of a gate speaks to the control plane.

use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};
use crate::shared::pair::Pair;

/// The right to speak to the control plane for this gate.
pub(crate) struct Lease {
    holder: u64,
    held_until: UnixMicros,
}

impl Lease {
    const NAME: &str = "lictor.lease.1";
    const TERM: UnixMicros = 3_000_000;

    /// `holder` identifies the thread: a random number, because Envoy gives threads no id.
    pub(crate) fn new(holder: u64) -> Self {
        Self { holder, held_until: 0 }
    }

    /// Takes or renews the lease; false while another thread has it.
    pub(crate) fn hold(&mut self, now: UnixMicros) -> Result<bool, HostError> {
        let fresh = now + Self::TERM / 2..=now + Self::TERM;
        if fresh.contains(&self.held_until) {
            return Ok(true);
        }
        let mut clock = Ok(());
        let taken = Pair::update(Self::NAME, |Pair(holder, until)| {
            // Read after the entry: by a time that was read before it, a term that another thread was given meanwhile would
            // end too late, and two threads would hold the lease.
            let now = host::now().map_err(|error| clock = Err(error)).ok()?;
            // A term that ends later than any given now was given before the clock jumped back.
            let free = holder == self.holder || until <= now || until > now + Self::TERM;
            free.then_some(Pair(self.holder, now + Self::TERM))
        })?;
        clock?;
        self.held_until = taken.map_or(0, |Pair(_, until)| until);
        Ok(taken.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::abi::host;

    /// Lets the host's clock stand at a time.
    fn at(now: UnixMicros) -> UnixMicros {
        host(|host| host.nanoseconds = now * 1000);
        now
    }

    #[test]
    fn one_thread_has_it_and_another_when_its_term_is_over() {
        let (mut one, mut other) = (Lease::new(1), Lease::new(2));
        let start = at(1_000_000_000);
        assert!(one.hold(start).unwrap() && !other.hold(start).unwrap());
        let over = at(start + Lease::TERM);
        assert!(other.hold(over).unwrap() && !one.hold(over).unwrap());
    }

    #[test]
    fn a_thread_that_stood_still_after_it_had_read_the_time_does_not_take_it_too() {
        for still in [1, Lease::TERM / 2, Lease::TERM, 10 * Lease::TERM] {
            let (mut one, mut other) = (Lease::new(1), Lease::new(2));
            let early = at(2_000_000_000 + still);
            let late = at(early + still);
            assert!(one.hold(late).unwrap());
            assert!(!other.hold(early).unwrap(), "{still} us");
            at(late + 100 * Lease::TERM);
        }
    }

    #[test]
    fn a_term_from_before_the_clock_jumped_back_keeps_nobody_out() {
        let (mut one, mut other) = (Lease::new(1), Lease::new(2));
        assert!(one.hold(at(9_000_000_000)).unwrap());
        assert!(other.hold(at(1_000_000_000)).unwrap());
    }
}
