//! The services `object` and `common`, over XML-RPC and over JSON-RPC.

use std::borrow::Cow;

use crate::call::{Call, Common, jsonrpc};
use crate::decide::{Facts, Grant, State, Trace, authenticate, decide, malformed, recognise};
use crate::formats::json;
use crate::formats::value::Value;
use crate::formats::xmlrpc::{self, DecodeError, MethodCall};
use crate::gate::others::Other;
use crate::gate::{
    Body, Forward, OPEN, Policy, Stop, Verdict, has_key, misshapen, no_databases, readable, reply, unread,
};
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Service};
use crate::snapshot::Snapshot;
use crate::wire::Enforcement;

/// A request over XML-RPC.
pub(crate) fn xml<'s>(
    policy: Policy<'s>,
    snapshot: &'s Snapshot,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let bytes = readable(policy, body)?;
    let text = xmlrpc::decode(bytes).map_err(|problem| match problem {
        DecodeError::Encoding(problem) => unread(Refusal::unsupported(&problem)),
        DecodeError::Read(problem) => misshapen(problem),
    })?;
    let call = xmlrpc::read_call(&text).map_err(misshapen)?;
    if road.service() == Service::Common {
        return common(snapshot, road, call, facts, state, trace);
    }
    let (call, grant) = object(policy, snapshot, road, call, facts, state, trace)?;
    let document = xmlrpc::write_call(&call.forwarded(&grant.key.user.upstream), room(bytes));
    Ok(forward(road, reply::XML, document, &grant))
}

/// A request over JSON-RPC.
pub(crate) fn json<'s>(
    policy: Policy<'s>,
    snapshot: &'s Snapshot,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let required = policy.enforcement() == Enforcement::Require;
    let bytes = readable(policy, body)?;
    // Where the database service is closed, what cannot be read might be a call of it.
    let closed = |stop| if required { stop_all(stop) } else { stop };
    let body = json::read(bytes).map_err(|problem| closed(misshapen(problem)))?;
    let id = jsonrpc::id(&body);
    trace.rpc_id = Some(id.clone());
    let request = jsonrpc::read(body).map_err(|problem| closed(misshapen(problem)))?;
    match request.service.as_ref() {
        "common" => common(snapshot, road, request.call, facts, state, trace),
        "object" => {
            let (call, grant) = object(policy, snapshot, road, request.call, facts, state, trace)?;
            let forwarded = call.forwarded(&grant.key.user.upstream);
            Ok(forward(road, reply::JSON, jsonrpc::write_call("object", &forwarded, &id, room(bytes)), &grant))
        }
        _ => Err(closed(Stop::Other(Other::Keyless(no_databases())))),
    }
}

/// Nobody is let by with it.
fn stop_all(stop: Stop) -> Stop {
    match stop {
        Stop::Other(Other::Keyless(refusal) | Other::Unread(refusal)) => Stop::Other(Other::Closed(refusal)),
        other => other,
    }
}

/// A call of the `object` service: decided on, if it carries a key.
fn object<'s, 'c>(
    policy: Policy<'_>,
    snapshot: &'s Snapshot,
    road: Road,
    call: MethodCall<'c>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<(Call<'c>, Grant<'s>), Stop> {
    let password = match call.params.get(2) {
        Some(Value::String(text)) => text.clone(),
        _ => Cow::Borrowed(""),
    };
    if has_key(&password).is_err() {
        // A key somewhere else in what is no call may be half of one.
        let other = if Call::read(call).is_ok() { Other::Keyless } else { Other::Unread };
        return Err(Stop::Other(other(Reason::KeyRequired.into())));
    }
    let call = Call::read(call).map_err(|problem| {
        recognise(snapshot, &password, facts, state, trace);
        Stop::Refused(malformed(problem))
    })?;
    if !policy.is_secured(road) && policy.enforcement() == Enforcement::Block {
        return Err(Stop::Refused(Reason::EndpointBlocked.into()));
    }
    let grant = decide(snapshot, &call, facts, state, trace).map_err(Stop::Refused)?;
    Ok((call, grant))
}

/// A call of the `common` service. A Lictor key is answered by the gate in every mode that looks, as clients of the
/// secured road come here first.
fn common<'s>(
    snapshot: &'s Snapshot,
    road: Road,
    call: MethodCall<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let call = Common::read(call).map_err(misshapen)?;
    let Common::Authenticate { database, login, password } = call else {
        return Err(if road == Road::ModuleCommon {
            Stop::Other(Other::Open { path: Some(road.upstream_path()) })
        } else {
            OPEN
        });
    };
    has_key(&password)?;
    trace.method = Some("authenticate".to_owned());
    let answer = authenticate(snapshot, (&database, &login, &password), facts, state, trace).map_err(Stop::Refused)?;
    let (value, denied, would_deny) = match answer {
        Ok(grant) => (Value::Int(grant.key.user.upstream.uid), None, grant.would_deny),
        Err(reason) => (Value::Bool(false), Some(reason), None),
    };
    Ok(Verdict::Answer { reply: reply::value(road, &value, trace.rpc_id.as_deref()), denied, would_deny })
}

fn forward(road: Road, kind: &'static str, document: String, grant: &Grant<'_>) -> Verdict {
    Verdict::Forward(Forward {
        path: Cow::Borrowed(road.upstream_path()),
        kind,
        headers: Vec::new(),
        document,
        would_deny: grant.would_deny,
    })
}

/// What is written anew is a little longer than what came.
fn room(body: &[u8]) -> usize {
    body.len() + body.len() / 4
}
