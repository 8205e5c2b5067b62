//! The services `object` and `common`, over XML-RPC and over JSON-RPC.

use std::borrow::Cow;

use crate::call::{Call, Common, Malformed, jsonrpc};
use crate::decide::{Grant, authenticate};
use crate::formats::json;
use crate::formats::value::Value;
use crate::formats::xmlrpc::{self, DecodeError, MethodCall};
use crate::gate::others::Other;
use crate::gate::{
    Asked, Body, Forward, OPEN, Stop, Verdict, has_key, misshapen, no_databases, readable, reply, unread,
};
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Service};
use crate::wire::Enforcement;

impl<'s> Asked<'s, '_> {
    /// A request over XML-RPC.
    pub(super) fn xmlrpc(&mut self, body: Body<'_>) -> Result<Verdict, Stop> {
        let bytes = readable(self.policy, body)?;
        let text = xmlrpc::decode(bytes).map_err(|problem| match problem {
            DecodeError::Encoding(problem) => unread(Refusal::unsupported(&problem)),
            DecodeError::Read(problem) => misshapen(problem),
        })?;
        let call = xmlrpc::read_call(&text).map_err(misshapen)?;
        if self.road.service() == Service::Common {
            return self.common(call);
        }
        let (call, grant) = self.object(call)?;
        let document = xmlrpc::write_call(&call.forwarded(&grant.key.user.upstream), room(bytes));
        Ok(self.forward(reply::XML, document, &grant))
    }

    /// A request over JSON-RPC.
    pub(super) fn jsonrpc(&mut self, body: Body<'_>) -> Result<Verdict, Stop> {
        let required = self.policy.enforcement() == Enforcement::Require;
        let bytes = readable(self.policy, body)?;
        // Where the database service is closed, what cannot be read might be a call of it.
        let closed = |stop| if required { stop_all(stop) } else { stop };
        let body = json::read(bytes).map_err(|problem| closed(misshapen(problem)))?;
        let id = jsonrpc::id(&body);
        self.trace.rpc_id = Some(id.clone());
        let request = jsonrpc::read(body).map_err(|problem| closed(misshapen(problem)))?;
        match request.service.as_ref() {
            "common" => self.common(request.call),
            "object" => {
                let (call, grant) = self.object(request.call)?;
                let forwarded = call.forwarded(&grant.key.user.upstream);
                let document = jsonrpc::write_call("object", &forwarded, &id, room(bytes));
                Ok(self.forward(reply::JSON, document, &grant))
            }
            _ => Err(closed(Stop::Other(Other::Keyless(no_databases())))),
        }
    }

    /// A call of the `object` service: decided on, if it carries a key.
    fn object<'c>(&mut self, call: MethodCall<'c>) -> Result<(Call<'c>, Grant<'s>), Stop> {
        let mut call = Call::read(call).map_err(|Malformed { password, problem }| match has_key(&password) {
            Ok(()) => self.malformed(&password, problem),
            // A key somewhere else in what is no call may be half of one.
            Err(_) => unread(Reason::KeyRequired.into()),
        })?;
        has_key(&call.password)?;
        if !self.policy.is_secured(self.road) && self.policy.enforcement() == Enforcement::Block {
            return Err(Stop::Refused(Reason::EndpointBlocked.into()));
        }
        let grant = self.decide(&call)?;
        grant.rewrite.apply(&mut call);
        Ok((call, grant))
    }

    /// A call of the `common` service. A Lictor key is answered by the gate in every mode that looks, as clients of the
    /// secured road come here first.
    fn common(&mut self, call: MethodCall<'_>) -> Result<Verdict, Stop> {
        let call = Common::read(call).map_err(misshapen)?;
        let Common::Authenticate { database, login, password } = call else {
            return Err(if self.road == Road::ModuleCommon {
                Stop::Other(Other::Open { path: Some(self.road.upstream_path()) })
            } else {
                OPEN
            });
        };
        has_key(&password)?;
        self.trace.method = Some("authenticate".to_owned());
        let (snapshot, caller) = (self.policy.snapshot()?, (&*database, &*login, &*password));
        let answer = authenticate(snapshot, caller, self.facts, self.state, self.trace).map_err(Stop::Refused)?;
        let (value, denied, would_deny) = match answer {
            Ok(grant) => (Value::Int(grant.key.user.upstream.uid), None, grant.would_deny),
            Err(reason) => (Value::Bool(false), Some(reason), None),
        };
        Ok(Verdict::Answer { reply: reply::value(self.road, &value, self.trace.rpc_id.as_deref()), denied, would_deny })
    }

    fn forward(&self, kind: &'static str, document: String, grant: &Grant<'_>) -> Verdict {
        Verdict::Forward(Forward {
            path: Cow::Borrowed(self.road.upstream_path()),
            kind,
            headers: Vec::new(),
            document,
            would_deny: grant.would_deny,
        })
    }
}

/// Nobody is let by with it.
fn stop_all(stop: Stop) -> Stop {
    match stop {
        Stop::Other(Other::Keyless(refusal) | Other::Unread(refusal)) => Stop::Other(Other::Closed(refusal)),
        other => other,
    }
}

/// What is written anew is a little longer than what came.
fn room(body: &[u8]) -> usize {
    body.len() + body.len() / 4
}
