//! The only room that talks to the host, over proxy-wasm's functions as they are. In a dynamic module `module` has functions
//! like them.
//!
//! Every status of every call is a `Result` here. The SDK's calls panic on statuses that they do not expect, and its
//! dispatcher on contexts and answers that it does not know; a panic ends the worker's VM, and with it every request that
//! the worker has. Text from outside is bytes: no header has to be UTF-8.

#[cfg(target_arch = "wasm32")]
mod abi;
#[cfg(all(not(target_arch = "wasm32"), any(test, not(feature = "module"))))]
#[path = "fake.rs"]
pub(crate) mod abi;
#[cfg(all(feature = "module", not(test)))]
#[path = "module/mod.rs"]
pub(crate) mod abi;
#[cfg(test)]
#[path = "module/memory.rs"]
mod memory;
#[cfg(test)]
#[path = "module/periodic.rs"]
mod periodic;
mod wake;

#[cfg(any(not(feature = "module"), test))]
pub(crate) use wake::is_bell;
pub(crate) use wake::{open_bell, wake, wake_after};

use std::cell::RefCell;
use std::time::Duration;

use lictor_policy::wire::UnixMicros;

/// What Envoy does with a piece of a request or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Passes it on.
    Continue = 0,
    /// Keeps it.
    Pause = 1,
}

/// proxy-wasm's numbers of statuses.
mod status {
    pub(super) const OK: u32 = 0;
    pub(super) const NOT_FOUND: u32 = 1;
    pub(super) const PARSE_FAILURE: u32 = 4;
    pub(super) const EMPTY: u32 = 7;
    pub(super) const CAS_MISMATCH: u32 = 8;
}

/// proxy-wasm's numbers of maps.
mod map {
    pub(super) const REQUEST_HEADERS: u32 = 0;
    pub(super) const REQUEST_TRAILERS: u32 = 1;
    pub(super) const RESPONSE_HEADERS: u32 = 2;
    pub(super) const CALL_HEADERS: u32 = 6;
}

/// proxy-wasm's numbers of buffers.
mod buffer {
    pub(super) const REQUEST_BODY: u32 = 0;
    pub(super) const RESPONSE_BODY: u32 = 1;
    pub(super) const CALL_BODY: u32 = 4;
    pub(super) const PLUGIN_CONFIGURATION: u32 = 7;
}

/// proxy-wasm's number of a warning, and of the request among the streams.
const WARN: u32 = 3;
const REQUEST: u32 = 0;

/// A host call that failed, with proxy-wasm's number of the status.
#[derive(Debug)]
pub(crate) struct HostError(u32);

impl HostError {
    /// What the host wrote is not in proxy-wasm's form.
    pub(crate) fn unreadable() -> Self {
        Self(status::PARSE_FAILURE)
    }

    /// Whether someone else wrote the entry in between.
    pub(crate) fn is_mismatch(&self) -> bool {
        self.0 == status::CAS_MISMATCH
    }
}

fn check(status: u32) -> Result<(), HostError> {
    if status == status::OK { Ok(()) } else { Err(HostError(status)) }
}

/// What the host handed over with a status; `none` are statuses that say that there is nothing. Nothing with a good status
/// is something of no length.
fn given((status, bytes): (u32, Option<Vec<u8>>), none: u32) -> Result<Option<Vec<u8>>, HostError> {
    if status == none { Ok(None) } else { check(status).map(|()| Some(bytes.unwrap_or_default())) }
}

/// A map of text as proxy-wasm writes it: how many pairs, the lengths of each name and value, then each with a byte 0
/// behind it. Numbers have four bytes, the lowest first.
fn pairs(map: &[(&str, &str)]) -> Vec<u8> {
    let number = |length: usize| (length as u32).to_le_bytes();
    let mut bytes =
        Vec::with_capacity(4 + map.iter().map(|(name, value)| name.len() + value.len() + 10).sum::<usize>());
    bytes.extend(number(map.len()));
    map.iter().for_each(|(name, value)| bytes.extend([number(name.len()), number(value.len())].as_flattened()));
    for text in map.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// The wall clock.
pub(crate) fn now() -> Result<UnixMicros, HostError> {
    let (status, nanoseconds) = abi::current_time();
    check(status).map(|()| nanoseconds / 1000)
}

/// Writes to Envoy's log. Never bodies, header values, keys or configuration.
pub(crate) fn warn(message: &str) {
    // A log line that cannot be written cannot be reported either.
    let _ = abi::log(WARN, message.as_bytes());
}

/// Random bytes from the host's cryptographic source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], HostError> {
    let mut bytes = [0; N];
    check(abi::random(&mut bytes)).map(|()| bytes)
}

/// A random number, for names that nobody has to guess. One host call gives many.
pub(crate) fn random_number() -> Result<u64, HostError> {
    const NUMBERS: usize = 64;
    thread_local! {
        static DRAWN: RefCell<Vec<[u8; 8]>> = const { RefCell::new(Vec::new()) };
    }
    DRAWN.with_borrow_mut(|drawn| {
        if drawn.is_empty() {
            drawn.extend(random::<{ NUMBERS * 8 }>()?.as_chunks().0);
        }
        Ok(drawn.pop().map_or(0, u64::from_le_bytes))
    })
}

/// Asks for `on_tick` on this thread.
pub(crate) fn tick_every(period: Duration) -> Result<(), HostError> {
    check(abi::set_tick_period(milliseconds(period)))
}

/// The plugin configuration.
pub(crate) fn plugin_configuration() -> Result<Vec<u8>, HostError> {
    let given = given(abi::buffer(buffer::PLUGIN_CONFIGURATION, 0, usize::MAX), status::NOT_FOUND)?;
    Ok(given.unwrap_or_default())
}

/// Sets a request header. Changing `:path` has the route chosen anew.
pub(crate) fn set_request_header(name: &str, value: &str) -> Result<(), HostError> {
    check(abi::set_map_value(map::REQUEST_HEADERS, name.as_bytes(), value.as_bytes()))
}

/// All request headers, in proxy-wasm's form of a map.
pub(crate) fn request_headers() -> Result<Vec<u8>, HostError> {
    let (status, bytes) = abi::map(map::REQUEST_HEADERS);
    check(status).map(|()| bytes.unwrap_or_default())
}

/// Removes a request header, all its values.
pub(crate) fn remove_request_header(name: &[u8]) -> Result<(), HostError> {
    check(abi::remove_map_value(map::REQUEST_HEADERS, name))
}

/// Removes all request trailers.
pub(crate) fn remove_request_trailers() -> Result<(), HostError> {
    check(abi::set_map(map::REQUEST_TRAILERS, &pairs(&[])))
}

/// The buffered request body, of the length that Envoy says.
///
/// # Errors
/// Of the host; also when it gives less, as a call is never judged by a part of its body.
pub(crate) fn request_body(length: usize) -> Result<Vec<u8>, HostError> {
    if length == 0 {
        return Ok(Vec::new());
    }
    let (status, body) = abi::buffer(buffer::REQUEST_BODY, 0, length);
    check(status)?;
    body.filter(|body| body.len() == length).ok_or_else(HostError::unreadable)
}

/// Replaces the buffered request body of the given length. There is none before the first piece of a body has come, and
/// none will come of a request that ends with its headers.
pub(crate) fn replace_request_body(length: usize, body: &[u8]) -> Result<(), HostError> {
    check(abi::set_buffer(buffer::REQUEST_BODY, 0, length, body))
}

/// Lets a paused request go on.
pub(crate) fn resume_request() -> Result<(), HostError> {
    check(abi::continue_stream(REQUEST))
}

/// The HTTP status of the answer; 0 if there is none that can be read.
pub(crate) fn response_status() -> Result<u16, HostError> {
    let status = given(abi::map_value(map::RESPONSE_HEADERS, b":status"), status::NOT_FOUND)?;
    Ok(status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok()).unwrap_or_default())
}

/// Sets a header of the answer.
pub(crate) fn set_response_header(name: &str, value: &str) -> Result<(), HostError> {
    check(abi::set_map_value(map::RESPONSE_HEADERS, name.as_bytes(), value.as_bytes()))
}

/// A part of the piece of the answer that is passing.
pub(crate) fn response_piece(start: usize, length: usize) -> Result<Vec<u8>, HostError> {
    Ok(given(abi::buffer(buffer::RESPONSE_BODY, start, length), status::NOT_FOUND)?.unwrap_or_default())
}

/// An answer in Odoo's place.
pub(crate) struct Response {
    status: u32,
    headers: Vec<u8>,
    body: Vec<u8>,
}

impl Response {
    /// An answer that is not sent yet.
    pub(crate) fn new(status: u32, headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self { status, headers: pairs(headers), body: body.to_vec() }
    }

    /// Answers the request.
    pub(crate) fn send(&self) -> Result<(), HostError> {
        check(abi::respond(self.status, &self.headers, &self.body))
    }
}

/// Does something for another request of this thread, in the midst of one's own.
pub(crate) fn instead_of<T>(other: u32, own: u32, act: impl FnOnce() -> Result<T, HostError>) -> Result<T, HostError> {
    turn_to(other)?;
    let done = act();
    turn_to(own)?;
    done
}

/// A property of the request or connection that is text.
pub(crate) fn text_property(path: &[&str]) -> Result<Option<String>, HostError> {
    let value = given(abi::property(path.join("\0").as_bytes()), status::NOT_FOUND)?;
    Ok(value.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Leaves a text for Envoy's access log: `%FILTER_STATE(wasm.<name>:PLAIN)%`.
pub(crate) fn tell_access_log(name: &str, text: &str) -> Result<(), HostError> {
    check(abi::set_property(name.as_bytes(), text.as_bytes()))
}

/// A value in shared data, and the number that a compare-and-set needs.
pub(crate) struct Shared {
    /// The value; empty if there is none.
    pub(crate) value: Vec<u8>,
    version: u32,
}

/// Reads shared data.
pub(crate) fn shared(name: &str) -> Result<Shared, HostError> {
    // Envoy creates an entry only if it is absent when it is compared with the largest number.
    const ABSENT: u32 = u32::MAX;
    let (status, value, version) = abi::shared_data(name.as_bytes());
    match given((status, value), status::NOT_FOUND)? {
        Some(value) => Ok(Shared { value, version: if version == 0 { ABSENT } else { version } }),
        None => Ok(Shared { value: Vec::new(), version: ABSENT }),
    }
}

/// Writes shared data if it is still what was read.
///
/// # Errors
/// [`HostError::is_mismatch`] if it is not.
pub(crate) fn set_shared(name: &str, read: &Shared, value: &[u8]) -> Result<(), HostError> {
    check(abi::set_shared_data(name.as_bytes(), value, read.version))
}

/// Writes shared data whatever it was.
pub(crate) fn overwrite_shared(name: &str, value: &[u8]) -> Result<(), HostError> {
    check(abi::set_shared_data(name.as_bytes(), value, 0))
}

/// Opens a shared queue, or makes this thread the one that Envoy wakes for what is appended to it.
pub(crate) fn queue(name: &str) -> Result<u32, HostError> {
    let (status, queue) = abi::register_queue(name.as_bytes());
    check(status).map(|()| queue)
}

/// Appends to a shared queue.
pub(crate) fn enqueue(queue: u32, value: &[u8]) -> Result<(), HostError> {
    check(abi::enqueue(queue, value))
}

/// Takes the oldest entry of a shared queue.
pub(crate) fn dequeue(queue: u32) -> Result<Option<Vec<u8>>, HostError> {
    given(abi::dequeue(queue), status::EMPTY)
}

/// Starts an HTTP call to a cluster; the answer comes to the root context with the same number.
pub(crate) fn call(cluster: &str, headers: &[(&str, &str)], body: &[u8], timeout: Duration) -> Result<u32, HostError> {
    let (status, token) = abi::http_call(cluster.as_bytes(), &pairs(headers), body, milliseconds(timeout));
    check(status).map(|()| token)
}

/// Makes the calls that follow be about a request, where Envoy has called another context.
pub(crate) fn turn_to(request: u32) -> Result<(), HostError> {
    check(abi::set_effective_context(request))
}

/// A header of the answer to an HTTP call.
pub(crate) fn call_header(name: &str) -> Result<Option<Vec<u8>>, HostError> {
    given(abi::map_value(map::CALL_HEADERS, name.as_bytes()), status::NOT_FOUND)
}

/// The body of the answer to an HTTP call.
pub(crate) fn call_body(length: usize) -> Result<Vec<u8>, HostError> {
    Ok(given(abi::buffer(buffer::CALL_BODY, 0, length), status::NOT_FOUND)?.unwrap_or_default())
}

/// A metric that was defined.
pub(crate) struct Metric(u32);

/// Defines a number that only grows.
pub(crate) fn define_counter(name: &str) -> Result<Metric, HostError> {
    define_metric(0, name)
}

/// Defines a number that goes up and down.
pub(crate) fn define_gauge(name: &str) -> Result<Metric, HostError> {
    define_metric(1, name)
}

/// Defines a distribution.
pub(crate) fn define_histogram(name: &str) -> Result<Metric, HostError> {
    define_metric(2, name)
}

fn define_metric(kind: u32, name: &str) -> Result<Metric, HostError> {
    let (status, metric) = abi::define_metric(kind, name.as_bytes());
    check(status).map(|()| Metric(metric))
}

/// Reads a gauge: it is nearly free, since nothing is copied. 0 if Envoy's configuration rejects its name.
pub(crate) fn gauge(Metric(id): &Metric) -> Result<u64, HostError> {
    let (status, value) = abi::metric(*id);
    check(status).map(|()| value)
}

/// Adds one to a counter.
pub(crate) fn increment(Metric(id): &Metric) -> Result<(), HostError> {
    check(abi::increment_metric(*id, 1))
}

/// Sets a gauge, or adds a value to a distribution.
pub(crate) fn record(Metric(id): &Metric, value: u64) -> Result<(), HostError> {
    check(abi::record_metric(*id, value))
}

fn milliseconds(duration: Duration) -> u32 {
    duration.as_millis().try_into().unwrap_or(u32::MAX)
}
