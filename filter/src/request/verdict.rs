//! The verdict on a request, and what is done about it.

use lictor_policy::decide::{Facts, State, Trace};
use lictor_policy::gate::{self, Asked, Body, Policy, Verdict, Watch};
use lictor_policy::memory::places::For;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::wire::{Durability, Event, Outcome, UnixMicros};

use super::{Phase, Request};
use crate::arrived::Arrived;
use crate::host::{self, Action, HostError};
use crate::record::Record;
use crate::reservation::{Full, Reserved, reserve};
use crate::shared::lines::Lines;
use crate::worker::Current;
use crate::{forward, refused, reply};

/// A request as far as it has come.
pub(crate) struct Received<'b> {
    pub(crate) arrived: Arrived,
    pub(crate) body: Body<'b>,
    /// How many bytes of it are buffered.
    pub(crate) length: usize,
}

/// The policy in force in one phase of a request, and the time of that.
pub(crate) struct InForce {
    pub(crate) current: Current,
    pub(crate) now: UnixMicros,
    require: bool,
}

impl InForce {
    pub(crate) fn policy(&self) -> Policy<'_> {
        Policy::new(self.current.snapshot.as_deref(), self.current.confirmed_at, self.now, self.require)
    }
}

impl Request {
    pub(crate) fn in_force(&self) -> Result<InForce, HostError> {
        let (current, require) = match &self.worker {
            Some(worker) => (worker.current()?, worker.config.require),
            None => (Current { snapshot: None, id: 0, confirmed_at: 0 }, true),
        };
        Ok(InForce { current, now: host::now()?, require })
    }

    /// Judges a request whose body is complete, or whose body does not matter, and does what the verdict says.
    pub(crate) fn judge(&mut self, received: Received<'_>, in_force: &InForce) -> Result<Action, HostError> {
        let (verdict, mut record) = self.verdict(&received, in_force)?;
        match take_place(&verdict, in_force, &mut record) {
            Ok(durability) => self.act(received, in_force, verdict, record, durability),
            Err(Full) => self.refuse(received.arrived.road, record, &Reason::AuditUnavailable.into()),
        }
    }

    fn verdict(
        &self,
        Received { arrived, body, length }: &Received<'_>,
        in_force: &InForce,
    ) -> Result<(Verdict, Record), HostError> {
        let body = match *body {
            // By the policy in force: while the body came, the one at hand was good enough.
            Body::Whole(bytes) if *length > gate::body_limit(in_force.current.snapshot.as_deref()) => {
                Body::TooLarge(bytes)
            }
            body => body,
        };
        let (verdict, mut record) = self.ask(arrived, in_force, |asked| asked.judge(body))?;
        record.event.request_bytes = *length as u64;
        let verdict = match verdict {
            Verdict::Forward(call) if self.is_without_body && !call.document.is_empty() => {
                Verdict::Refuse(needs_a_body())
            }
            verdict => verdict,
        };
        Ok((verdict, record))
    }

    /// Asks about a request for the first time: a call counts.
    pub(crate) fn ask<'s, V>(
        &self,
        arrived: &Arrived,
        in_force: &'s InForce,
        judge: impl FnOnce(Asked<'s, '_>) -> V,
    ) -> Result<(V, Record), HostError> {
        let mut lines = Lines::default();
        let judged = self.ask_with(&mut lines, arrived, in_force, judge)?;
        if let Some(worker) = &self.worker
            && lines.hashes > 0
        {
            worker.metrics()?.hashed()?;
        }
        Ok(judged)
    }

    /// Asks about a request, with a memory of the gate.
    pub(crate) fn ask_with<'s, V>(
        &self,
        state: &mut dyn State,
        arrived: &Arrived,
        in_force: &'s InForce,
        judge: impl FnOnce(Asked<'s, '_>) -> V,
    ) -> Result<(V, Record), HostError> {
        let config = self.worker.as_ref().map(|worker| &worker.config);
        let written = config.is_some_and(|config| config.external_address);
        let client = arrived.client(written)?;
        let user_agent = arrived.headers.first("user-agent").unwrap_or_default();
        let facts = Facts { now: in_force.now, client, user_agent, head: arrived.head() };
        let mut trace = Trace::default();
        let (policy, road) = (in_force.policy(), arrived.road);
        let verdict = judge(Asked { policy, road, facts, state, trace: &mut trace });
        let line =
            trace.key.filter(|_| config.is_some_and(|config| config.call_headers)).map(|key| key.wire.line.clone());
        let mut record = Record::of(road, &arrived.headers, facts, trace)?;
        record.line = line;
        record.event.gate_us = host::now()?.saturating_sub(in_force.now);
        Ok((verdict, record))
    }

    fn act(
        &mut self,
        Received { arrived, body, length }: Received<'_>,
        in_force: &InForce,
        verdict: Verdict,
        mut record: Record,
        durability: Durability,
    ) -> Result<Action, HostError> {
        match verdict {
            Verdict::Pass(_) => Ok(self.pass(arrived, body, in_force)),
            Verdict::PassTo(path, _) => {
                host::set_request_header(":path", path)?;
                Ok(self.pass(arrived, body, in_force))
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
                forward::replace(&arrived.headers, &call, length, &record)?;
                record.event.would_deny = call.would_deny;
                if let (Durability::WriteAhead, Body::Whole(body)) = (durability, body) {
                    return self.wait(arrived, in_force.current.id, record, body, call.document.len());
                }
                record.forwarded(record.event.at + record.event.gate_us);
                self.judged(record, Action::Continue)
            }
        }
    }

    /// Lets a request go on as it came. A body that is not there yet is looked at on its way.
    fn pass(&mut self, arrived: Arrived, body: Body<'_>, in_force: &InForce) -> Action {
        self.phase = match body {
            Body::Unread => Phase::Watched(Box::new((arrived, Watch::for_keys(in_force.policy())))),
            _ => Phase::Untouched,
        };
        Action::Continue
    }

    pub(crate) fn refuse(&mut self, road: Road, mut record: Record, refusal: &Refusal) -> Result<Action, HostError> {
        record.refused(refusal);
        let id = record.rpc_id.as_deref();
        record.event.response_bytes = reply::refuse(road, refusal, &record.event.decision_id, id, record.quota)? as u64;
        self.judged(record, Action::Pause)
    }

    fn judged(&mut self, record: Record, action: Action) -> Result<Action, HostError> {
        self.phase = Phase::Judged(Box::new(record));
        Ok(action)
    }
}

/// Takes the place in the audit queue that a verdict needs, before anything of it happens, and says how its event is recorded.
/// A refusal stays one without a place, and is counted.
///
/// # Errors
/// When there is none for what would pass.
fn take_place(verdict: &Verdict, in_force: &InForce, record: &mut Record) -> Result<Durability, Full> {
    let event = &record.event;
    let mut durability = Durability::Batched;
    record.reserved = match verdict {
        Verdict::Pass(_) | Verdict::PassTo(..) => None,
        Verdict::Refuse(Refusal { reason, .. }) | Verdict::Answer { denied: Some(reason), .. } => {
            refused::take(event, *reason)
        }
        Verdict::Answer { denied: None, .. } => Some(place_of_call(event, durability)?),
        Verdict::Forward(_) => {
            if let Some(snapshot) = &in_force.current.snapshot {
                durability = snapshot.settings.wire.durability.of(event.operations);
            }
            Some(place_of_call(event, durability)?)
        }
    };
    Ok(durability)
}

fn place_of_call(event: &Event, durability: Durability) -> Result<Reserved, Full> {
    let place = reserve(call(event, durability == Durability::WriteAhead), event.at);
    place.inspect_err(|_| refused::count(event, Reason::AuditUnavailable))
}

/// A call that may pass: with a key, or it would be none.
pub(crate) fn call(event: &Event, intent: bool) -> For<'_> {
    For::Call { key: event.key_id.as_deref().unwrap_or_default(), intent }
}

/// Of a call that is permitted, but would have to be written anew in a body that it does not have.
fn needs_a_body() -> Refusal {
    let why = "The call came without a body, and the gate has to write arguments into it; send an empty object, `{}`.";
    Refusal::explained(Reason::MalformedRequest, why)
}
