//! The host's functions where the filter is a dynamic module, in Envoy's own process: in the place of `abi.rs`, with the same
//! names, numbers and statuses, over Envoy's ABI for modules.
//!
//! What Envoy has for wasm and not for a module is the module's own here: shared data and queues, ticks, randomness.

pub(crate) mod envoy;
mod memory;
mod periodic;
pub(crate) mod state;
pub(crate) mod ticks;

use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use envoy::{Attribute, Body, Filter, Kind, Map};
use memory::Set;
use state::{After, Metric};
use ticks::Ticks;

/// proxy-wasm's numbers.
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;
const EMPTY: u32 = 7;
const CAS_MISMATCH: u32 = 8;
const INTERNAL_FAILURE: u32 = 10;
const REQUEST_HEADERS: u32 = 0;
const REQUEST_TRAILERS: u32 = 1;
const RESPONSE_HEADERS: u32 = 2;
const CALL_HEADERS: u32 = 6;
const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const CALL_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;

/// Sent by us, Envoy takes it for a sign that the connection cannot be read on, and closes it with the requests that are in
/// it; as a server's answer it is one like any other.
const BAD_REQUEST: u32 = 400;

fn status(done: bool) -> u32 {
    if done { OK } else { BAD_ARGUMENT }
}

/// Does something with the request that calls are about.
fn with_request<T>(work: impl FnOnce(u32, Filter) -> (u32, T)) -> (u32, T)
where
    T: Default,
{
    match state::now(|now| now.request) {
        Some((id, filter)) => work(id, filter),
        None => (BAD_ARGUMENT, T::default()),
    }
}

/// A map of text as proxy-wasm writes it; see `pairs` of `host`.
fn packed(map: &[(&[u8], &[u8])]) -> Vec<u8> {
    let number = |length: usize| (length as u32).to_le_bytes();
    let length: usize = map.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
    let mut bytes = Vec::with_capacity(4 + length);
    bytes.extend(number(map.len()));
    map.iter().for_each(|(name, value)| bytes.extend([number(name.len()), number(value.len())].as_flattened()));
    for text in map.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(text);
        bytes.push(0);
    }
    bytes
}

/// Reads such a map.
fn unpacked(bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let Some((count, rest)) = bytes.split_first_chunk::<4>() else { return Vec::new() };
    let count = u32::from_le_bytes(*count) as usize;
    let (lengths, mut texts) = rest.split_at_checked(count.saturating_mul(8)).unwrap_or_default();
    let mut text = |length: usize| {
        let (text, rest) = texts.split_at_checked(length).unwrap_or_default();
        texts = rest.get(1..).unwrap_or_default();
        text
    };
    let lengths = lengths.as_chunks::<4>().0.iter().map(|length| u32::from_le_bytes(*length) as usize);
    let lengths: Vec<_> = lengths.collect();
    lengths.as_chunks::<2>().0.iter().map(|[name, value]| (text(*name), text(*value))).collect()
}

pub(super) fn log(level: u32, message: &[u8]) -> u32 {
    // The numbers of levels are the same.
    envoy::log(level, message);
    OK
}

pub(super) fn current_time() -> (u32, u64) {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(time) => (OK, time.as_nanos() as u64),
        Err(_) => (INTERNAL_FAILURE, 0),
    }
}

/// Only the main thread ticks: a thread of ours wakes it, and other threads have nothing to do between requests.
pub(super) fn set_tick_period(milliseconds: u32) -> u32 {
    let Some(root) = state::now(|now| now.root.clone()) else { return BAD_ARGUMENT };
    let configured = &root.configured;
    let mut ticks = configured.ticks.lock().unwrap_or_else(PoisonError::into_inner);
    // Once it is published, it is other threads that are configured.
    if ticks.is_some() || configured.metrics.get().is_some() {
        return OK;
    }
    match Ticks::start(configured.envoy.waker(), Duration::from_millis(milliseconds.into())) {
        Ok(started) => {
            *ticks = Some(started);
            OK
        }
        Err(_) => INTERNAL_FAILURE,
    }
}

pub(super) fn buffer(kind: u32, start: usize, most: usize) -> (u32, Option<Vec<u8>>) {
    let part = |bytes: &[u8]| {
        let rest = bytes.get(start..).unwrap_or_default();
        (OK, Some(rest.get(..most.min(rest.len())).unwrap_or_default().to_vec()))
    };
    match kind {
        PLUGIN_CONFIGURATION => {
            let root = state::now(|now| now.root.clone());
            root.map_or((NOT_FOUND, None), |root| part(&root.configured.bytes))
        }
        CALL_BODY => {
            let answer = state::now(|now| now.answer.clone());
            answer.map_or((NOT_FOUND, None), |answer| part(&answer.body))
        }
        REQUEST_BODY => with_request(|_, filter| {
            let mut bytes = Vec::new();
            let kept = filter.body_length(Body::RequestKept);
            // A piece that is not passing has no length.
            let room = (kept + filter.body_length(Body::RequestPiece)).saturating_sub(start).min(most);
            bytes.reserve_exact(room);
            let is_kept = filter.read_body(Body::RequestKept, start, most, &mut bytes);
            let is_passing = filter.read_body(Body::RequestPiece, start.saturating_sub(kept), most, &mut bytes);
            if is_kept || is_passing { (OK, Some(bytes)) } else { (NOT_FOUND, None) }
        }),
        RESPONSE_BODY => with_request(|_, filter| {
            let mut bytes = Vec::new();
            let is_passing = filter.read_body(Body::ResponsePiece, start, most, &mut bytes);
            if is_passing { (OK, Some(bytes)) } else { (NOT_FOUND, None) }
        }),
        _ => (BAD_ARGUMENT, None),
    }
}

/// The length of the request's body, as far as it is kept or passing.
pub(crate) fn request_body_length() -> usize {
    let length =
        |_, filter: Filter| (OK, filter.body_length(Body::RequestKept) + filter.body_length(Body::RequestPiece));
    with_request(length).1
}

/// The length of the piece of the answer that is passing.
pub(crate) fn response_piece_length() -> usize {
    with_request(|_, filter| (OK, filter.body_length(Body::ResponsePiece))).1
}

/// Replaces all of the request's body; nobody replaces a part.
pub(super) fn set_buffer(kind: u32, start: usize, length: usize, bytes: &[u8]) -> u32 {
    let is_passing = state::now(|now| now.request.map(|(id, _)| id).is_some_and(|id| now.piece_of == Some(id)));
    let replaced = with_request(|_, filter| {
        let kept = filter.body_length(Body::RequestKept);
        let passing = if is_passing { filter.body_length(Body::RequestPiece) } else { 0 };
        if kind != REQUEST_BODY || start != 0 || length != kept + passing {
            return (BAD_ARGUMENT, ());
        }
        let place = if is_passing { Body::RequestPiece } else { Body::RequestKept };
        // Envoy would make a body for a request that has none.
        if !is_passing && !filter.read_body(place, 0, 0, &mut Vec::new()) {
            return (BAD_ARGUMENT, ());
        }
        filter.drain_body(Body::RequestKept, kept);
        filter.drain_body(Body::RequestPiece, passing);
        (status(filter.append_body(place, bytes)), ())
    });
    replaced.0
}

fn map_of(kind: u32) -> Option<Map> {
    match kind {
        REQUEST_HEADERS => Some(Map::RequestHeaders),
        REQUEST_TRAILERS => Some(Map::RequestTrailers),
        RESPONSE_HEADERS => Some(Map::ResponseHeaders),
        _ => None,
    }
}

pub(super) fn map(kind: u32) -> (u32, Option<Vec<u8>>) {
    let Some(map) = map_of(kind) else { return (BAD_ARGUMENT, None) };
    with_request(|_, filter| (OK, Some(filter.headers(map, packed))))
}

/// Removes all pairs; nobody sets any.
pub(super) fn set_map(kind: u32, pairs: &[u8]) -> u32 {
    let Some(map) = map_of(kind).filter(|_| unpacked(pairs).is_empty()) else { return BAD_ARGUMENT };
    let removed = with_request(|_, filter| {
        let names: Vec<_> = filter.headers(map, |pairs| pairs.iter().map(|(name, _)| name.to_vec()).collect());
        names.iter().for_each(|name| {
            // A name that came twice is gone when its turn comes again.
            filter.set_header(map, name, None);
        });
        let is_empty = filter.headers(map, |pairs| pairs.is_empty());
        (status(is_empty), ())
    });
    removed.0
}

pub(super) fn map_value(kind: u32, name: &[u8]) -> (u32, Option<Vec<u8>>) {
    let found = |value: Option<Vec<u8>>| value.map_or((NOT_FOUND, None), |value| (OK, Some(value)));
    if kind == CALL_HEADERS {
        let answer = state::now(|now| now.answer.clone());
        let value = answer.and_then(|answer| {
            let header = answer.headers.iter().find(|(found, _)| found == name);
            header.map(|(_, value)| value.clone())
        });
        return found(value);
    }
    let Some(map) = map_of(kind) else { return (BAD_ARGUMENT, None) };
    with_request(|_, filter| found(filter.header(map, name)))
}

fn change_header(kind: u32, name: &[u8], value: Option<&[u8]>) -> u32 {
    let Some(map) = map_of(kind) else { return BAD_ARGUMENT };
    let changed = with_request(|_, filter| (status(filter.set_header(map, name, value)), ()));
    if kind == REQUEST_HEADERS {
        state::now(|now| now.has_new_headers = true);
    }
    changed.0
}

pub(super) fn set_map_value(kind: u32, name: &[u8], value: &[u8]) -> u32 {
    change_header(kind, name, Some(value))
}

pub(super) fn remove_map_value(kind: u32, name: &[u8]) -> u32 {
    change_header(kind, name, None)
}

pub(super) fn property(path: &[u8]) -> (u32, Option<Vec<u8>>) {
    let attribute = match path {
        b"source\0address" => Attribute::SourceAddress,
        b"response\0code_details" => Attribute::ResponseCodeDetails,
        _ => return (NOT_FOUND, None),
    };
    with_request(|_, filter| match filter.attribute(attribute) {
        Some(value) => (OK, Some(value)),
        None => (NOT_FOUND, None),
    })
}

/// Under the name that it has in wasm, so that an access log is written alike.
pub(super) fn set_property(path: &[u8], value: &[u8]) -> u32 {
    let name = [b"wasm.", path].concat();
    with_request(|_, filter| (status(filter.set_state(&name, value)), ())).0
}

pub(super) fn shared_data(name: &[u8]) -> (u32, Option<Vec<u8>>, u32) {
    match memory::get(name) {
        Some((value, change)) => (OK, Some(value), change),
        None => (NOT_FOUND, None, 0),
    }
}

pub(super) fn set_shared_data(name: &[u8], value: &[u8], version: u32) -> u32 {
    match memory::set(name, value, version) {
        Set::Done => OK,
        Set::Changed => CAS_MISMATCH,
    }
}

pub(super) fn register_queue(name: &[u8]) -> (u32, u32) {
    (OK, memory::queue(name))
}

pub(super) fn enqueue(queue: u32, value: &[u8]) -> u32 {
    if memory::enqueue(queue, value) { OK } else { NOT_FOUND }
}

pub(super) fn dequeue(queue: u32) -> (u32, Option<Vec<u8>>) {
    match memory::dequeue(queue) {
        Some(Some(entry)) => (OK, Some(entry)),
        Some(None) => (EMPTY, None),
        None => (NOT_FOUND, None),
    }
}

pub(super) fn continue_stream(_kind: u32) -> u32 {
    with_request(|request, _| {
        state::later(After::Resume { request });
        (OK, ())
    })
    .0
}

pub(super) fn respond(status: u32, headers: &[u8], body: &[u8]) -> u32 {
    with_request(|request, _| {
        if !state::answer_once(request) {
            return (BAD_ARGUMENT, ());
        }
        state::later(After::Respond { request, status, headers: headers.to_vec(), body: body.to_vec() });
        (OK, ())
    })
    .0
}

fn respond_now(filter: Filter, status: u32, headers: &[u8], body: &[u8]) {
    let headers = unpacked(headers);
    if status != BAD_REQUEST {
        return filter.respond(status, &headers, body);
    }
    let length = body.len().to_string();
    let own: [(&[u8], &[u8]); 2] = [(b":status", b"400"), (b"content-length", length.as_bytes())];
    let headers: Vec<_> = own.into_iter().chain(headers).collect();
    filter.respond_as_server(&headers, body);
}

/// Wakes the thread of a request: in the next round of its event loop, or after some ticks.
pub(crate) fn wake(request: u32, after: Option<u64>) -> u32 {
    let Some(filter) = state::filter(request) else { return NOT_FOUND };
    let waker = filter.waker();
    match after {
        Some(ticks) => ticks::wake_after(ticks, waker),
        None => waker.wake(),
    }
    OK
}

pub(super) fn http_call(cluster: &[u8], headers: &[u8], body: &[u8], timeout_ms: u32) -> (u32, u32) {
    let headers = unpacked(headers);
    let now = state::now(|now| now.clone());
    let call = match (now.request, &now.root) {
        (Some((_, filter)), _) => filter.call(cluster, &headers, body, timeout_ms.into()),
        (None, Some(root)) => root.configured.envoy.call(cluster, &headers, body, timeout_ms.into()),
        (None, None) => None,
    };
    call.map_or((BAD_ARGUMENT, 0), |envoys| (OK, state::called(&now, envoys)))
}

pub(super) fn set_effective_context(id: u32) -> u32 {
    let Some(filter) = state::filter(id) else { return BAD_ARGUMENT };
    state::now(|now| now.request = Some((id, filter)));
    OK
}

pub(super) fn define_metric(kind: u32, name: &[u8]) -> (u32, u32) {
    let kind = match kind {
        0 => Kind::Counter,
        1 => Kind::Gauge,
        2 => Kind::Histogram,
        _ => return (BAD_ARGUMENT, 0),
    };
    let Some(root) = state::now(|now| now.root.clone()) else { return (BAD_ARGUMENT, 0) };
    let configured = &root.configured;
    if let Some(metrics) = configured.metrics.get() {
        let known = metrics.iter().position(|metric| metric.kind == kind && metric.name == name);
        return known.map_or((NOT_FOUND, 0), |number| (OK, number as u32));
    }
    let Some(id) = configured.envoy.define(kind, name) else { return (INTERNAL_FAILURE, 0) };
    let mut defining = configured.defining.lock().unwrap_or_else(PoisonError::into_inner);
    defining.push(Metric { kind, name: name.to_vec(), id });
    (OK, defining.len() as u32 - 1)
}

/// Envoy does not tell a module what a gauge shows. 0 has a thread look at what the gauge stands for.
pub(super) fn metric(_metric: u32) -> (u32, u64) {
    (OK, 0)
}

pub(super) fn record_metric(metric: u32, value: u64) -> u32 {
    let Some(root) = state::now(|now| now.root.clone()) else { return BAD_ARGUMENT };
    let configured = &root.configured;
    let defined = configured.metrics.get().and_then(|metrics| metrics.get(metric as usize));
    let Some(Metric { kind, id, .. }) = defined else { return NOT_FOUND };
    status(configured.envoy.record(*kind, *id, value))
}

pub(super) fn increment_metric(metric: u32, by: i64) -> u32 {
    u64::try_from(by).map_or(BAD_ARGUMENT, |by| record_metric(metric, by))
}

pub(super) fn random(bytes: &mut [u8]) -> u32 {
    if envoy::random(bytes) { OK } else { INTERNAL_FAILURE }
}
