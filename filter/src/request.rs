//! One request: untouched, or buffered, judged and forwarded, answered or refused.

use std::rc::Rc;

use lictor_policy::address;
use lictor_policy::decide::{Facts, Trace};
use lictor_policy::gate::{self, Body, Policy, Verdict};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::wire::{Event, EventKind, Outcome};
use lictor_policy::xmlrpc;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::audit::{self, Reserved};
use crate::host::{self, HostError};
use crate::state::Slots;
use crate::worker::{Current, Worker};
use crate::{forward, reply};

/// Set on every request that the filter has seen. Envoy's routes to Odoo match only with it: a filter that has dropped
/// out of the chain lets nothing through.
pub(crate) const GUARD: (&str, &str) = ("x-lictor-guard", "passed");

/// The start of an answer that tells a fault from a value.
const ANSWER_HEAD: usize = 512;
const MAX_REQUEST_ID: usize = 128;

/// The filter's side of one request.
pub(crate) struct Request {
    worker: Option<Rc<Worker>>,
    phase: Phase,
}

enum Phase {
    /// Not a road, or a road's request that passes.
    Untouched,
    /// On a road; its body is being collected.
    Buffering(Road),
    /// Judged: forwarded, answered or refused.
    Judged(Box<Record>),
    /// The host failed; nothing of it goes on.
    Stopped,
}

/// What the audit event is made of when the request ends.
struct Record {
    /// Its place in the audit log; none if it could not be had, and then the call was refused.
    reserved: Option<Reserved>,
    event: Event,
    forwarded_at: Option<u64>,
    answer_head: Vec<u8>,
}

impl Request {
    /// `worker` is none only if Envoy runs requests on a thread that was never configured: they are refused.
    pub(crate) fn new(worker: Option<Rc<Worker>>) -> Self {
        Self { worker, phase: Phase::Untouched }
    }

    fn headers(&mut self, end_of_stream: bool) -> Result<Action, HostError> {
        let (guard, passed) = GUARD;
        host::set_request_header(guard, passed)?;
        let path = host::request_header(":path")?.unwrap_or_default();
        let Some(road) = Road::of(&String::from_utf8_lossy(&path)) else { return Ok(Action::Continue) };
        let current = self.current()?;
        let policy = self.policy(&current)?;
        if policy.ignores(road) {
            return Ok(Action::Continue);
        }
        if host::request_header(":method")?.as_deref() != Some(b"POST") {
            return self.judge(road, &current, Body::NotPost, 0);
        }
        if is_encoded()? {
            return self.judge(road, &current, Body::Encoded, 0);
        }
        if end_of_stream {
            return self.judge(road, &current, Body::Whole(&[]), 0);
        }
        self.phase = Phase::Buffering(road);
        Ok(Action::Pause)
    }

    /// `length` is of all that is buffered.
    fn body(&mut self, length: usize, end_of_stream: bool) -> Result<Action, HostError> {
        let Phase::Buffering(road) = self.phase else { return Ok(self.settled()) };
        let current = self.current()?;
        if length > self.policy(&current)?.body_limit() {
            return self.judge(road, &current, Body::TooLarge, length);
        }
        if !end_of_stream {
            return Ok(Action::Pause);
        }
        let body = host::request_body(length)?;
        self.judge(road, &current, Body::Whole(&body), length)
    }

    fn trailers(&mut self) -> Result<Action, HostError> {
        let Phase::Buffering(road) = self.phase else { return Ok(self.settled()) };
        let current = self.current()?;
        let body = host::request_body(usize::MAX)?;
        let action = self.judge(road, &current, Body::Whole(&body), body.len())?;
        if matches!(self.phase, Phase::Judged(_)) && action == Action::Continue {
            host::remove_request_trailers()?;
        }
        Ok(action)
    }

    /// What becomes of pieces that come after the verdict.
    fn settled(&self) -> Action {
        match &self.phase {
            Phase::Judged(record) if record.forwarded_at.is_none() => Action::Pause,
            Phase::Stopped => Action::Pause,
            Phase::Untouched | Phase::Buffering(_) | Phase::Judged(_) => Action::Continue,
        }
    }

    fn current(&self) -> Result<Current, HostError> {
        match &self.worker {
            Some(worker) => worker.current(),
            None => Ok(Current { snapshot: None, id: 0, confirmed_at: 0 }),
        }
    }

    fn policy<'c>(&self, current: &'c Current) -> Result<Policy<'c>, HostError> {
        let require = self.worker.as_ref().is_none_or(|worker| worker.config.require);
        Ok(Policy::new(current.snapshot.as_deref(), current.confirmed_at, host::now()?, require))
    }

    /// The verdict on a request whose body is complete, or whose body does not matter.
    fn judge(&mut self, road: Road, current: &Current, body: Body<'_>, length: usize) -> Result<Action, HostError> {
        let now = host::now()?;
        let source = host::text_property(vec!["source", "address"])?;
        let facts = Facts { now, client: source.as_deref().and_then(address::client) };
        let mut trace = Trace::default();
        let verdict = gate::judge(self.policy(current)?, road, body, facts, &mut Slots, &mut trace);
        if verdict == Verdict::Pass {
            self.phase = Phase::Untouched;
            return Ok(Action::Continue);
        }
        let decision_id = format!("{:016x}", u64::from_le_bytes(host::random()?));
        let mut event = event(road, facts, trace, decision_id)?;
        event.request_bytes = length as u64;
        let reserved = audit::reserve().ok();
        let verdict = match (&reserved, verdict) {
            (None, Verdict::Forward(_) | Verdict::Answer(_)) => Verdict::Refuse(Reason::AuditUnavailable.into()),
            (_, verdict) => verdict,
        };
        let mut record = Box::new(Record { reserved, event, forwarded_at: None, answer_head: Vec::new() });
        let action = record.act(road, verdict, length)?;
        let decided = host::now()?;
        record.event.gate_us = decided.saturating_sub(now);
        record.forwarded_at = (action == Action::Continue).then_some(decided);
        self.phase = Phase::Judged(record);
        Ok(action)
    }

    fn response_body(&mut self, size: usize) -> Result<(), HostError> {
        let Phase::Judged(record) = &mut self.phase else { return Ok(()) };
        if record.forwarded_at.is_some() {
            record.event.response_bytes += size as u64;
            let missing = ANSWER_HEAD.saturating_sub(record.answer_head.len());
            if missing > 0 {
                record.answer_head.extend(host::response_piece(missing.min(size))?);
            }
        }
        Ok(())
    }

    /// Refuses a request whose judging failed at the host: it must not go on.
    fn stop(&mut self, error: &HostError) -> Action {
        host::warn(&format!("lictor: a host call failed, the request is refused: {error:?}"));
        self.phase = Phase::Stopped;
        let refusal = Refusal::from(Reason::PolicyUnavailable);
        if reply::refuse(&refusal, "none").is_err() {
            host::warn("lictor: and the refusal could not be sent");
        }
        Action::Pause
    }
}

impl Record {
    fn act(&mut self, road: Road, verdict: Verdict, length: usize) -> Result<Action, HostError> {
        match verdict {
            Verdict::Pass => {}
            Verdict::Forward(body) => {
                forward::replace(road.upstream_path(), length, &body)?;
                return Ok(Action::Continue);
            }
            Verdict::Answer(document) => {
                self.event.outcome = Outcome::Allowed;
                self.event.response_bytes = reply::answer(&document)? as u64;
            }
            Verdict::Refuse(refusal) => {
                self.event.outcome = Outcome::Denied;
                self.event.reason = Some(refusal.reason);
                self.event.fault_code = Some(refusal.reason.row().code.into());
                self.event.response_bytes = reply::refuse(&refusal, &self.event.decision_id)? as u64;
            }
        }
        Ok(Action::Pause)
    }

    /// Hands the event over when the request has ended.
    fn finish(mut self) -> Result<(), HostError> {
        if let Some(forwarded_at) = self.forwarded_at {
            self.event.odoo_us = host::now()?.saturating_sub(forwarded_at);
            match xmlrpc::peek_answer(&self.answer_head) {
                Some(Ok(())) => self.event.outcome = Outcome::Allowed,
                Some(Err(code)) => {
                    self.event.outcome = Outcome::Faulted;
                    self.event.fault_code = code;
                }
                None => self.event.outcome = Outcome::Unknown,
            }
        }
        match self.reserved {
            Some(reserved) => audit::record(reserved, self.event),
            None => Ok(()),
        }
    }
}

/// A body in a Content-Encoding, or said to be in a charset that is not read.
fn is_encoded() -> Result<bool, HostError> {
    let encoding = host::request_header("content-encoding")?;
    let charset = host::request_header("content-type")?;
    let foreign = encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
    Ok(foreign || charset.is_some_and(|kind| !gate::reads_charset(&String::from_utf8_lossy(&kind))))
}

fn event(road: Road, facts: Facts, trace: Trace<'_>, decision_id: String) -> Result<Event, HostError> {
    let request_id = host::request_header("x-request-id")?
        .and_then(|id| String::from_utf8(id).ok())
        .filter(|id| id.len() <= MAX_REQUEST_ID);
    Ok(Event {
        sequence: 0,
        kind: EventKind::Call,
        count: 1,
        at: facts.now,
        decision_id,
        request_id,
        key_id: trace.key.map(|key| key.wire.id.clone()),
        user_id: trace.key.map(|key| key.user.id.clone()),
        client_ip: facts.client.map(|ip| ip.to_string()).unwrap_or_default(),
        user_agent: None,
        session: None,
        road: road.path().to_owned(),
        database: trace.key.filter(|_| trace.verified).map(|key| key.user.upstream.database.clone()),
        model: trace.model,
        method: trace.method,
        operations: trace.operations,
        record_ids: trace.record_ids,
        outcome: Outcome::Unknown,
        none_answer: false,
        reason: None,
        fault_code: None,
        gate_us: 0,
        odoo_us: 0,
        request_bytes: 0,
        response_bytes: 0,
    })
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.headers(end_of_stream).unwrap_or_else(|error| self.stop(&error))
    }

    fn on_http_request_body(&mut self, length: usize, end_of_stream: bool) -> Action {
        self.body(length, end_of_stream).unwrap_or_else(|error| self.stop(&error))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.trailers().unwrap_or_else(|error| self.stop(&error))
    }

    fn on_http_response_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        if let Err(error) = self.response_body(size) {
            host::warn(&format!("lictor: an answer could not be looked at: {error:?}"));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if let Phase::Judged(record) = std::mem::replace(&mut self.phase, Phase::Untouched)
            && let Err(error) = record.finish()
        {
            host::warn(&format!("lictor: an audit event was lost: {error:?}"));
        }
    }
}
