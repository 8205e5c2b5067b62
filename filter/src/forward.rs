//! What a forwarded request is made of: an allow-list of headers, and the body written anew.

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

/// Puts `body` in the place of the buffered one of `length` bytes and sends it to `path`. What the request has already
/// is left as it is: replacing all headers costs several times as much.
///
/// # Errors
/// Of the host: the request must not go on then.
pub(crate) fn replace(headers: &Headers, path: &str, length: usize, body: &str) -> Result<(), HostError> {
    for name in headers.names().filter(|name| !FORWARDED.contains(name)) {
        host::remove_request_header(name)?;
    }
    // Envoy corrects no length; a wrong one would make the connection to Odoo unreadable.
    let size = body.len().to_string();
    for (name, value) in [(":path", path), ("content-type", "text/xml"), ("content-length", &size)] {
        host::set_request_header(name, value)?;
    }
    host::replace_request_body(length, body.as_bytes())
}
