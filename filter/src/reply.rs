//! Answers that the gate gives itself, and what it adds to Odoo's.

use lictor_policy::gate::reply::{self, Reply};
use lictor_policy::memory::rate::Quota;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;

use crate::answers;
use crate::host::{self, HostError, Response};

/// Envoy takes a 400 that a filter sends for a sign that the connection cannot be read on, and closes it with the requests
/// that are in it. So this status is sent in its place, which the gate never answers, and made 400 on its way.
const BAD_REQUEST: u16 = 400;
const STANDS_FOR_BAD_REQUEST: u16 = 422;

type Headers = Vec<(&'static str, String)>;

/// Sends an answer, which may be a no. Returns its length.
pub(crate) fn answer(
    reply: &Reply,
    quota: Option<Quota>,
    denied: Option<Reason>,
    would_deny: Option<Reason>,
) -> Result<usize, HostError> {
    log_reason("lictor_reason", denied)?;
    log_reason("lictor_would_deny", would_deny)?;
    send(reply, headers(quota, would_deny))
}

/// Refuses in the road's form. `id` is that of a JSON-RPC request, as JSON. Returns the length.
pub(crate) fn refuse(
    road: Road,
    refusal: &Refusal,
    decision_id: &str,
    id: Option<&str>,
    quota: Option<Quota>,
) -> Result<usize, HostError> {
    log_reason("lictor_reason", Some(refusal.reason))?;
    let mut headers = headers(quota, None);
    headers.extend(refusal.retry_after_seconds.map(|seconds| ("retry-after", seconds.to_string())));
    send(&reply::refusal(road, refusal, decision_id, id), headers)
}

/// Looks at an answer of the gate's own on its way to the client.
pub(crate) fn passes() -> Result<(), HostError> {
    if host::response_status()? != STANDS_FOR_BAD_REQUEST {
        return Ok(());
    }
    host::set_response_header(":status", "400")
}

/// Tells in an answer to what went on what is left of the rate limit; there and in the access log, why the call would have
/// been refused out of shadow; in the access log alone, why a limit behind the filter has refused it.
pub(crate) fn add_headers(
    quota: Option<Quota>,
    denied: Option<Reason>,
    would_deny: Option<Reason>,
) -> Result<(), HostError> {
    log_reason("lictor_reason", denied)?;
    log_reason("lictor_would_deny", would_deny)?;
    headers(quota, would_deny).iter().try_for_each(|(name, value)| host::set_response_header(name, value))
}

/// Leaves a reason for the access log.
fn log_reason(name: &str, reason: Option<Reason>) -> Result<(), HostError> {
    reason.map_or(Ok(()), |reason| host::tell_access_log(name, reason.row().name))
}

fn headers(quota: Option<Quota>, would_deny: Option<Reason>) -> Headers {
    let mut headers = Headers::new();
    if let Some(Quota { limit, remaining, reset }) = quota {
        headers.extend([
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
        ]);
    }
    headers.extend(would_deny.map(|reason| ("x-lictor-would-deny", reason.row().name.to_owned())));
    headers
}

fn send(reply: &Reply, headers: Headers) -> Result<usize, HostError> {
    let mut all = vec![("content-type", reply.kind)];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    let status = if reply.status == BAD_REQUEST { STANDS_FOR_BAD_REQUEST } else { reply.status };
    answers::send(Response::new(status.into(), &all, reply.document.as_bytes()))?;
    Ok(reply.document.len())
}
