//! A host for native tests, in the place of `abi.rs`: it does what Envoy does for these calls, counts them, and answers one
//! of them with another status when it is told to.

#![cfg_attr(not(test), allow(dead_code, reason = "outside tests it is only compiled"))]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;
const EMPTY: u32 = 7;
const CAS_MISMATCH: u32 = 8;
/// proxy-wasm's numbers.
const CALL_HEADERS: u32 = 6;
const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const CALL_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;

/// What a bug says that is made on purpose, with the call that it is before.
pub(crate) const BUG: &str = "a bug before";

pub(crate) type Map = Vec<(Vec<u8>, Vec<u8>)>;

/// An answer that the filter has sent itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u32,
    pub(crate) body: Vec<u8>,
}

/// All that the host has.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(crate) nanoseconds: u64,
    pub(crate) configuration: Vec<u8>,
    pub(crate) maps: BTreeMap<u32, Map>,
    /// Envoy has none before the first piece of a body has come.
    pub(crate) buffers: BTreeMap<u32, Vec<u8>>,
    pub(crate) shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    /// By name; the number of a queue is its place here.
    pub(crate) queues: Vec<(Vec<u8>, VecDeque<Vec<u8>>)>,
    /// The bodies of calls to the control plane, by number from 1.
    pub(crate) calls: Vec<Vec<u8>>,
    pub(crate) answers: Vec<Answer>,
    /// Whether all answers are to one request, which Envoy answers once.
    pub(crate) has_one_request: bool,
    /// How many of the calls were answered.
    pub(crate) answered: usize,
    pub(crate) resumed: bool,
    pub(crate) metrics: Vec<u64>,
    pub(crate) random: u8,
    /// The calls that were made, by name.
    pub(crate) made: Vec<&'static str>,
    /// The number of the call that fails, and its status; with the status 0 it hands over nothing.
    pub(crate) fails: Option<(usize, u32)>,
    /// The number of the call at which the filter has a bug.
    pub(crate) panics: Option<usize>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Looks at the host, or changes it.
pub(crate) fn host<T>(look: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(look)
}

/// Makes a call, or fails it.
fn call<T: Default>(name: &'static str, work: impl FnOnce(&mut Host) -> (u32, T)) -> (u32, T) {
    let is_bug = HOST.with_borrow_mut(|host| {
        host.made.push(name);
        host.panics.take_if(|number| *number + 1 == host.made.len()).is_some()
    });
    assert!(!is_bug, "{BUG} {name}");
    HOST.with_borrow_mut(|host| match host.fails {
        Some((number, status)) if number + 1 == host.made.len() && status != OK => (status, T::default()),
        _ => work(host),
    })
}

/// A call that changes something.
fn change(name: &'static str, work: impl FnOnce(&mut Host) -> u32) -> u32 {
    call(name, |host| (work(host), ())).0
}

/// A call that hands something over, which may be nothing even if it is well.
fn give(name: &'static str, work: impl FnOnce(&mut Host) -> (u32, Option<Vec<u8>>)) -> (u32, Option<Vec<u8>>) {
    call(name, |host| match host.fails {
        Some((number, OK)) if number + 1 == host.made.len() => (OK, None),
        _ => work(host),
    })
}

fn found(value: Option<Vec<u8>>) -> (u32, Option<Vec<u8>>) {
    // Of what has no length Envoy hands over nothing.
    value.map_or((NOT_FOUND, None), |value| (OK, Some(value).filter(|value| !value.is_empty())))
}

pub(super) fn log(_level: u32, _message: &[u8]) -> u32 {
    change("log", |_| OK)
}

pub(super) fn current_time() -> (u32, u64) {
    call("current_time", |host| (OK, host.nanoseconds))
}

pub(super) fn set_tick_period(_milliseconds: u32) -> u32 {
    change("set_tick_period", |_| OK)
}

pub(super) fn buffer(kind: u32, start: usize, most: usize) -> (u32, Option<Vec<u8>>) {
    let name = match kind {
        REQUEST_BODY => "request body",
        RESPONSE_BODY => "response body",
        CALL_BODY => "call body",
        _ => "configuration",
    };
    give(name, |host| {
        let bytes = if kind == PLUGIN_CONFIGURATION { Some(&host.configuration) } else { host.buffers.get(&kind) };
        found(bytes.map(|bytes| bytes.iter().copied().skip(start).take(most).collect()))
    })
}

pub(super) fn set_buffer(kind: u32, start: usize, length: usize, bytes: &[u8]) -> u32 {
    change("set_buffer", |host| {
        let Some(buffer) = host.buffers.get_mut(&kind) else { return BAD_ARGUMENT };
        let end = (start + length).min(buffer.len());
        buffer.splice(start..end, bytes.iter().copied());
        OK
    })
}

/// proxy-wasm's form of a map.
pub(crate) fn serialised(map: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = (map.len() as u32).to_le_bytes().to_vec();
    for (name, value) in map {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for text in map.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text);
        bytes.push(0);
    }
    bytes
}

pub(super) fn map(kind: u32) -> (u32, Option<Vec<u8>>) {
    give("map", |host| (OK, host.maps.get(&kind).map(|map| serialised(map))))
}

pub(super) fn set_map(kind: u32, _pairs: &[u8]) -> u32 {
    change("set_map", |host| {
        host.maps.remove(&kind);
        OK
    })
}

pub(super) fn map_value(kind: u32, name: &[u8]) -> (u32, Option<Vec<u8>>) {
    give(if kind == CALL_HEADERS { "call header" } else { "header" }, |host| {
        let map = host.maps.get(&kind);
        found(map.and_then(|map| map.iter().find(|(found, _)| found == name)).map(|(_, value)| value.clone()))
    })
}

pub(super) fn set_map_value(kind: u32, name: &[u8], value: &[u8]) -> u32 {
    change("set_map_value", |host| {
        let map = host.maps.entry(kind).or_default();
        map.retain(|(found, _)| found != name);
        map.push((name.to_vec(), value.to_vec()));
        OK
    })
}

pub(super) fn remove_map_value(kind: u32, name: &[u8]) -> u32 {
    change("remove_map_value", |host| {
        host.maps.entry(kind).or_default().retain(|(found, _)| found != name);
        OK
    })
}

pub(super) fn property(_path: &[u8]) -> (u32, Option<Vec<u8>>) {
    give("property", |_| (OK, Some(b"192.0.2.1:4711".to_vec())))
}

pub(super) fn set_property(_path: &[u8], _value: &[u8]) -> u32 {
    change("set_property", |_| OK)
}

pub(super) fn shared_data(name: &[u8]) -> (u32, Option<Vec<u8>>, u32) {
    let mut version = 0;
    let (status, value) = give("shared_data", |host| {
        let entry = host.shared.get(name).cloned();
        version = entry.as_ref().map_or(0, |(_, version)| *version);
        found(entry.map(|(value, _)| value))
    });
    (status, value, version)
}

pub(super) fn set_shared_data(name: &[u8], value: &[u8], version: u32) -> u32 {
    change("set_shared_data", |host| {
        let before = host.shared.get(name).map_or(u32::MAX, |(_, version)| *version);
        if version != 0 && version != before {
            return CAS_MISMATCH;
        }
        host.shared.insert(name.to_vec(), (value.to_vec(), before.wrapping_add(2)));
        OK
    })
}

pub(super) fn register_queue(name: &[u8]) -> (u32, u32) {
    call("register_queue", |host| {
        let known = host.queues.iter().position(|(known, _)| known == name);
        let number = known.unwrap_or_else(|| {
            host.queues.push((name.to_vec(), VecDeque::new()));
            host.queues.len() - 1
        });
        (OK, number as u32)
    })
}

pub(super) fn enqueue(queue: u32, value: &[u8]) -> u32 {
    change("enqueue", |host| {
        let Some((_, queue)) = host.queues.get_mut(queue as usize) else { return NOT_FOUND };
        queue.push_back(value.to_vec());
        OK
    })
}

pub(super) fn dequeue(queue: u32) -> (u32, Option<Vec<u8>>) {
    give("dequeue", |host| {
        let Some((_, queue)) = host.queues.get_mut(queue as usize) else { return (NOT_FOUND, None) };
        queue.pop_front().map_or((EMPTY, None), |value| (OK, Some(value)))
    })
}

pub(super) fn continue_stream(_kind: u32) -> u32 {
    change("continue_stream", |host| {
        host.resumed = true;
        OK
    })
}

pub(super) fn respond(status: u32, _headers: &[u8], body: &[u8]) -> u32 {
    change("respond", |host| {
        if host.has_one_request && !host.answers.is_empty() {
            return BAD_ARGUMENT;
        }
        host.answers.push(Answer { status, body: body.to_vec() });
        OK
    })
}

pub(super) fn http_call(_cluster: &[u8], _headers: &[u8], body: &[u8], _timeout_ms: u32) -> (u32, u32) {
    call("http_call", |host| {
        host.calls.push(body.to_vec());
        (OK, host.calls.len() as u32)
    })
}

pub(super) fn set_effective_context(_id: u32) -> u32 {
    change("set_effective_context", |_| OK)
}

pub(super) fn define_metric(_kind: u32, _name: &[u8]) -> (u32, u32) {
    call("define_metric", |host| {
        host.metrics.push(0);
        (OK, host.metrics.len() as u32 - 1)
    })
}

pub(super) fn metric(metric: u32) -> (u32, u64) {
    call("metric", |host| host.metrics.get(metric as usize).map_or((NOT_FOUND, 0), |value| (OK, *value)))
}

pub(super) fn record_metric(metric: u32, value: u64) -> u32 {
    change("record_metric", |host| {
        let Some(metric) = host.metrics.get_mut(metric as usize) else { return NOT_FOUND };
        *metric = value;
        OK
    })
}

pub(super) fn increment_metric(metric: u32, _by: i64) -> u32 {
    change("increment_metric", |host| if (metric as usize) < host.metrics.len() { OK } else { NOT_FOUND })
}

pub(super) fn random(bytes: &mut [u8]) -> u32 {
    change("random", |host| {
        bytes.iter_mut().for_each(|byte| {
            host.random = host.random.wrapping_mul(5).wrapping_add(1);
            *byte = host.random;
        });
        OK
    })
}
