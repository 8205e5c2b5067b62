//! One request: untouched, or buffered, judged and forwarded, answered or refused.

use std::rc::Rc;

use lictor_policy::gate::{Body, Watch};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;

use crate::arrived::Arrived;
use crate::collected::Collected;
use crate::headers::{GUARD, Headers};
use crate::host::{self, Action, HostError};
use crate::limits;
use crate::record::Record;
use crate::reply;
use crate::request::verdict::Received;
use crate::request::waiting::Waiting;
use crate::worker::Worker;

mod callbacks;
mod verdict;
mod waiting;
mod watched;

/// The filter's side of one request.
pub(crate) struct Request {
    /// Envoy's number of it.
    id: u32,
    worker: Option<Rc<Worker>>,
    phase: Phase,
    /// There while its body is being collected.
    collected: Option<Collected>,
    /// The length of the body so far.
    buffered: usize,
    /// Whether it ended with its headers: Envoy cannot give it a body then.
    is_without_body: bool,
}

enum Phase {
    /// Not a road, or a road's request that passes.
    Untouched,
    /// It passes, and its body is looked at on the way.
    Watched(Box<(Arrived, Watch)>),
    /// On a road; its body is being collected.
    Buffering(Box<Arrived>),
    /// Permitted, and waiting for its intent to be stored.
    Waiting(Box<Waiting>),
    /// Judged: forwarded, answered or refused.
    Judged(Box<Record>),
    /// The host failed; nothing of it goes on.
    Stopped,
}

impl Request {
    /// `worker` is none only if Envoy runs requests on a thread that was never configured: they are refused.
    pub(crate) fn new(id: u32, worker: Option<Rc<Worker>>) -> Self {
        Self { id, worker, phase: Phase::Untouched, collected: None, buffered: 0, is_without_body: false }
    }

    fn headers(&mut self, end_of_stream: bool) -> Result<Action, HostError> {
        self.is_without_body = end_of_stream;
        let headers = Headers::read()?;
        limits::remove_sent(&headers)?;
        let (guard, passed) = GUARD;
        host::set_request_header(guard, passed)?;
        let Some(road) = Road::of(&headers.text(":path").unwrap_or_default()) else {
            return self.elsewhere(headers, end_of_stream);
        };
        let arrived = Arrived::on(road, headers);
        // Its body is another protocol's, which begins when the upgrade is accepted.
        let is_upgrade = arrived.is_upgrade();
        // The secured road is judged in every mode, and by the policy at the end of the body: none is needed here.
        let in_force = if road == Road::Mcp { None } else { Some(self.in_force()?) };
        if let Some(in_force) = &in_force {
            let policy = in_force.policy();
            if policy.ignores(road) {
                return Ok(Action::Continue);
            }
            if !end_of_stream && (is_upgrade || !policy.needs_body(road, &arrived.head())) {
                return self.judge(Received { arrived, body: Body::Unread, length: 0 }, in_force);
            }
        }
        let unread = arrived.is_read(end_of_stream).err();
        let body = arrived.body(&[], unread.as_ref());
        // On JSON-2 the key is in the head: what cannot be read is refused without it.
        let is_settled = road == Road::Json2 && !matches!(body, Body::Whole(_));
        if end_of_stream || is_upgrade || is_settled {
            let in_force = in_force.map_or_else(|| self.in_force(), Ok)?;
            return self.judge(Received { arrived, body, length: 0 }, &in_force);
        }
        self.collected = Some(Collected::begin(self.id, road));
        self.phase = Phase::Buffering(Box::new(arrived));
        Ok(Action::Pause)
    }

    /// `length` is of all that is buffered.
    fn body(&mut self, length: usize, end_of_stream: bool) -> Result<Action, HostError> {
        self.buffered = length;
        if matches!(self.phase, Phase::Watched(_)) {
            return self.watch(length);
        }
        if self.gave_way() {
            return Ok(Action::Pause);
        }
        // The policy at hand is good enough to wait for more; the one in force decides on what is complete.
        let limit = self.worker.as_ref().map_or(usize::MAX, |worker| worker.body_limit());
        let mut within = length <= limit;
        if let Some(collected) = &self.collected {
            within &= end_of_stream || collected.grow(length, limit)?;
        }
        if !end_of_stream && within && matches!(self.phase, Phase::Buffering(_)) {
            return Ok(Action::Pause);
        }
        let Some(arrived) = self.arrived() else { return Ok(self.settled()) };
        let bytes = host::request_body(length)?;
        let unread = arrived.is_read(false).err();
        let body = if end_of_stream { arrived.body(&bytes, unread.as_ref()) } else { Body::TooLarge(&bytes) };
        let in_force = self.in_force()?;
        self.judge(Received { arrived, body, length }, &in_force)
    }

    /// Whether it was refused while its body was being collected, for the sake of others.
    fn gave_way(&mut self) -> bool {
        let gave_way = self.collected.as_ref().is_some_and(|collected| !collected.is_there());
        if gave_way {
            self.phase = Phase::Stopped;
        }
        gave_way
    }

    fn trailers(&mut self) -> Result<Action, HostError> {
        if self.gave_way() {
            return Ok(Action::Pause);
        }
        let Some(arrived) = self.arrived() else { return Ok(self.settled()) };
        let bytes = host::request_body(self.buffered)?;
        let unread = arrived.is_read(false).err();
        let body = arrived.body(&bytes, unread.as_ref());
        let in_force = self.in_force()?;
        let action = self.judge(Received { arrived, body, length: bytes.len() }, &in_force)?;
        let goes_on = match &self.phase {
            Phase::Judged(record) => record.is_forwarded(),
            Phase::Waiting(_) => true,
            Phase::Untouched | Phase::Watched(_) | Phase::Buffering(_) | Phase::Stopped => false,
        };
        if goes_on {
            host::remove_request_trailers()?;
        }
        Ok(action)
    }

    /// The request whose body was being collected. Should judging it fail, it stays stopped.
    fn arrived(&mut self) -> Option<Arrived> {
        self.collected = None;
        match std::mem::replace(&mut self.phase, Phase::Stopped) {
            Phase::Buffering(arrived) => Some(*arrived),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// What becomes of pieces that come after the verdict.
    fn settled(&self) -> Action {
        match &self.phase {
            Phase::Judged(record) if !record.is_forwarded() => Action::Pause,
            Phase::Stopped | Phase::Waiting(_) => Action::Pause,
            Phase::Untouched | Phase::Watched(_) | Phase::Buffering(_) | Phase::Judged(_) => Action::Continue,
        }
    }

    /// Refuses a request whose judging failed at the host: it must not go on.
    fn stop(&mut self, error: &HostError) -> Action {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Stopped) {
            // It has its answer.
            Phase::Judged(record) if !record.is_forwarded() => {
                self.phase = Phase::Judged(record);
                return Action::Pause;
            }
            Phase::Judged(mut record) => {
                record.stopped();
                Phase::Judged(record)
            }
            Phase::Waiting(waiting) => Phase::Judged(Box::new(self.abandon(*waiting))),
            Phase::Untouched | Phase::Watched(_) | Phase::Buffering(_) | Phase::Stopped => Phase::Stopped,
        };
        refuse_unjudged(&format!("a host call failed: {error:?}"))
    }
}

/// Refuses a request of which nothing is known, or nothing more can be.
pub(crate) fn refuse_unjudged(problem: &str) -> Action {
    host::warn(&format!("lictor: a request is refused: {problem}"));
    if reply::refuse(Road::Mcp, &Refusal::from(Reason::PolicyUnavailable), "none", None, None).is_err() {
        host::warn("lictor: and the refusal could not be sent");
    }
    Action::Pause
}
