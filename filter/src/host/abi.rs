//! proxy-wasm's functions (ABI 0.2.1) as Envoy gives them to a module. Statuses stay numbers here: `host.rs` makes results
//! of them, and natively `fake.rs` stands in for this file.
//!
//! All that is unsafe in the filter is here. What holds for each call: a slice is live memory for as long as the call
//! takes, and the host keeps no pointer into it; a result is written through a pointer to a live local.

#![allow(unsafe_code, reason = "host functions take pointers")]

use std::alloc::{Layout, alloc};
use std::ptr::{null, null_mut};

/// Has the host write where a vector of its own making lies. Nothing if it gave none.
fn given(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> (u32, Option<Vec<u8>>) {
    let (mut data, mut size) = (null_mut(), 0);
    let status = call(&mut data, &mut size);
    if data.is_null() {
        return (status, None);
    }
    // SAFETY: the host had `allocate` make this memory for exactly so many bytes, has filled it, and nobody else holds it.
    (status, Some(unsafe { Vec::from_raw_parts(data, size, size) }))
}

/// Memory for the host to hand something over in. None is a status for the host to answer the call with, where a vector
/// would end the module.
#[unsafe(export_name = "malloc")]
extern "C" fn allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the size is not 0.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => null_mut(),
    }
}

/// Tells Envoy which version of the ABI this is.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

pub(super) fn log(level: u32, message: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_log(level, message.as_ptr(), message.len()) }
}

pub(super) fn current_time() -> (u32, u64) {
    let mut nanoseconds = 0;
    // SAFETY: see above.
    let status = unsafe { env::proxy_get_current_time_nanoseconds(&mut nanoseconds) };
    (status, nanoseconds)
}

pub(super) fn set_tick_period(milliseconds: u32) -> u32 {
    // SAFETY: numbers only.
    unsafe { env::proxy_set_tick_period_milliseconds(milliseconds) }
}

pub(super) fn buffer(kind: u32, start: usize, most: usize) -> (u32, Option<Vec<u8>>) {
    // SAFETY: see above.
    given(|data, size| unsafe { env::proxy_get_buffer_bytes(kind, start, most, data, size) })
}

pub(super) fn set_buffer(kind: u32, start: usize, length: usize, bytes: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_set_buffer_bytes(kind, start, length, bytes.as_ptr(), bytes.len()) }
}

pub(super) fn map(kind: u32) -> (u32, Option<Vec<u8>>) {
    // SAFETY: see above.
    given(|data, size| unsafe { env::proxy_get_header_map_pairs(kind, data, size) })
}

pub(super) fn set_map(kind: u32, pairs: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_set_header_map_pairs(kind, pairs.as_ptr(), pairs.len()) }
}

pub(super) fn map_value(kind: u32, name: &[u8]) -> (u32, Option<Vec<u8>>) {
    // SAFETY: see above.
    given(|data, size| unsafe { env::proxy_get_header_map_value(kind, name.as_ptr(), name.len(), data, size) })
}

pub(super) fn set_map_value(kind: u32, name: &[u8], value: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_replace_header_map_value(kind, name.as_ptr(), name.len(), value.as_ptr(), value.len()) }
}

pub(super) fn remove_map_value(kind: u32, name: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_remove_header_map_value(kind, name.as_ptr(), name.len()) }
}

pub(super) fn property(path: &[u8]) -> (u32, Option<Vec<u8>>) {
    // SAFETY: see above.
    given(|data, size| unsafe { env::proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

pub(super) fn set_property(path: &[u8], value: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) }
}

pub(super) fn shared_data(name: &[u8]) -> (u32, Option<Vec<u8>>, u32) {
    let mut version = 0;
    // SAFETY: see above.
    let (status, value) =
        given(|data, size| unsafe { env::proxy_get_shared_data(name.as_ptr(), name.len(), data, size, &mut version) });
    (status, value, version)
}

pub(super) fn set_shared_data(name: &[u8], value: &[u8], version: u32) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_set_shared_data(name.as_ptr(), name.len(), value.as_ptr(), value.len(), version) }
}

pub(super) fn register_queue(name: &[u8]) -> (u32, u32) {
    let mut queue = 0;
    // SAFETY: see above.
    let status = unsafe { env::proxy_register_shared_queue(name.as_ptr(), name.len(), &mut queue) };
    (status, queue)
}

pub(super) fn enqueue(queue: u32, value: &[u8]) -> u32 {
    // SAFETY: see above.
    unsafe { env::proxy_enqueue_shared_queue(queue, value.as_ptr(), value.len()) }
}

pub(super) fn dequeue(queue: u32) -> (u32, Option<Vec<u8>>) {
    // SAFETY: see above.
    given(|data, size| unsafe { env::proxy_dequeue_shared_queue(queue, data, size) })
}

pub(super) fn continue_stream(kind: u32) -> u32 {
    // SAFETY: numbers only.
    unsafe { env::proxy_continue_stream(kind) }
}

pub(super) fn respond(status: u32, headers: &[u8], body: &[u8]) -> u32 {
    const NO_GRPC_STATUS: i32 = -1;
    // SAFETY: see above; no details are a null pointer with the length 0.
    unsafe {
        env::proxy_send_local_response(
            status,
            null(),
            0,
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    }
}

pub(super) fn http_call(cluster: &[u8], headers: &[u8], body: &[u8], timeout_ms: u32) -> (u32, u32) {
    let mut token = 0;
    // A map without pairs.
    let trailers = 0_u32.to_le_bytes();
    // SAFETY: see above.
    let status = unsafe {
        env::proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout_ms,
            &mut token,
        )
    };
    (status, token)
}

pub(super) fn set_effective_context(id: u32) -> u32 {
    // SAFETY: numbers only.
    unsafe { env::proxy_set_effective_context(id) }
}

pub(super) fn define_metric(kind: u32, name: &[u8]) -> (u32, u32) {
    let mut metric = 0;
    // SAFETY: see above.
    let status = unsafe { env::proxy_define_metric(kind, name.as_ptr(), name.len(), &mut metric) };
    (status, metric)
}

pub(super) fn metric(metric: u32) -> (u32, u64) {
    let mut value = 0;
    // SAFETY: see above.
    let status = unsafe { env::proxy_get_metric(metric, &mut value) };
    (status, value)
}

pub(super) fn record_metric(metric: u32, value: u64) -> u32 {
    // SAFETY: numbers only.
    unsafe { env::proxy_record_metric(metric, value) }
}

pub(super) fn increment_metric(metric: u32, by: i64) -> u32 {
    // SAFETY: numbers only.
    unsafe { env::proxy_increment_metric(metric, by) }
}

/// Fills the bytes from the host's cryptographic source: std has none on this target.
pub(super) fn random(bytes: &mut [u8]) -> u32 {
    // SAFETY: the host fills a live buffer of this length.
    unsafe { wasi::random_get(bytes.as_mut_ptr(), bytes.len()) }
}

mod env {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub(super) fn proxy_log(level: u32, message: *const u8, length: usize) -> u32;
        pub(super) fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
        pub(super) fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
        pub(super) fn proxy_get_buffer_bytes(
            kind: u32,
            start: usize,
            most: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_set_buffer_bytes(
            kind: u32,
            start: usize,
            length: usize,
            data: *const u8,
            size: usize,
        ) -> u32;
        pub(super) fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        pub(super) fn proxy_set_header_map_pairs(kind: u32, data: *const u8, size: usize) -> u32;
        pub(super) fn proxy_get_header_map_value(
            kind: u32,
            name: *const u8,
            name_length: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_replace_header_map_value(
            kind: u32,
            name: *const u8,
            name_length: usize,
            value: *const u8,
            value_length: usize,
        ) -> u32;
        pub(super) fn proxy_remove_header_map_value(kind: u32, name: *const u8, name_length: usize) -> u32;
        pub(super) fn proxy_get_property(
            path: *const u8,
            path_length: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_set_property(
            path: *const u8,
            path_length: usize,
            value: *const u8,
            value_length: usize,
        ) -> u32;
        pub(super) fn proxy_get_shared_data(
            name: *const u8,
            name_length: usize,
            data: *mut *mut u8,
            size: *mut usize,
            version: *mut u32,
        ) -> u32;
        pub(super) fn proxy_set_shared_data(
            name: *const u8,
            name_length: usize,
            value: *const u8,
            value_length: usize,
            version: u32,
        ) -> u32;
        pub(super) fn proxy_register_shared_queue(name: *const u8, name_length: usize, queue: *mut u32) -> u32;
        pub(super) fn proxy_enqueue_shared_queue(queue: u32, value: *const u8, value_length: usize) -> u32;
        pub(super) fn proxy_dequeue_shared_queue(queue: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        pub(super) fn proxy_continue_stream(kind: u32) -> u32;
        pub(super) fn proxy_send_local_response(
            status: u32,
            details: *const u8,
            details_length: usize,
            body: *const u8,
            body_length: usize,
            headers: *const u8,
            headers_length: usize,
            grpc_status: i32,
        ) -> u32;
        pub(super) fn proxy_http_call(
            cluster: *const u8,
            cluster_length: usize,
            headers: *const u8,
            headers_length: usize,
            body: *const u8,
            body_length: usize,
            trailers: *const u8,
            trailers_length: usize,
            timeout_ms: u32,
            token: *mut u32,
        ) -> u32;
        pub(super) fn proxy_set_effective_context(id: u32) -> u32;
        pub(super) fn proxy_define_metric(kind: u32, name: *const u8, name_length: usize, metric: *mut u32) -> u32;
        pub(super) fn proxy_get_metric(metric: u32, value: *mut u64) -> u32;
        pub(super) fn proxy_record_metric(metric: u32, value: u64) -> u32;
        pub(super) fn proxy_increment_metric(metric: u32, by: i64) -> u32;
    }
}

mod wasi {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn random_get(buffer: *mut u8, length: usize) -> u32;
    }
}
