//! The only file that talks to the host.
//!
//! Text from outside is read as bytes: the SDK's `String` getters panic on a header byte 0xff, and a panic kills the
//! worker's VM. The SDK itself panics on statuses that Envoy does not return for these calls; Envoy then answers the
//! worker's requests with 503 until it has reloaded the VM.

use std::cell::RefCell;
use std::ptr;
use std::time::{Duration, UNIX_EPOCH};

use lictor_policy::wire::UnixMicros;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};

/// A host call that failed, with proxy-wasm's number of the status.
#[derive(Debug)]
pub(crate) struct HostError(u32);

impl From<Status> for HostError {
    fn from(status: Status) -> Self {
        Self(status as u32)
    }
}

impl HostError {
    /// What the host wrote is not in proxy-wasm's form.
    pub(crate) fn unreadable() -> Self {
        Status::ParseFailure.into()
    }

    /// Whether someone else wrote the entry in between.
    pub(crate) fn is_mismatch(&self) -> bool {
        self.0 == Status::CasMismatch as u32
    }
}

/// The wall clock.
pub(crate) fn now() -> Result<UnixMicros, HostError> {
    let since = hostcalls::get_current_time()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(since.as_secs() * 1_000_000 + UnixMicros::from(since.subsec_micros()))
}

/// Writes to Envoy's log. Never bodies, header values, keys or configuration.
pub(crate) fn warn(message: &str) {
    // A log line that cannot be written cannot be reported either.
    let _ = hostcalls::log(LogLevel::Warn, message);
}

/// Random bytes from the host's cryptographic source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], HostError> {
    let mut bytes = [0; N];
    // SAFETY: the pointer and the length are those of one live buffer, which the host fills and does not keep.
    #[allow(unsafe_code, reason = "std has no random source on this target")]
    let errno = unsafe { wasi::random_get(bytes.as_mut_ptr(), N) };
    if errno == 0 { Ok(bytes) } else { Err(Status::InternalFailure.into()) }
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

mod wasi {
    #[allow(unsafe_code, reason = "a host function")]
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn random_get(buffer: *mut u8, length: usize) -> u16;
    }
}

/// Asks for `on_tick` on this thread.
pub(crate) fn tick_every(period: Duration) -> Result<(), HostError> {
    Ok(hostcalls::set_tick_period(period)?)
}

/// The plugin configuration.
pub(crate) fn plugin_configuration() -> Result<Vec<u8>, HostError> {
    Ok(hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)?.unwrap_or_default())
}

/// Sets a request header. Changing `:path` has the route chosen anew.
pub(crate) fn set_request_header(name: &str, value: &str) -> Result<(), HostError> {
    Ok(hostcalls::set_map_value_bytes(MapType::HttpRequestHeaders, name, Some(value.as_bytes()))?)
}

/// All request headers, in proxy-wasm's form of a map. The SDK would make two allocations of each.
pub(crate) fn request_headers() -> Result<Vec<u8>, HostError> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host writes through the two pointers while they live. What it hands over it had the SDK's allocator
    // make, as a vector of this length that nobody else holds.
    #[allow(unsafe_code, reason = "a host function")]
    let (status, bytes) = unsafe {
        let status = env::proxy_get_header_map_pairs(MapType::HttpRequestHeaders as u32, &mut data, &mut size);
        let bytes = if data.is_null() { Vec::new() } else { Vec::from_raw_parts(data, size, size) };
        (status, bytes)
    };
    if status == Status::Ok as u32 { Ok(bytes) } else { Err(HostError(status)) }
}

mod env {
    #[allow(unsafe_code, reason = "a host function")]
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub(super) fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    }
}

/// Removes a request header, all its values.
pub(crate) fn remove_request_header(name: &[u8]) -> Result<(), HostError> {
    // The codecs accept only tokens as names.
    let name = std::str::from_utf8(name).map_err(|_| HostError::unreadable())?;
    Ok(hostcalls::set_map_value_bytes(MapType::HttpRequestHeaders, name, None)?)
}

/// Removes all request trailers.
pub(crate) fn remove_request_trailers() -> Result<(), HostError> {
    Ok(hostcalls::set_map_bytes(MapType::HttpRequestTrailers, Vec::new())?)
}

/// The buffered request body.
pub(crate) fn request_body(length: usize) -> Result<Vec<u8>, HostError> {
    Ok(hostcalls::get_buffer(BufferType::HttpRequestBody, 0, length)?.unwrap_or_default())
}

/// Replaces the buffered request body of the given length.
pub(crate) fn replace_request_body(length: usize, body: &[u8]) -> Result<(), HostError> {
    Ok(hostcalls::set_buffer(BufferType::HttpRequestBody, 0, length, body)?)
}

/// Lets a paused request go on.
pub(crate) fn resume_request() -> Result<(), HostError> {
    Ok(hostcalls::resume_http_request()?)
}

/// The HTTP status of the answer; 0 if there is none that can be read.
pub(crate) fn response_status() -> Result<u16, HostError> {
    let status = hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, ":status")?;
    Ok(status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok()).unwrap_or_default())
}

/// Sets a header of the answer.
pub(crate) fn set_response_header(name: &str, value: &str) -> Result<(), HostError> {
    Ok(hostcalls::set_map_value_bytes(MapType::HttpResponseHeaders, name, Some(value.as_bytes()))?)
}

/// A part of the piece of the answer that is passing.
pub(crate) fn response_piece(start: usize, length: usize) -> Result<Vec<u8>, HostError> {
    Ok(hostcalls::get_buffer(BufferType::HttpResponseBody, start, length)?.unwrap_or_default())
}

/// Answers the request in Odoo's place.
pub(crate) fn respond(status: u32, headers: Vec<(&str, &str)>, body: &[u8]) -> Result<(), HostError> {
    Ok(hostcalls::send_http_response(status, headers, Some(body))?)
}

/// Does something for another request of this thread, in the midst of one's own.
pub(crate) fn instead_of<T>(
    other: u32,
    own: u32,
    act: impl FnOnce() -> Result<T, HostError>,
) -> Result<T, HostError> {
    hostcalls::set_effective_context(other)?;
    let done = act();
    hostcalls::set_effective_context(own)?;
    done
}

/// A property of the request or connection that is text.
pub(crate) fn text_property(path: Vec<&str>) -> Result<Option<String>, HostError> {
    Ok(hostcalls::get_property(path)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Leaves a text for Envoy's access log: `%FILTER_STATE(wasm.<name>:PLAIN)%`.
pub(crate) fn tell_access_log(name: &str, text: &str) -> Result<(), HostError> {
    Ok(hostcalls::set_property(vec![name], Some(text.as_bytes()))?)
}

/// A value in shared data, and the number that a compare-and-set needs.
pub(crate) struct Shared {
    /// The value; empty if there is none.
    pub(crate) value: Vec<u8>,
    version: u32,
}

/// Reads shared data.
pub(crate) fn shared(name: &str) -> Result<Shared, HostError> {
    let (value, version) = hostcalls::get_shared_data(name)?;
    // Envoy creates an entry only if it is absent when it is compared with the largest number.
    Ok(Shared { value: value.unwrap_or_default(), version: version.unwrap_or(u32::MAX) })
}

/// Writes shared data if it is still what was read.
///
/// # Errors
/// [`HostError::is_mismatch`] if it is not.
pub(crate) fn set_shared(name: &str, read: &Shared, value: &[u8]) -> Result<(), HostError> {
    Ok(hostcalls::set_shared_data(name, Some(value), Some(read.version))?)
}

/// Writes shared data whatever it was.
pub(crate) fn overwrite_shared(name: &str, value: &[u8]) -> Result<(), HostError> {
    Ok(hostcalls::set_shared_data(name, Some(value), None)?)
}

/// Opens a shared queue.
pub(crate) fn queue(name: &str) -> Result<u32, HostError> {
    Ok(hostcalls::register_shared_queue(name)?)
}

/// Appends to a shared queue.
pub(crate) fn enqueue(queue: u32, value: &[u8]) -> Result<(), HostError> {
    Ok(hostcalls::enqueue_shared_queue(queue, Some(value))?)
}

/// Takes the oldest entry of a shared queue.
pub(crate) fn dequeue(queue: u32) -> Result<Option<Vec<u8>>, HostError> {
    Ok(hostcalls::dequeue_shared_queue(queue)?)
}

/// Starts an HTTP call to a cluster; the answer comes to `on_http_call_response` with the same number.
pub(crate) fn call(
    cluster: &str,
    headers: Vec<(&str, &str)>,
    body: Option<&[u8]>,
    timeout: Duration,
) -> Result<u32, HostError> {
    Ok(hostcalls::dispatch_http_call(cluster, headers, body, Vec::new(), timeout)?)
}

/// A header of the answer to an HTTP call.
pub(crate) fn call_header(name: &str) -> Result<Option<Vec<u8>>, HostError> {
    Ok(hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name)?)
}

/// The body of the answer to an HTTP call.
pub(crate) fn call_body(length: usize) -> Result<Vec<u8>, HostError> {
    Ok(hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, length)?.unwrap_or_default())
}

/// A metric that was defined.
pub(crate) struct Metric(u32);

/// Defines a number that only grows.
pub(crate) fn define_counter(name: &str) -> Result<Metric, HostError> {
    Ok(Metric(hostcalls::define_metric(MetricType::Counter, name)?))
}

/// Defines a number that goes up and down.
pub(crate) fn define_gauge(name: &str) -> Result<Metric, HostError> {
    Ok(Metric(hostcalls::define_metric(MetricType::Gauge, name)?))
}

/// Defines a distribution.
pub(crate) fn define_histogram(name: &str) -> Result<Metric, HostError> {
    Ok(Metric(hostcalls::define_metric(MetricType::Histogram, name)?))
}

/// Reads a gauge: it is nearly free, since nothing is copied. 0 if Envoy's configuration rejects its name.
pub(crate) fn gauge(Metric(id): &Metric) -> Result<u64, HostError> {
    Ok(hostcalls::get_metric(*id)?)
}

/// Adds one to a counter.
pub(crate) fn increment(Metric(id): &Metric) -> Result<(), HostError> {
    Ok(hostcalls::increment_metric(*id, 1)?)
}

/// Sets a gauge, or adds a value to a distribution.
pub(crate) fn record(Metric(id): &Metric, value: u64) -> Result<(), HostError> {
    Ok(hostcalls::record_metric(*id, value)?)
}
