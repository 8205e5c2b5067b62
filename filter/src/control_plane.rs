//! Calls of the control plane: their headers, its answers' status, and the pause after one that failed.

use lictor_policy::wire::{self, UnixMicros};

use crate::host::{self, HostError};

const VERSION: &str = "2";

const SHORTEST_PAUSE: UnixMicros = 100_000;

const LONGEST_PAUSE: UnixMicros = 2_000_000;

/// A pause that doubles with every failure.
#[derive(Default)]
pub(crate) struct Backoff {
    pause: UnixMicros,
    until: UnixMicros,
}

impl Backoff {
    /// Whether the pause is over; also when the clock jumped back.
    pub(crate) fn is_over(&self, now: UnixMicros) -> bool {
        now >= self.until || self.until > now + LONGEST_PAUSE
    }

    /// After a failure. True for the first of a row, which is worth a line in the log.
    pub(crate) fn failed(&mut self, now: UnixMicros) -> bool {
        let first = self.pause == 0;
        self.pause = (self.pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        self.until = now + self.pause;
        first
    }

    /// After a success.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

/// The headers of a call to the control plane; Envoy adds the credential.
pub(crate) fn headers<'h>(method: &'h str, path: &'h str) -> [(&'h str, &'h str); 5] {
    [
        (":method", method),
        (":path", path),
        (":authority", "lictor-control-plane"),
        ("content-type", "application/json"),
        (wire::VERSION_HEADER, VERSION),
    ]
}

/// The status of an answer that the control plane gave itself: Envoy answers in its stead with 503, 504 or nothing.
pub(crate) fn status() -> Result<Option<u16>, HostError> {
    if host::call_header(wire::VERSION_HEADER)?.as_deref() != Some(VERSION.as_bytes()) {
        return Ok(None);
    }
    let status = host::call_header(":status")?;
    Ok(status.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok()))
}
