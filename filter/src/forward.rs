//! What a forwarded request is made of: an allow-list of headers, and the body written anew.

use lictor_policy::gate::{self, Forward};

use crate::headers::{GUARD, Headers};
use crate::host::{self, HostError};
use crate::limits;
use crate::record::Record;

/// Headers that Odoo or the mesh needs and that carry no credential. Everything else is the client's own affair.
const FORWARDED: &[&str] = &[
    ":authority",
    ":method",
    ":path",
    ":scheme",
    "accept-language",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-envoy-external-address",
    "x-forwarded-for",
    "x-forwarded-proto",
    GUARD.0,
    "x-request-id",
];

/// Headers that are written anew: those that came need not be removed first.
const WRITTEN: &[&str] = &["content-length", "content-type"];

/// Puts a call in the place of the buffered body of `length` bytes and its head. What the request has already is left
/// as it is: replacing all headers costs several times as much.
///
/// # Errors
/// Of the host: the request must not go on then.
pub(crate) fn replace(headers: &Headers, call: &Forward, length: usize, record: &Record) -> Result<(), HostError> {
    // Envoy corrects no length; a wrong one would make the connection to Odoo unreadable.
    let size = call.document.len().to_string();
    host::set_request_header("content-length", &size)?;
    for (name, value) in [(":path", call.path.as_ref()), ("content-type", call.kind)] {
        if !headers.is_exactly(name, value.as_bytes()) {
            host::set_request_header(name, value)?;
        }
    }
    let is_one_of = |names: &[&str], name: &[u8]| names.iter().any(|known| known.as_bytes() == name);
    // A client may have put its key anywhere. Envoy's own headers hold none, and a request cannot be without them.
    let stays = |(name, value): (&[u8], &[u8])| {
        is_one_of(WRITTEN, name) || (is_one_of(FORWARDED, name) && (name.starts_with(b":") || !gate::is_marked(value)))
    };
    for header in headers.iter().filter(|header| !stays(*header)) {
        host::remove_request_header(header.0)?;
    }
    for (name, value) in &call.headers {
        host::set_request_header(name, value.expose())?;
    }
    for (name, value) in limits::headers(record.line.as_deref(), &record.event) {
        host::set_request_header(name, value)?;
    }
    // A request that ended with its headers has no body that could be replaced.
    if length == 0 && call.document.is_empty() {
        return Ok(());
    }
    host::replace_request_body(length, call.document.as_bytes())
}
