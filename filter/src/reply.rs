//! Answers that the gate gives itself, and what it adds to Odoo's.

use lictor_policy::rate::Quota;
use lictor_policy::refusal::Refusal;
use lictor_policy::road::{Road, Service};
use lictor_policy::xmlrpc::{self, Fault};
use serde_json::json;

use crate::host::{self, HostError};

type Headers = Vec<(&'static str, String)>;

const XML: &str = "text/xml";

/// Answers with an XML-RPC document. Returns its length.
pub(crate) fn answer(document: &str, quota: Option<Quota>) -> Result<usize, HostError> {
    send(200, XML, quota_headers(quota), document)
}

/// Refuses: on the XML-RPC roads with a fault and HTTP 200, as their clients expect; on the JSON roads with the status,
/// in Odoo's shape of an error. Returns the length.
pub(crate) fn refuse(
    road: Road,
    refusal: &Refusal,
    decision_id: &str,
    quota: Option<Quota>,
) -> Result<usize, HostError> {
    let (row, text) = (refusal.reason.row(), refusal.fault_string(decision_id));
    host::tell_access_log("lictor_reason", row.name)?;
    let mut headers = quota_headers(quota);
    headers.extend(refusal.retry_after_seconds.map(|seconds| ("retry-after", seconds.to_string())));
    if road.service() == Service::Json {
        let error = json!({"name": row.name, "message": text, "arguments": [], "context": {}, "debug": ""});
        return send(row.code.into(), "application/json", headers, &error.to_string());
    }
    send(200, XML, headers, &xmlrpc::write_fault(&Fault { code: row.code.into(), string: text }))
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

fn send(status: u32, kind: &str, headers: Headers, document: &str) -> Result<usize, HostError> {
    let mut all = vec![("content-type", kind)];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    host::respond(status, all, document.as_bytes())?;
    Ok(document.len())
}
