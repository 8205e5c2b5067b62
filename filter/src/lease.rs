//! The lease: one thread of a gate speaks to the control plane.

use lictor_policy::wire::UnixMicros;

use crate::host::HostError;
use crate::state::Pair;

/// The right to speak to the control plane for this gate.
pub(crate) struct Lease {
    holder: u64,
    held_until: UnixMicros,
}

impl Lease {
    const NAME: &str = "lictor.lease";
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
        let taken = Pair::update(Self::NAME, |Pair(holder, until)| {
            // A term that ends later than any given now was given before the clock jumped back.
            let free = holder == self.holder || until <= now || until > now + Self::TERM;
            free.then_some(Pair(self.holder, now + Self::TERM))
        })?;
        self.held_until = taken.map_or(0, |Pair(_, until)| until);
        Ok(taken.is_some())
    }
}
