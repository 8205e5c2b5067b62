//! Answers that the gate gives itself.

use lictor_policy::refusal::Refusal;
use lictor_policy::xmlrpc::{self, Fault};

use crate::host::{self, HostError};

/// Answers with an XML-RPC document. Returns its length.
pub(crate) fn answer(document: &str) -> Result<usize, HostError> {
    host::respond(200, vec![("content-type", "text/xml")], document.as_bytes())?;
    Ok(document.len())
}

/// Refuses with a fault: HTTP 200, as XML-RPC clients expect. Returns its length.
pub(crate) fn refuse(refusal: &Refusal, decision_id: &str) -> Result<usize, HostError> {
    let row = refusal.reason.row();
    let document = xmlrpc::write_fault(&Fault { code: row.code.into(), string: refusal.fault_string(decision_id) });
    let retry_after = refusal.retry_after_seconds.map(|seconds| seconds.to_string());
    let mut headers = vec![("content-type", "text/xml")];
    if let Some(seconds) = &retry_after {
        headers.push(("retry-after", seconds));
    }
    host::respond(200, headers, document.as_bytes())?;
    Ok(document.len())
}
