//! The subscription: one thread of a gate holds a lease and keeps a long poll open to the control plane.

use std::sync::Arc;
use std::time::Duration;

use lictor_policy::snapshot::{BadSnapshot, Snapshot, compact};
use lictor_policy::wire::{self, UnixMicros};

use crate::control_plane::{Backoff, headers, status};
use crate::host::{self, HostError};
use crate::shared::policy::{self, Stamp};
use crate::worker::{Current, Worker};
use crate::{audit, threads};

/// Longer than the control plane holds an unchanged poll.
const POLL_TIMEOUT: Duration = Duration::from_millis(wire::POLL_HOLD_MS + 10_000);

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
        let takes = [("accept", wire::COMPACT_TYPE)];
        let headers: Vec<_> = headers("GET", &path).into_iter().chain(takes).chain(lost).collect();
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
                let published = publish(worker, host::call_body(body_size)?, now)?;
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
fn publish(worker: &Worker, sent: Vec<u8>, now: UnixMicros) -> Result<Result<(), BadSnapshot>, HostError> {
    let seed = host::random_number()?;
    let (head, given) = match received(sent, seed) {
        Ok(received) => received,
        Err(problem) => return Ok(Err(problem)),
    };
    let Current { snapshot, id: current, .. } = worker.refreshed()?;
    // An answer that an earlier holder of the lease has overtaken. Another epoch may count from lower numbers.
    if snapshot.is_some_and(|current: Arc<_>| current.epoch == given.epoch && current.revision > given.revision) {
        return Ok(Ok(()));
    }
    let id = policy::id_after(current)?;
    let given = policy::store(id, &head, given)?;
    // The stamp comes last: with it the policy is in force at all threads at once. The gauge only makes them look at it.
    worker.metrics()?.published(id)?;
    Stamp::publish(id, now)?;
    worker.take(id, now, given);
    Ok(Ok(()))
}

/// A policy, and its head.
fn received(sent: Vec<u8>, seed: u64) -> Result<(Vec<u8>, Snapshot), BadSnapshot> {
    let bytes = compact::of_sent(sent)?;
    let head = compact::head(&bytes)?.to_vec();
    Ok((head, Snapshot::received(bytes, seed)?))
}

const _: () = assert!(wire::VERSION == 2, "VERSION is its text");
