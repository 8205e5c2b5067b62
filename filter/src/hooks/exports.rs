//! What Envoy looks for in the module by name. It wants all hooks to be there, also those of what is never asked for.
//!
//! With each request and configuration Envoy keeps a pointer for the module. Here it is a number, and points nowhere.

#![allow(unsafe_code, reason = "exported by name")]

use std::ffi::{c_char, c_void};

use crate::host::abi::envoy::{Header, Theirs, answer};

fn number(pointer: *const c_void) -> usize {
    pointer.addr()
}

fn request_number(pointer: *const c_void) -> u32 {
    // It was made of one.
    number(pointer) as u32
}

fn pointer(number: usize) -> *const c_void {
    std::ptr::without_provenance(number)
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    super::loaded();
    c"v0.2.0".as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    config: *mut c_void,
    _name: Theirs,
    bytes: Theirs,
) -> *const c_void {
    pointer(super::configured(config.into(), bytes.bytes()).unwrap_or_default())
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: *const c_void) {
    super::unconfigured(number(config));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(_: *mut c_void, config: *const c_void, _: u64) {
    super::ticked(number(config));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_http_callout_done(
    _: *mut c_void,
    config: *const c_void,
    id: u64,
    _result: u32,
    headers: *const Header,
    count: usize,
    pieces: *const Theirs,
    piece_count: usize,
) {
    super::main_answered(number(config), id, answer(headers, count, pieces, piece_count));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_new(config: *const c_void, filter: *mut c_void) -> *const c_void {
    pointer(super::began(number(config), filter.into()).map_or(0, |id| id as usize))
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    _: *mut c_void,
    request: *const c_void,
    end_of_stream: bool,
) -> u32 {
    super::request_headers(request_number(request), end_of_stream) as u32
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    _: *mut c_void,
    request: *const c_void,
    end_of_stream: bool,
) -> u32 {
    super::request_body(request_number(request), end_of_stream) as u32
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(_: *mut c_void, request: *const c_void) -> u32 {
    super::request_trailers(request_number(request)) as u32
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_headers(
    _: *mut c_void,
    request: *const c_void,
    _end_of_stream: bool,
) -> u32 {
    super::response_headers(request_number(request)) as u32
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_body(
    _: *mut c_void,
    request: *const c_void,
    _end_of_stream: bool,
) -> u32 {
    super::response_body(request_number(request)) as u32
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_trailers(_: *mut c_void, _: *const c_void) -> u32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(_: *mut c_void, request: *const c_void) {
    super::ended(request_number(request));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_destroy(request: *const c_void) {
    super::gone(request_number(request));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_callout_done(
    _: *mut c_void,
    request: *const c_void,
    id: u64,
    _result: u32,
    headers: *const Header,
    count: usize,
    pieces: *const Theirs,
    piece_count: usize,
) {
    super::answered(request_number(request), id, answer(headers, count, pieces, piece_count));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(_: *mut c_void, request: *const c_void, _: u64) {
    super::woken(request_number(request));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_local_reply(
    _: *mut c_void,
    _: *const c_void,
    _status: u32,
    _details: Theirs,
    _reset: bool,
) -> u32 {
    0
}

/// There are none: a route cannot have the filter do anything else.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(_: Theirs, _: Theirs) -> *const c_void {
    std::ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(_: *const c_void) {}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(
    _: *mut c_void,
    _: *const c_void,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(
    _: *mut c_void,
    _: *const c_void,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_headers(
    _: *mut c_void,
    _: *const c_void,
    _: u64,
    _: *const Header,
    _: usize,
    _: bool,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_data(
    _: *mut c_void,
    _: *const c_void,
    _: u64,
    _: *const Theirs,
    _: usize,
    _: bool,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_trailers(
    _: *mut c_void,
    _: *const c_void,
    _: u64,
    _: *const Header,
    _: usize,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_complete(_: *mut c_void, _: *const c_void, _: u64) {}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_reset(_: *mut c_void, _: *const c_void, _: u64, _: u32) {}
