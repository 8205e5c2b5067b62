//! A permitted call that waits for its intent to be stored.

use lictor_policy::gate::{Asked, Body, Verdict};
use lictor_policy::refusal::Reason;

use crate::arrived::Arrived;
use crate::audit::intent::{Intent, is_stored};
use crate::host::{self, Action, HostError};
use crate::record::Record;
use crate::request::verdict::call;
use crate::request::{Phase, Request};
use crate::shared::lines::SecondLook;
use crate::{forward, reservation};

pub(crate) struct Waiting {
    pub(crate) record: Record,
    pub(crate) intent: Intent,
    pub(crate) arrived: Arrived,
    /// The call that brings the answer.
    pub(crate) token: u32,
    /// The snapshot that permitted it.
    policy_id: u64,
    /// The client's body, should the policy have changed when the answer comes.
    body: Vec<u8>,
    /// The length of what stands in its place now.
    forwarded_length: usize,
}

impl Request {
    /// Sends the intent of a permitted call, and waits for it to be stored.
    pub(crate) fn wait(
        &mut self,
        arrived: Arrived,
        policy_id: u64,
        mut record: Record,
        body: &[u8],
        forwarded_length: usize,
    ) -> Result<Action, HostError> {
        let reserved = reservation::reserve(call(&record.event, true), record.event.at);
        let (Some(worker), Ok(reserved)) = (&self.worker, reserved) else {
            return self.refuse(arrived.road, record, &Reason::AuditUnavailable.into());
        };
        let intent = Intent::of(reserved, &record.event);
        record.follows_intent();
        let Ok(token) = intent.send(worker) else {
            intent.queue()?;
            return self.refuse(arrived.road, record, &Reason::AuditUnavailable.into());
        };
        worker.waits(token, self.id);
        let body = body.to_vec();
        self.phase =
            Phase::Waiting(Box::new(Waiting { record, intent, arrived, token, policy_id, body, forwarded_length }));
        Ok(Action::Pause)
    }

    /// The answer to an intent: the call goes on if it was stored, and if the policy still permits it.
    pub(crate) fn intent_answered(&mut self, token: u32) -> Result<(), HostError> {
        let waiting = match std::mem::replace(&mut self.phase, Phase::Stopped) {
            Phase::Waiting(waiting) if waiting.token == token => *waiting,
            other => {
                self.phase = other;
                return Ok(());
            }
        };
        let Waiting { mut record, intent, arrived, policy_id, body, forwarded_length, .. } = waiting;
        let road = arrived.road;
        if !is_stored()? {
            intent.queue()?;
            return self.refuse(road, record, &Reason::AuditUnavailable.into()).map(drop);
        }
        let in_force = self.in_force()?;
        if in_force.current.id != policy_id {
            let look = |asked: Asked<'_, '_>| asked.judge(Body::Whole(&body));
            match self.ask_with(&mut SecondLook::default(), &arrived, &in_force, look)?.0 {
                Verdict::Forward(call) => {
                    forward::replace(&arrived.headers, &call, forwarded_length, &record)?;
                    // What limits would have refused is known from the first look only.
                    record.event.would_deny = record.event.would_deny.or(call.would_deny);
                }
                Verdict::Refuse(refusal) => return self.refuse(road, record, &refusal).map(drop),
                Verdict::Pass(_) | Verdict::PassTo(..) | Verdict::Answer { .. } => {
                    return self.refuse(road, record, &Reason::PolicyUnavailable.into()).map(drop);
                }
            }
        }
        record.forwarded(in_force.now);
        self.phase = Phase::Judged(Box::new(record));
        host::resume_request()
    }

    /// Ends the wait of a call that is not forwarded after all: its intent may be stored or not, and must not be missing.
    pub(crate) fn abandon(&self, waiting: Waiting) -> Record {
        let Waiting { mut record, intent, token, .. } = waiting;
        self.worker.as_ref().and_then(|worker| worker.waited(token));
        if let Err(error) = intent.queue() {
            host::warn(&format!("lictor: an intent was lost: {error:?}"));
        }
        record.refused(&Reason::AuditUnavailable.into());
        record
    }
}
