//! Envoy's ABI for dynamic modules (`v0.2.0`, as Envoy 1.40 has it), declared by hand as far as it is used, from
//! `source/extensions/dynamic_modules/abi/abi.h` of Envoy's repository. Nothing else of the native filter is unsafe.
//!
//! What holds for each call: Envoy calls all hooks of a request on the one thread that serves it, and no hook after
//! `destroy`; so a [`Filter`] is live as long as the table of requests in `state.rs` has it, and a [`Config`] as long as a
//! request or the main thread has it. A slice is live memory for as long as the call takes, and Envoy keeps no pointer into
//! it; memory of Envoy's that is handed over is copied before anything else is called.

#![allow(unsafe_code, reason = "Envoy's functions take pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::slice;

/// Envoy's side of one request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filter(*mut c_void);

/// Envoy's side of a configuration.
#[derive(Clone, Copy)]
pub(crate) struct Config(*mut c_void);

// SAFETY: what is asked of a configuration from several threads are numbers, which Envoy counts atomically.
unsafe impl Send for Config {}
// SAFETY: see above.
unsafe impl Sync for Config {}

/// Wakes the thread of a request, from any thread, also when the request is gone.
pub(crate) struct Waker(*mut c_void);

// SAFETY: Envoy makes it to be used and deleted on any thread.
unsafe impl Send for Waker {}

/// Wakes the main thread on behalf of a configuration, from any thread.
pub(crate) struct MainWaker(*mut c_void);

// SAFETY: see above.
unsafe impl Send for MainWaker {}

/// Bytes of ours.
#[derive(Clone, Copy)]
#[repr(C)]
struct Ours {
    start: *const u8,
    length: usize,
}

impl Ours {
    const NONE: Self = Self { start: std::ptr::null(), length: 0 };

    fn of(bytes: &[u8]) -> Self {
        Self { start: bytes.as_ptr(), length: bytes.len() }
    }
}

/// Bytes of Envoy's.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Theirs {
    start: *const u8,
    length: usize,
}

impl Theirs {
    const NONE: Self = Self { start: std::ptr::null(), length: 0 };

    /// To be copied before Envoy is called again.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: Envoy gives the bounds of live memory.
        unsafe { bytes(self.start, self.length) }
    }
}

/// A header, of either side.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Header {
    name: *const u8,
    name_length: usize,
    value: *const u8,
    value_length: usize,
}

impl Header {
    const NONE: Self = Self { name: std::ptr::null(), name_length: 0, value: std::ptr::null(), value_length: 0 };

    fn of((name, value): &(&[u8], &[u8])) -> Self {
        Self { name: name.as_ptr(), name_length: name.len(), value: value.as_ptr(), value_length: value.len() }
    }

    fn pair(&self) -> (&[u8], &[u8]) {
        // SAFETY: Envoy gives the bounds of live memory.
        unsafe { (bytes(self.name, self.name_length), bytes(self.value, self.value_length)) }
    }
}

/// # Safety
/// The bounds are of live memory for as long as the slice is used, or null.
unsafe fn bytes<'b>(start: *const u8, length: usize) -> &'b [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, length) }
}

/// Envoy's numbers of maps.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
}

/// Envoy's numbers of bodies: the piece that has come, and what came before and was kept.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Body {
    RequestPiece = 0,
    RequestKept = 1,
    ResponsePiece = 2,
}

/// Envoy's numbers of attributes.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Attribute {
    ResponseCodeDetails = 16,
    SourceAddress = 24,
}

/// Envoy's numbers of metrics' kinds are functions; proxy-wasm's are these.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// An answer to a call of ours.
pub(crate) struct Answer {
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn log(level: u32, message: &[u8]) {
    // SAFETY: see above.
    unsafe { envoy_dynamic_module_callback_log(level, Ours::of(message)) }
}

/// What hooks are given.
impl From<*mut c_void> for Filter {
    fn from(pointer: *mut c_void) -> Self {
        Self(pointer)
    }
}

/// What hooks are given.
impl From<*mut c_void> for Config {
    fn from(pointer: *mut c_void) -> Self {
        Self(pointer)
    }
}

impl Filter {
    /// All headers of a map, in the order in which they came.
    pub(crate) fn headers<T>(self, map: Map, read: impl FnOnce(&[(&[u8], &[u8])]) -> T) -> T {
        // SAFETY: see above.
        let count = unsafe { envoy_dynamic_module_callback_http_get_headers_size(self.0, map as u32) };
        let mut headers = vec![Header::NONE; count];
        // SAFETY: the vector has as many places as Envoy has headers. Without any, Envoy writes none.
        let given = count == 0
            || unsafe { envoy_dynamic_module_callback_http_get_headers(self.0, map as u32, headers.as_mut_ptr()) };
        let pairs: Vec<_> = if given { headers.iter().map(Header::pair).collect() } else { Vec::new() };
        read(&pairs)
    }

    /// The first value of a header.
    pub(crate) fn header(self, map: Map, name: &[u8]) -> Option<Vec<u8>> {
        let mut value = Theirs::NONE;
        // SAFETY: see above; the number of values may be left out.
        let found = unsafe {
            envoy_dynamic_module_callback_http_get_header(self.0, map as u32, Ours::of(name), &mut value, 0, null_mut())
        };
        (found && !value.start.is_null()).then(|| value.bytes().to_vec())
    }

    /// Sets a header, in the place of all its values; without a value they are removed.
    pub(crate) fn set_header(self, map: Map, name: &[u8], value: Option<&[u8]>) -> bool {
        let value = value.map_or(Ours::NONE, Ours::of);
        // SAFETY: see above; a null pointer is no value.
        unsafe { envoy_dynamic_module_callback_http_set_header(self.0, map as u32, Ours::of(name), value) }
    }

    /// The length of a body; 0 also if there is none.
    pub(crate) fn body_length(self, body: Body) -> usize {
        // SAFETY: numbers only.
        unsafe { envoy_dynamic_module_callback_http_get_body_size(self.0, body as u32) }
    }

    /// Appends a body to these bytes, from a place of it and as many as still fit. False if there is none.
    pub(crate) fn read_body(self, body: Body, mut skip: usize, most: usize, into: &mut Vec<u8>) -> bool {
        // SAFETY: numbers only.
        let count = unsafe { envoy_dynamic_module_callback_http_get_body_chunks_size(self.0, body as u32) };
        let mut pieces = vec![Theirs::NONE; count];
        // SAFETY: the vector has as many places as Envoy has pieces.
        let is_there =
            unsafe { envoy_dynamic_module_callback_http_get_body_chunks(self.0, body as u32, pieces.as_mut_ptr()) };
        if !is_there {
            return false;
        }
        for piece in &pieces {
            let bytes = piece.bytes();
            let wanted = bytes.get(skip.min(bytes.len())..).unwrap_or_default();
            skip = skip.saturating_sub(bytes.len());
            let room = most.saturating_sub(into.len()).min(wanted.len());
            into.extend_from_slice(wanted.get(..room).unwrap_or_default());
        }
        true
    }

    /// Removes so many bytes from the start of a body.
    pub(crate) fn drain_body(self, body: Body, length: usize) {
        // SAFETY: numbers only. That there is none is no failure: nothing is left of it.
        let _ = unsafe { envoy_dynamic_module_callback_http_drain_body(self.0, body as u32, length) };
    }

    pub(crate) fn append_body(self, body: Body, bytes: &[u8]) -> bool {
        // SAFETY: see above.
        unsafe { envoy_dynamic_module_callback_http_append_body(self.0, body as u32, Ours::of(bytes)) }
    }

    /// Answers in the server's stead.
    pub(crate) fn respond(self, status: u32, headers: &[(&[u8], &[u8])], body: &[u8]) {
        let mut headers: Vec<_> = headers.iter().map(Header::of).collect();
        // SAFETY: see above; Envoy writes nothing into the vector, and no details are a null pointer.
        unsafe {
            envoy_dynamic_module_callback_http_send_response(
                self.0,
                status,
                headers.as_mut_ptr(),
                headers.len(),
                Ours::of(body),
                Ours::NONE,
            );
        }
    }

    /// Answers as a server does: `:status` is among the headers.
    pub(crate) fn respond_as_server(self, headers: &[(&[u8], &[u8])], body: &[u8]) {
        let mut headers: Vec<_> = headers.iter().map(Header::of).collect();
        let count = headers.len();
        // SAFETY: see above.
        unsafe {
            envoy_dynamic_module_callback_http_send_response_headers(self.0, headers.as_mut_ptr(), count, false);
            envoy_dynamic_module_callback_http_send_response_data(self.0, Ours::of(body), true);
        }
    }

    pub(crate) fn resume(self) {
        // SAFETY: see above.
        unsafe { envoy_dynamic_module_callback_http_filter_continue_decoding(self.0) }
    }

    /// Has the route chosen anew, by the headers as they are now.
    pub(crate) fn choose_route(self) {
        // SAFETY: see above.
        unsafe { envoy_dynamic_module_callback_http_clear_route_cache(self.0) }
    }

    /// Of what is known of the request beside its headers.
    pub(crate) fn attribute(self, attribute: Attribute) -> Option<Vec<u8>> {
        let mut value = Theirs::NONE;
        // SAFETY: see above.
        let found = unsafe {
            envoy_dynamic_module_callback_http_filter_get_attribute_string(self.0, attribute as u32, &mut value)
        };
        found.then(|| value.bytes().to_vec())
    }

    /// Leaves a text for the access log.
    pub(crate) fn set_state(self, name: &[u8], text: &[u8]) -> bool {
        // SAFETY: see above.
        unsafe { envoy_dynamic_module_callback_http_set_filter_state_bytes(self.0, Ours::of(name), Ours::of(text)) }
    }

    /// Calls a cluster; the answer comes to the request's hook with the number.
    pub(crate) fn call(self, cluster: &[u8], headers: &[(&[u8], &[u8])], body: &[u8], timeout_ms: u64) -> Option<u64> {
        call(envoy_dynamic_module_callback_http_filter_http_callout, self.0, cluster, headers, body, timeout_ms)
    }

    pub(crate) fn waker(self) -> Waker {
        // SAFETY: see above.
        Waker(unsafe { envoy_dynamic_module_callback_http_filter_scheduler_new(self.0) })
    }
}

impl Config {
    pub(crate) fn define(self, kind: Kind, name: &[u8]) -> Option<usize> {
        let define: Define = match kind {
            Kind::Counter => envoy_dynamic_module_callback_http_filter_config_define_counter,
            Kind::Gauge => envoy_dynamic_module_callback_http_filter_config_define_gauge,
            Kind::Histogram => envoy_dynamic_module_callback_http_filter_config_define_histogram,
        };
        let mut id = 0;
        // SAFETY: see above; there are no labels.
        let result = unsafe { define(self.0, Ours::of(name), null_mut(), 0, &mut id) };
        (result == 0).then_some(id)
    }

    /// Adds to a counter, sets a gauge, or adds a value to a distribution.
    pub(crate) fn record(self, kind: Kind, id: usize, value: u64) -> bool {
        let record: Record = match kind {
            Kind::Counter => envoy_dynamic_module_callback_http_filter_config_increment_counter,
            Kind::Gauge => envoy_dynamic_module_callback_http_filter_config_set_gauge,
            Kind::Histogram => envoy_dynamic_module_callback_http_filter_config_record_histogram_value,
        };
        // SAFETY: numbers only; there are no labels.
        let result = unsafe { record(self.0, id, null_mut(), 0, value) };
        result == 0
    }

    /// Calls a cluster from the main thread; the answer comes to the configuration's hook with the number.
    pub(crate) fn call(self, cluster: &[u8], headers: &[(&[u8], &[u8])], body: &[u8], timeout_ms: u64) -> Option<u64> {
        call(envoy_dynamic_module_callback_http_filter_config_http_callout, self.0, cluster, headers, body, timeout_ms)
    }

    pub(crate) fn waker(self) -> MainWaker {
        // SAFETY: see above.
        MainWaker(unsafe { envoy_dynamic_module_callback_http_filter_config_scheduler_new(self.0) })
    }
}

/// Has a request or a configuration call a cluster; the number of the call.
fn call(
    call: Call,
    of: *mut c_void,
    cluster: &[u8],
    headers: &[(&[u8], &[u8])],
    body: &[u8],
    timeout_ms: u64,
) -> Option<u64> {
    let mut headers: Vec<_> = headers.iter().map(Header::of).collect();
    let (count, mut id) = (headers.len(), 0);
    // SAFETY: see above; Envoy writes the number only.
    let result =
        unsafe { call(of, &mut id, Ours::of(cluster), headers.as_mut_ptr(), count, Ours::of(body), timeout_ms) };
    (result == 0).then_some(id)
}

impl Waker {
    pub(crate) fn wake(&self) {
        // SAFETY: it is deleted when it is dropped, and not before.
        unsafe { envoy_dynamic_module_callback_http_filter_scheduler_commit(self.0, 0) }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { envoy_dynamic_module_callback_http_filter_scheduler_delete(self.0) }
    }
}

impl MainWaker {
    pub(crate) fn wake(&self) {
        // SAFETY: it is deleted when it is dropped, and not before.
        unsafe { envoy_dynamic_module_callback_http_filter_config_scheduler_commit(self.0, 0) }
    }
}

impl Drop for MainWaker {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { envoy_dynamic_module_callback_http_filter_config_scheduler_delete(self.0) }
    }
}

/// Copies what Envoy hands over with an answer to a call: its pointers, with the numbers of what lies there. A null pointer
/// is nothing.
pub(crate) fn answer(headers: *const Header, count: usize, pieces: *const Theirs, piece_count: usize) -> Answer {
    // SAFETY: Envoy's pointers and numbers, as its hooks are given them and nobody else calls this.
    let headers = if headers.is_null() { &[] } else { unsafe { slice::from_raw_parts(headers, count) } };
    // SAFETY: see above.
    let pieces = if pieces.is_null() { &[] } else { unsafe { slice::from_raw_parts(pieces, piece_count) } };
    Answer {
        headers: headers.iter().map(Header::pair).map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
        body: pieces.iter().flat_map(Theirs::bytes).copied().collect(),
    }
}

/// Fills the bytes from the kernel's cryptographic source.
pub(crate) fn random(bytes: &mut [u8]) -> bool {
    // SAFETY: the kernel fills a live buffer of this length.
    let filled = unsafe { getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    usize::try_from(filled) == Ok(bytes.len())
}

/// Of the configuration, with a name and labels, for the number of the metric.
type Define = unsafe extern "C" fn(*mut c_void, Ours, *mut Ours, usize, *mut usize) -> u32;
/// Of the configuration, with the number of the metric, labels and a value.
type Record = unsafe extern "C" fn(*mut c_void, usize, *mut Ours, usize, u64) -> u32;
/// Of the request or the configuration, for the number of the call, with cluster, headers, body and timeout.
type Call = unsafe extern "C" fn(*mut c_void, *mut u64, Ours, *mut Header, usize, Ours, u64) -> u32;

unsafe extern "C" {
    /// The C library's, which the Rust one stands on.
    fn getrandom(buffer: *mut c_void, length: usize, flags: u32) -> isize;

    fn envoy_dynamic_module_callback_log(level: u32, message: Ours);

    fn envoy_dynamic_module_callback_http_get_headers_size(filter: *mut c_void, map: u32) -> usize;
    fn envoy_dynamic_module_callback_http_get_headers(filter: *mut c_void, map: u32, headers: *mut Header) -> bool;
    fn envoy_dynamic_module_callback_http_get_header(
        filter: *mut c_void,
        map: u32,
        name: Ours,
        value: *mut Theirs,
        index: usize,
        count: *mut usize,
    ) -> bool;
    fn envoy_dynamic_module_callback_http_set_header(filter: *mut c_void, map: u32, name: Ours, value: Ours) -> bool;

    fn envoy_dynamic_module_callback_http_get_body_size(filter: *mut c_void, body: u32) -> usize;
    fn envoy_dynamic_module_callback_http_get_body_chunks_size(filter: *mut c_void, body: u32) -> usize;
    fn envoy_dynamic_module_callback_http_get_body_chunks(filter: *mut c_void, body: u32, pieces: *mut Theirs) -> bool;
    fn envoy_dynamic_module_callback_http_drain_body(filter: *mut c_void, body: u32, length: usize) -> bool;
    fn envoy_dynamic_module_callback_http_append_body(filter: *mut c_void, body: u32, bytes: Ours) -> bool;

    fn envoy_dynamic_module_callback_http_send_response(
        filter: *mut c_void,
        status: u32,
        headers: *mut Header,
        count: usize,
        body: Ours,
        details: Ours,
    );
    fn envoy_dynamic_module_callback_http_send_response_headers(
        filter: *mut c_void,
        headers: *mut Header,
        count: usize,
        end_of_stream: bool,
    );
    fn envoy_dynamic_module_callback_http_send_response_data(filter: *mut c_void, data: Ours, end_of_stream: bool);
    fn envoy_dynamic_module_callback_http_filter_continue_decoding(filter: *mut c_void);
    fn envoy_dynamic_module_callback_http_clear_route_cache(filter: *mut c_void);

    fn envoy_dynamic_module_callback_http_filter_get_attribute_string(
        filter: *mut c_void,
        attribute: u32,
        value: *mut Theirs,
    ) -> bool;
    fn envoy_dynamic_module_callback_http_set_filter_state_bytes(filter: *mut c_void, name: Ours, value: Ours) -> bool;

    fn envoy_dynamic_module_callback_http_filter_http_callout(
        filter: *mut c_void,
        id: *mut u64,
        cluster: Ours,
        headers: *mut Header,
        count: usize,
        body: Ours,
        timeout_ms: u64,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_http_callout(
        config: *mut c_void,
        id: *mut u64,
        cluster: Ours,
        headers: *mut Header,
        count: usize,
        body: Ours,
        timeout_ms: u64,
    ) -> u32;

    fn envoy_dynamic_module_callback_http_filter_scheduler_new(filter: *mut c_void) -> *mut c_void;
    fn envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler: *mut c_void, event: u64);
    fn envoy_dynamic_module_callback_http_filter_scheduler_delete(scheduler: *mut c_void);
    fn envoy_dynamic_module_callback_http_filter_config_scheduler_new(config: *mut c_void) -> *mut c_void;
    fn envoy_dynamic_module_callback_http_filter_config_scheduler_commit(scheduler: *mut c_void, event: u64);
    fn envoy_dynamic_module_callback_http_filter_config_scheduler_delete(scheduler: *mut c_void);

    fn envoy_dynamic_module_callback_http_filter_config_define_counter(
        config: *mut c_void,
        name: Ours,
        labels: *mut Ours,
        label_count: usize,
        id: *mut usize,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_define_gauge(
        config: *mut c_void,
        name: Ours,
        labels: *mut Ours,
        label_count: usize,
        id: *mut usize,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_define_histogram(
        config: *mut c_void,
        name: Ours,
        labels: *mut Ours,
        label_count: usize,
        id: *mut usize,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_increment_counter(
        config: *mut c_void,
        id: usize,
        labels: *mut Ours,
        label_count: usize,
        value: u64,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_set_gauge(
        config: *mut c_void,
        id: usize,
        labels: *mut Ours,
        label_count: usize,
        value: u64,
    ) -> u32;
    fn envoy_dynamic_module_callback_http_filter_config_record_histogram_value(
        config: *mut c_void,
        id: usize,
        labels: *mut Ours,
        label_count: usize,
        value: u64,
    ) -> u32;
}
