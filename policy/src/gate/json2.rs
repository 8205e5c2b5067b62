//! JSON-2: the head carries the key and names the call, the body its arguments.

use std::borrow::Cow;

use crate::call::json2;
use crate::decide::{Facts, State, Trace, decide, malformed, recognise};
use crate::formats::json;
use crate::formats::value::{Members, Value};
use crate::gate::{Body, Forward, Policy, Stop, Verdict, has_key, misshapen, readable, reply};
use crate::key::{Key, Presented};
use crate::refusal::{Reason, Refusal};
use crate::secret::Secret;
use crate::snapshot::Snapshot;
use crate::wire::Enforcement;

/// What the headers say.
pub(crate) struct Head<'s, 'r> {
    snapshot: &'s Snapshot,
    key: &'r str,
    target: (String, String),
}

/// What the headers alone can refuse is refused before the body has come.
pub(crate) fn head<'s, 'r>(policy: Policy<'s>, body: Body<'_>, facts: Facts<'r>) -> Result<Head<'s, 'r>, Stop> {
    let token = json2::bearer(facts.head.authorization).unwrap_or_default();
    let key = std::str::from_utf8(token).unwrap_or_default();
    has_key(key)?;
    let snapshot = policy.snapshot.ok_or_else(|| Stop::Refused(Reason::PolicyUnavailable.into()))?;
    if policy.enforcement() == Enforcement::Block {
        return Err(Stop::Refused(Reason::EndpointBlocked.into()));
    }
    match Key::recognise(key) {
        Presented::Key(presented) if snapshot.has_key(presented.prefix()) => {}
        _ => return Err(Stop::Refused(Reason::InvalidKey.into())),
    }
    if !matches!(body, Body::Unread) {
        readable(policy, body).map_err(Stop::refused)?;
    }
    let target = json2::target(facts.head.path);
    let target = target.ok_or_else(|| misshapen("its path must be /json/2/<model>/<method>").refused())?;
    Ok(Head { snapshot, key, target })
}

pub(crate) fn judge<'s>(
    policy: Policy<'s>,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let found = head(policy, body, facts);
    if let Ok(Head { .. }) | Err(Stop::Refused(_)) = &found
        && let Some((model, method)) = json2::target(facts.head.path)
    {
        (trace.model, trace.method) = (Some(model), Some(method));
    }
    let Head { snapshot, key, target } = found?;
    let bytes = readable(policy, body).map_err(Stop::refused)?;
    let arguments = match bytes {
        [] => Value::Struct(Members::new()),
        bytes => json::read(bytes).map_err(|problem| {
            recognise(snapshot, key, facts, state, trace);
            Stop::Refused(malformed(problem))
        })?,
    };
    let call = json2::read(target, facts.head.database, key, arguments);
    let call = call.map_err(|problem| {
        recognise(snapshot, key, facts, state, trace);
        Stop::Refused(malformed(problem))
    })?;
    let grant = decide(snapshot, &call, facts, state, trace).map_err(Stop::Refused)?;
    let upstream = &grant.key.user.upstream;
    if !json2::takes(upstream) {
        return Err(Stop::Refused(Refusal::explained(
            Reason::EndpointBlocked,
            "On this road Odoo takes API keys only, and the key's user has a password there; an administrator would \
             have to give the user an Odoo API key. /xmlrpc/2/mcp takes the call.",
        )));
    }
    // A request that ends with its headers cannot be given a body, and Odoo takes none for no arguments, as the gate does.
    let is_empty = bytes.is_empty()
        && call.kwargs.is_empty()
        && call.args.iter().all(|ids| ids.as_array().is_some_and(<[_]>::is_empty));
    let (path, mut document) = json2::write(call, bytes.len() + bytes.len() / 4);
    if is_empty {
        document.clear();
    }
    let bearer = Secret::new(format!("Bearer {}", upstream.secret.expose()));
    let headers = vec![("authorization", bearer), ("x-odoo-database", Secret::new(upstream.database.clone()))];
    Ok(Verdict::Forward(Forward {
        path: Cow::Owned(path),
        kind: reply::JSON,
        headers,
        document,
        would_deny: grant.would_deny,
    }))
}
