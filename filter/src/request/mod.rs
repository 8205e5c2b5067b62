//! One request: untouched, or buffered, judged and forwarded, answered or refused.

use std::rc::Rc;

use lictor_policy::decide::{Facts, State, Trace};
use lictor_policy::gate::{Asked, Body, Policy, Verdict, Watch};
use lictor_policy::memory::places::For;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::wire::{Durability, Event, Outcome, UnixMicros};

use crate::arrived::Arrived;
use crate::collected::Collected;
use crate::headers::{GUARD, Headers};
use crate::host::{self, Action, HostError};
use crate::record::Record;
use crate::request::waiting::Waiting;
use crate::state::Slots;
use crate::worker::{Current, Worker};
use crate::{forward, refused, reply, reservation};

mod callbacks;
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
        let (guard, passed) = GUARD;
        host::set_request_header(guard, passed)?;
        let Some(road) = Road::of(&headers.text(":path").unwrap_or_default()) else {
            return self.elsewhere(headers, end_of_stream);
        };
        // The secured road is judged in every mode, and by the policy at the end of the body: none is needed here.
        if road != Road::Mcp && self.policy(&self.current()?, host::now()?).ignores(road) {
            return Ok(Action::Continue);
        }
        let arrived = Arrived::on(road, headers);
        // Its body is another protocol's, which begins when the upgrade is accepted.
        let is_upgrade = arrived.is_upgrade();
        if !end_of_stream && road != Road::Mcp && (is_upgrade || !self.needs_body(&arrived)?) {
            return self.judge(arrived, Body::Unread, 0);
        }
        let unread = arrived.is_read(end_of_stream).err();
        let body = arrived.body(&[], unread.as_ref());
        // On JSON-2 the key is in the head: what cannot be read is refused without it.
        let is_settled = road == Road::Json2 && !matches!(body, Body::Whole(_));
        if end_of_stream || is_upgrade || is_settled {
            return self.judge(arrived, body, 0);
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
        self.judge(arrived, body, length)
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
        let action = self.judge(arrived, body, bytes.len())?;
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

    fn current(&self) -> Result<Current, HostError> {
        match &self.worker {
            Some(worker) => worker.current(),
            None => Ok(Current { snapshot: None, id: 0, confirmed_at: 0 }),
        }
    }

    fn policy<'c>(&self, current: &'c Current, now: UnixMicros) -> Policy<'c> {
        let require = self.worker.as_ref().is_none_or(|worker| worker.config.require);
        Policy::new(current.snapshot.as_deref(), current.confirmed_at, now, require)
    }

    /// The verdict on a request whose body is complete, or whose body does not matter.
    fn judge(&mut self, arrived: Arrived, body: Body<'_>, length: usize) -> Result<Action, HostError> {
        let mut slots = Slots::default();
        let current = self.current()?;
        // The limit of the policy in force: while the body came, the one at hand was good enough.
        let body = match body {
            Body::Whole(bytes) if length > self.policy(&current, current.confirmed_at).body_limit() => {
                Body::TooLarge(bytes)
            }
            body => body,
        };
        let judged = self.ask_about(&arrived, &current, body, &mut slots)?;
        self.conclude(arrived, &current, judged, body, length, &slots)
    }

    /// Does what the verdict says.
    fn conclude(
        &mut self,
        arrived: Arrived,
        current: &Current,
        (verdict, mut record): (Verdict, Record),
        body: Body<'_>,
        length: usize,
        slots: &Slots,
    ) -> Result<Action, HostError> {
        if let Some(worker) = &self.worker
            && slots.hashes > 0
        {
            worker.metrics()?.hashed()?;
        }
        if matches!(verdict, Verdict::Pass(_) | Verdict::PassTo(..)) {
            if let Verdict::PassTo(path, _) = verdict {
                host::set_request_header(":path", path)?;
            }
            self.phase = match body {
                Body::Unread => {
                    let watch = Watch::for_keys(self.policy(current, host::now()?));
                    Phase::Watched(Box::new((arrived, watch)))
                }
                _ => Phase::Untouched,
            };
            return Ok(Action::Continue);
        }
        let verdict = match verdict {
            Verdict::Forward(call) if self.is_without_body && !call.document.is_empty() => {
                Verdict::Refuse(needs_a_body())
            }
            verdict => verdict,
        };
        record.event.request_bytes = length as u64;
        let intent = is_written_ahead(&verdict, current, &record);
        record.reserved = match denied(&verdict) {
            Some(reason) => refused::take(&record.event, reason),
            None => reservation::reserve(call(&record.event, intent), record.event.at).ok(),
        };
        let is_full = denied(&verdict).is_none() && record.reserved.is_none();
        if is_full {
            refused::count(&record.event, Reason::AuditUnavailable);
        }
        match verdict {
            Verdict::Forward(_) | Verdict::Answer { .. } if is_full => {
                self.refuse(arrived.road, record, &Reason::AuditUnavailable.into())
            }
            Verdict::Refuse(refusal) => self.refuse(arrived.road, record, &refusal),
            Verdict::Answer { reply, denied, would_deny } => {
                record.event.outcome = if denied.is_some() { Outcome::Denied } else { Outcome::Allowed };
                record.event.reason = denied;
                record.event.would_deny = would_deny;
                record.event.response_bytes = reply::answer(&reply, record.quota, denied, would_deny)? as u64;
                self.judged(record, Action::Pause)
            }
            Verdict::Forward(call) => {
                forward::replace(&arrived.headers, &call, length)?;
                record.event.would_deny = call.would_deny;
                if let (true, Body::Whole(body)) = (intent, body) {
                    return self.wait(arrived, current, record, body, call.document.len());
                }
                record.forwarded(record.event.at + record.event.gate_us);
                self.judged(record, Action::Continue)
            }
            Verdict::Pass(_) | Verdict::PassTo(..) => Ok(Action::Continue),
        }
    }

    fn ask_about(
        &self,
        arrived: &Arrived,
        current: &Current,
        body: Body<'_>,
        state: &mut dyn State,
    ) -> Result<(Verdict, Record), HostError> {
        self.ask(arrived, current, state, |asked| asked.judge(body))
    }

    fn ask<'s, V>(
        &self,
        arrived: &Arrived,
        current: &'s Current,
        state: &mut dyn State,
        judge: impl FnOnce(Asked<'s, '_>) -> V,
    ) -> Result<(V, Record), HostError> {
        let now = host::now()?;
        let written = self.worker.as_ref().is_some_and(|worker| worker.config.external_address);
        let client = arrived.client(written)?;
        let user_agent = arrived.headers.first("user-agent").unwrap_or_default();
        let facts = Facts { now, client, user_agent, head: arrived.head() };
        let mut trace = Trace::default();
        let policy = self.policy(current, now);
        let verdict = judge(Asked { policy, road: arrived.road, facts, state, trace: &mut trace });
        let mut record = Record::of(arrived.road, &arrived.headers, facts, trace)?;
        record.event.gate_us = host::now()?.saturating_sub(now);
        Ok((verdict, record))
    }

    /// Whether the headers leave the verdict to the body.
    fn needs_body(&self, arrived: &Arrived) -> Result<bool, HostError> {
        let now = host::now()?;
        Ok(self.policy(&self.current()?, now).needs_body(arrived.road, &arrived.head()))
    }

    fn judged(&mut self, record: Record, action: Action) -> Result<Action, HostError> {
        self.phase = Phase::Judged(Box::new(record));
        Ok(action)
    }

    fn refuse(&mut self, road: Road, mut record: Record, refusal: &Refusal) -> Result<Action, HostError> {
        record.refused(refusal);
        let id = record.rpc_id.as_deref();
        record.event.response_bytes = reply::refuse(road, refusal, &record.event.decision_id, id, record.quota)? as u64;
        self.judged(record, Action::Pause)
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

/// Whether the intent of a permitted call must be stored before it is forwarded.
fn is_written_ahead(verdict: &Verdict, current: &Current, record: &Record) -> bool {
    let durability = current.snapshot.as_ref().map(|s| s.settings.wire.durability.of(record.event.operations));
    matches!(verdict, Verdict::Forward(_)) && durability == Some(Durability::WriteAhead)
}

/// A call that may pass: with a key, or it would be none.
fn call(event: &Event, intent: bool) -> For<'_> {
    For::Call { key: event.key_id.as_deref().unwrap_or_default(), intent }
}

/// Refuses a request of which nothing is known, or nothing more can be.
pub(crate) fn refuse_unjudged(problem: &str) -> Action {
    host::warn(&format!("lictor: a request is refused: {problem}"));
    if reply::refuse(Road::Mcp, &Refusal::from(Reason::PolicyUnavailable), "none", None, None).is_err() {
        host::warn("lictor: and the refusal could not be sent");
    }
    Action::Pause
}

/// Of a call that is permitted, but would have to be written anew in a body that it does not have.
fn needs_a_body() -> Refusal {
    let why = "The call came without a body, and the gate has to write arguments into it; send an empty object, `{}`.";
    Refusal::explained(Reason::MalformedRequest, why)
}

/// Why a verdict is no, if it is.
fn denied(verdict: &Verdict) -> Option<Reason> {
    match verdict {
        Verdict::Refuse(refusal) => Some(refusal.reason),
        Verdict::Answer { denied, .. } => *denied,
        Verdict::Pass(_) | Verdict::PassTo(..) | Verdict::Forward(_) => None,
    }
}
