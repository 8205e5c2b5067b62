//! What a forwarded request is made of: an allow-list of headers, and the body written anew.

use crate::host::{self, Header, HostError};
use crate::request::GUARD;

/// Headers that Odoo or the mesh needs and that carry no credential. Everything else is the client's own affair.
const FORWARDED: &[&str] = &[
    ":authority",
    ":method",
    ":scheme",
    "accept-language",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-envoy-external-address",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
];

/// Puts `body` in the place of the buffered one of `length` bytes and sends it to `path`.
///
/// # Errors
/// Of the host: the request must not go on then.
pub(crate) fn replace(path: &str, length: usize, body: &str) -> Result<(), HostError> {
    let headers: Vec<Header> = host::request_headers()?;
    let size = body.len().to_string();
    let mut forwarded: Vec<(&str, &[u8])> = headers
        .iter()
        .filter(|(name, _)| FORWARDED.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let (guard, passed) = GUARD;
    // Envoy corrects no length; a wrong one would make the connection to Odoo unreadable.
    for (name, value) in [(":path", path), ("content-type", "text/xml"), ("content-length", &size), (guard, passed)] {
        forwarded.push((name, value.as_bytes()));
    }
    host::replace_request_headers(forwarded)?;
    host::replace_request_body(length, body.as_bytes())
}
