//! What a forwarded request is made of: an allow-list of headers, and the body written anew.

use lictor_policy::gate::Forward;

use crate::headers::Headers;
use crate::host::{self, HostError};
use crate::request::GUARD;

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
pub(crate) fn replace(headers: &Headers, call: &Forward, length: usize) -> Result<(), HostError> {
    // Envoy corrects no length; a wrong one would make the connection to Odoo unreadable.
    let size = call.document.len().to_string();
    host::set_request_header("content-length", &size)?;
    for (name, value) in [(":path", call.path.as_ref()), ("content-type", call.kind)] {
        if !headers.is_exactly(name, value.as_bytes()) {
            host::set_request_header(name, value)?;
        }
    }
    let stays = |name: &[u8]| FORWARDED.iter().chain(WRITTEN).any(|known| known.as_bytes() == name);
    for name in headers.names().filter(|name| !stays(name)) {
        host::remove_request_header(name)?;
    }
    for (name, value) in &call.headers {
        host::set_request_header(name, value.expose())?;
    }
    // A request that ended with its headers has no body that could be replaced.
    if length == 0 && call.document.is_empty() {
        return Ok(());
    }
    host::replace_request_body(length, call.document.as_bytes())
}
