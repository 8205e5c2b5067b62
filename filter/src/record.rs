//! The audit event of one request, from the verdict to the end of the answer.

use lictor_policy::decide::{Facts, Trace};
use lictor_policy::formats::{hex, xmlrpc};
use lictor_policy::gate::peek;
use lictor_policy::memory::rate::Quota;
use lictor_policy::records::{MAX_CHANGED, stated};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::{Road, Service};
use lictor_policy::wire::{Event, EventKind, MAX_USER_AGENT, Outcome, UnixMicros};

use crate::audit;
use crate::headers::Headers;
use crate::host::{self, HostError};
use crate::limits;
use crate::reservation::Reserved;
use crate::worker::Worker;

/// The start of an answer that tells a fault from a value.
const HEAD: usize = 4096;
/// What each new record's id adds to it, in XML.
const HEAD_PER_ID: usize = 40;
/// The end of a fault that tells whether it is one.
const TAIL: usize = 256;
const MAX_REQUEST_ID: usize = 128;

/// What is known of a judged request.
pub(crate) struct Record {
    /// Its place in the audit log; none if it could not be had (then the call was refused) or need not be.
    pub(crate) reserved: Option<Reserved>,
    /// What will be recorded.
    pub(crate) event: Event,
    /// What the rate limit leaves: told in every answer.
    pub(crate) quota: Option<Quota>,
    /// The id of a JSON-RPC request, as JSON.
    pub(crate) rpc_id: Option<String>,
    /// The line of its key, if limits behind the filter are to know it.
    pub(crate) line: Option<String>,
    road: Road,
    /// How many records the call makes, if Odoo does it: their ids are in its answer.
    created: usize,
    /// Whether the call names fields that the gate has put there.
    lists: bool,
    /// The HTTP status of Odoo's answer, where it tells a fault; else 0.
    status: u16,
    forwarded_at: Option<UnixMicros>,
    /// Whether a limit behind the filter has answered in Odoo's place.
    was_kept: bool,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// What the head says.
    peeked: Option<Result<(), Option<i64>>>,
}

impl Record {
    /// Of a request that was judged just now.
    pub(crate) fn of(road: Road, headers: &Headers, facts: Facts<'_>, mut trace: Trace<'_>) -> Result<Self, HostError> {
        let text = |name: &str, most: usize| {
            let text = headers.text(name)?;
            text.get(..text.floor_char_boundary(most)).map(str::to_owned)
        };
        let (created, lists, quota, rpc_id) = (trace.recorded.created, trace.lists, trace.quota, trace.rpc_id.take());
        let event = Event {
            request_id: text("x-request-id", MAX_REQUEST_ID),
            user_agent: text("user-agent", MAX_USER_AGENT).filter(|agent| !agent.is_empty()),
            ..trace.into_event(road, facts, hex::id(host::random_number()?))
        };
        let (head, tail) = (Vec::new(), Vec::new());
        let (line, status, forwarded_at, was_kept, peeked) = (None, 0, None, false, None);
        Ok(Self {
            reserved: None,
            event,
            quota,
            rpc_id,
            line,
            road,
            created,
            lists,
            status,
            forwarded_at,
            was_kept,
            head,
            tail,
            peeked,
        })
    }

    /// Marks it as refused.
    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        self.event.outcome = Outcome::Denied;
        self.event.reason = Some(refusal.reason);
        self.event.would_deny = None;
        self.event.fault_code = Some(refusal.reason.row().code.into());
        // Nothing was changed: refusals, of which there may be many, need not name all.
        if let Some(digest) = self.event.record_ids.shorten() {
            self.event.record_digest = Some(digest);
        }
        self.event.nested_ids.shorten();
    }

    /// Marks it as on its way to Odoo since this moment.
    pub(crate) fn forwarded(&mut self, now: UnixMicros) {
        self.forwarded_at = Some(now);
    }

    /// Marks it as kept from Odoo after all, since the host failed.
    pub(crate) fn stopped(&mut self) {
        self.forwarded_at = None;
        self.refused(&Reason::PolicyUnavailable.into());
    }

    /// Whether it went on, so that Odoo answers, or what stands before it.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.forwarded_at.is_some()
    }

    /// Looks at the head of Odoo's answer, where it tells a fault, and whether it is Odoo's.
    pub(crate) fn answer_begins(&mut self) -> Result<(), HostError> {
        if self.road.service() == Service::Json2 {
            self.status = host::response_status()?;
            self.peeked = peek::outcome(self.road, self.status, &self.head);
        }
        // Nobody is asked for it whose calls tell no limit anything.
        if self.line.is_some()
            && let Some(details) = host::text_property(&["response", "code_details"])?
            && let Some(reason) = limits::kept(&details)
        {
            self.refused(&reason.into());
            self.was_kept = true;
        }
        Ok(())
    }

    /// Looks at a piece of Odoo's answer.
    pub(crate) fn answer_piece(&mut self, size: usize) -> Result<(), HostError> {
        self.event.response_bytes += size as u64;
        let missing = self.head_room().saturating_sub(self.head.len()).min(size);
        if missing > 0 {
            self.head.extend(host::response_piece(0, missing)?);
            self.peeked = peek::outcome(self.road, self.status, &self.head);
        }
        if matches!(self.peeked, Some(Err(_))) {
            let length = size.min(TAIL);
            self.tail.extend(host::response_piece(size - length, length)?);
            self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        }
        Ok(())
    }

    /// Counts the event and hands it over, when the request has ended.
    pub(crate) fn finish(mut self, worker: Option<&Worker>) -> Result<(), HostError> {
        if let (Some(forwarded_at), false) = (self.forwarded_at, self.was_kept) {
            self.event.odoo_us = host::now()?.saturating_sub(forwarded_at);
            self.answered();
        }
        if let Some(worker) = worker {
            worker.metrics()?.ended(&self.event)?;
        }
        self.reserved.map_or(Ok(()), |reserved| audit::record(reserved, self.event))
    }

    fn answered(&mut self) {
        match self.peeked {
            Some(Ok(())) => {
                self.event.outcome = Outcome::Allowed;
                if self.created > 0 {
                    self.made();
                }
            }
            Some(Err(_)) if xmlrpc::is_none_answer(&self.tail) => {
                self.event.outcome = Outcome::Allowed;
                self.event.none_answer = true;
            }
            Some(Err(code)) => {
                self.event.outcome = Outcome::Faulted;
                self.event.fault_code = code;
                self.event.schema_stale |= peek::names_unknown_field(&self.head, &self.tail)
                    || (self.lists && code == Some(peek::ACCESS_ERROR));
            }
            None => self.event.outcome = Outcome::Unknown,
        }
    }

    /// Adds the ids of the records that were made, and tells how many they are if not all of them can be read.
    fn made(&mut self) {
        let named = self.event.record_count.map_or(self.event.record_ids.len(), |count| count as usize);
        let made = peek::numbers(self.road, &self.head, self.created.min(MAX_CHANGED));
        let is_whole = self.event.response_bytes <= self.head_room() as u64;
        let all = if is_whole { made.len() } else { self.created };
        self.event.record_ids.extend(made);
        self.event.record_count = stated(self.event.record_ids.len().max(named + all));
    }

    const fn head_room(&self) -> usize {
        let ids = if self.created < MAX_CHANGED { self.created } else { MAX_CHANGED };
        HEAD + HEAD_PER_ID * ids
    }

    /// Says that an intent went before it.
    pub(crate) fn follows_intent(&mut self) {
        self.event.kind = EventKind::Outcome;
    }
}
