//! The subscription: one thread of a gate holds a lease and keeps a long poll open to the control plane.

use std::rc::Rc;
use std::time::Duration;

use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use lictor_policy::wire::{self, UnixMicros};

use crate::audit;
use crate::host::{self, HostError};
use crate::state::{Blob, Pair, Stamp};
use crate::threads;
use crate::worker::{Current, Worker};

/// Longer than the control plane holds an unchanged poll.
const POLL_TIMEOUT: Duration = Duration::from_millis(wire::POLL_HOLD_MS + 10_000);
const SHORTEST_PAUSE: UnixMicros = 100_000;
const LONGEST_PAUSE: UnixMicros = 2_000_000;

/// The right to speak to the control plane for this gate.
pub(crate) struct Lease {
    holder: u64,
    held_until: UnixMicros,
}

impl Lease {
    const NAME: &str = "lictor.lease";
    const TERM: UnixMicros = 3_000_000;

    /// For a thread with this random number.
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

/// The long poll.
#[derive(Default)]
pub(crate) struct Poll {
    in_flight: Option<InFlight>,
    backoff: Backoff,
    /// Whether the last policy that came could not be used: administrators see it.
    refused: bool,
}

struct InFlight {
    token: u32,
    /// The number of the snapshot that the poll named.
    id: u64,
}

impl Poll {
    /// Opens the poll if it is not open.
    pub(crate) fn run(&mut self, worker: &Worker, now: UnixMicros) -> Result<(), HostError> {
        if self.in_flight.is_some() || !self.backoff.is_over(now) {
            return Ok(());
        }
        let current = worker.current()?;
        let (boot, next) = audit::numbered()?;
        let lost = threads::lost()?;
        let has = current.snapshot.as_ref().map(|s| format!("&epoch={}&since={}", s.epoch, s.revision));
        let refused = if self.refused { "&refused=true" } else { "" };
        let path = format!("{}?boot={boot}&next={next}{}{refused}", wire::POLICY_PATH, has.unwrap_or_default());
        let lost = (lost > 0).then(|| lost.to_string());
        let lost = lost.as_deref().map(|lost| (wire::FILTERS_LOST_HEADER, lost));
        let headers: Vec<_> = headers("GET", &path).into_iter().chain(lost).collect();
        match host::call(&worker.config.control_plane_cluster, &headers, &[], POLL_TIMEOUT) {
            Ok(token) => self.in_flight = Some(InFlight { token, id: current.id }),
            Err(_) => self.failed(now, "there is no such cluster, or it is not ready"),
        }
        Ok(())
    }

    /// Takes the answer with this token; false if it is another's. A thread that has lost the lease leaves the policy to the
    /// one that has it, and its poll: of two that put the same policy in force at once, neither might be.
    pub(crate) fn answered(
        &mut self,
        worker: &Worker,
        token: u32,
        body_size: usize,
        now: UnixMicros,
        holds_lease: bool,
    ) -> Result<bool, HostError> {
        let Some(InFlight { id, .. }) = self.in_flight.take_if(|call| call.token == token) else { return Ok(false) };
        if !holds_lease {
            return Ok(true);
        }
        match status()? {
            Some(200) => {
                let published = publish(worker, &host::call_body(body_size)?, now)?;
                self.refused = published.is_err();
                match published {
                    Ok(()) => self.backoff.succeeded(),
                    Err(problem) => self.failed(now, &format!("its policy cannot be used: {problem}")),
                }
            }
            Some(304) => {
                self.refused = false;
                self.backoff.succeeded();
                Stamp::confirm(id, now)?;
            }
            Some(status) => self.failed(now, &format!("it answered {status}")),
            None => self.failed(now, "no answer came, or not from a control plane of this version"),
        }
        self.run(worker, now)?;
        Ok(true)
    }

    /// Forgets an answer that could not be taken.
    pub(crate) fn give_up(&mut self, token: u32) {
        self.in_flight.take_if(|call| call.token == token);
    }

    fn failed(&mut self, now: UnixMicros, problem: &str) {
        if self.backoff.failed(now) {
            host::warn(&format!("lictor: no policy from the control plane: {problem}; trying again"));
        }
    }
}

/// Puts a snapshot in force on all threads, if it can be used.
fn publish(worker: &Worker, json: &[u8], now: UnixMicros) -> Result<Result<(), BadSnapshot>, HostError> {
    let given = match Snapshot::checked(json) {
        Ok(given) => given,
        Err(problem) => return Ok(Err(problem)),
    };
    let Current { snapshot, id: current, .. } = worker.refreshed()?;
    // An answer that an earlier holder of the lease has overtaken. Another epoch may count from lower numbers.
    if snapshot.is_some_and(|current: Rc<_>| current.epoch == given.epoch && current.revision > given.revision) {
        return Ok(Ok(()));
    }
    let id = Blob::id_after(current)?;
    Blob::write(id, json)?;
    // The stamp comes last: with it the policy is in force at all threads at once. The gauge only makes them look at it.
    worker.metrics()?.published(id)?;
    Stamp::publish(id, now)?;
    worker.take(id, now, given);
    Ok(Ok(()))
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

const VERSION: &str = "1";
const _: () = assert!(wire::VERSION == 1, "VERSION is its text");

/// The status of an answer that the control plane gave itself: Envoy answers in its stead with 503, 504 or nothing.
pub(crate) fn status() -> Result<Option<u16>, HostError> {
    if host::call_header(wire::VERSION_HEADER)?.as_deref() != Some(VERSION.as_bytes()) {
        return Ok(None);
    }
    let status = host::call_header(":status")?;
    Ok(status.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok()))
}
