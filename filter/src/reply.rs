//! Answers that the gate gives itself, and what it adds to Odoo's.

use lictor_policy::rate::Quota;
use lictor_policy::refusal::Refusal;
use lictor_policy::xmlrpc::{self, Fault};

use crate::host::{self, HostError};

type Headers = Vec<(&'static str, String)>;

/// Answers with an XML-RPC document. Returns its length.
pub(crate) fn answer(document: &str, quota: Option<Quota>) -> Result<usize, HostError> {
    send(quota_headers(quota), document)
}

/// Refuses with a fault: HTTP 200, as XML-RPC clients expect. Returns its length.
pub(crate) fn refuse(refusal: &Refusal, decision_id: &str, quota: Option<Quota>) -> Result<usize, HostError> {
    let row = refusal.reason.row();
    let document = xmlrpc::write_fault(&Fault { code: row.code.into(), string: refusal.fault_string(decision_id) });
    let mut headers = quota_headers(quota);
    headers.extend(refusal.retry_after_seconds.map(|seconds| ("retry-after", seconds.to_string())));
    send(headers, &document)
}

/// Tells the rate limit in Odoo's answer.
pub(crate) fn add_quota(quota: Option<Quota>) -> Result<(), HostError> {
    quota_headers(quota).iter().try_for_each(|(name, value)| host::set_response_header(name, value))
}

fn quota_headers(quota: Option<Quota>) -> Headers {
    let Some(Quota { limit, remaining, reset }) = quota else { return Headers::new() };
    vec![
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ]
}

fn send(headers: Headers, document: &str) -> Result<usize, HostError> {
    let mut all = vec![("content-type", "text/xml")];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    host::respond(200, all, document.as_bytes())?;
    Ok(document.len())
}
