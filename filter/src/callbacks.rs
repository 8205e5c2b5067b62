//! What Envoy calls: each callback finds the context that it is for and asks it.
//!
//! The SDK's dispatcher ends the VM over a context or an answer that it does not know. Here a request that is not known is
//! refused, and an answer that nobody waits for is dropped.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::answers;
use crate::host::{self, Action};
use crate::request::{self, Request};
use crate::root::Root;
#[cfg(not(target_arch = "wasm32"))]
use crate::{threads, worker::Worker};

/// The contexts of one VM. No borrow of a map outlives the look into it, so that a callback within a callback finds it free.
#[derive(Default)]
struct Contexts {
    roots: BTreeMap<u32, Rc<RefCell<Root>>>,
    requests: BTreeMap<u32, Rc<RefCell<Request>>>,
}

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

fn with_root<T>(id: u32, unknown: T, ask: impl FnOnce(&mut Root) -> T) -> T {
    let root = CONTEXTS.with_borrow(|contexts| contexts.roots.get(&id).cloned());
    match root.as_ref().map(|root| root.try_borrow_mut()) {
        Some(Ok(mut root)) => ask(&mut root),
        Some(Err(_)) | None => unknown,
    }
}

fn with_request<T>(id: u32, unknown: impl FnOnce() -> T, ask: impl FnOnce(&mut Request) -> T) -> T {
    let request = CONTEXTS.with_borrow(|contexts| contexts.requests.get(&id).cloned());
    match request.as_ref().map(|request| request.try_borrow_mut()) {
        Some(Ok(mut request)) => ask(&mut request),
        Some(Err(_)) | None => unknown(),
    }
}

/// Refuses a request that this VM does not know, or that Envoy goes on with while it is being judged.
fn refuse_unknown() -> Action {
    request::refuse_unjudged("its context is not known")
}

/// A new context: a thread's root has no parent.
pub(crate) fn create(id: u32, root_id: u32) {
    if root_id == 0 {
        CONTEXTS.with_borrow_mut(|contexts| contexts.roots.insert(id, Rc::default()));
    } else {
        let worker = with_root(root_id, None, |root| root.worker());
        let request = Rc::new(RefCell::new(Request::new(id, worker)));
        CONTEXTS.with_borrow_mut(|contexts| contexts.requests.insert(id, request));
    }
}

/// Whether the configuration can be used.
pub(crate) fn configure(id: u32) -> bool {
    with_root(id, false, Root::configure)
}

pub(crate) fn tick(id: u32) {
    with_root(id, (), Root::on_tick);
}

/// An answer of the control plane, to a root's call or to a request's: Envoy gives all of them to the root.
pub(crate) fn call_answered(id: u32, token: u32, body_size: usize) {
    let waiting = with_root(id, None, |root| root.on_answer(token, body_size));
    let Some(request) = waiting else { return };
    // Nobody else finds the request then: it stays paused, and ends with its connection.
    if let Err(error) = host::turn_to(request) {
        host::warn(&format!("lictor: a request that waited for its intent cannot go on: {error:?}"));
        return;
    }
    with_request(request, || (), |request| request.on_intent_answered(token));
}

pub(crate) fn request_headers(id: u32, end_of_stream: bool) -> Action {
    with_request(id, refuse_unknown, |request| {
        answers::of_ended(id, end_of_stream, || request.on_headers(end_of_stream))
    })
}

pub(crate) fn request_body(id: u32, length: usize, end_of_stream: bool) -> Action {
    with_request(id, refuse_unknown, |request| {
        answers::of_ended(id, end_of_stream, || request.on_body(length, end_of_stream))
    })
}

pub(crate) fn request_trailers(id: u32) -> Action {
    with_request(id, refuse_unknown, |request| answers::of_ended(id, true, || request.on_trailers()))
}

/// Something was put into a queue that this thread has opened; a module's queues wake nobody.
#[cfg(any(not(feature = "module"), test))]
pub(crate) fn queue_ready(queue: u32) {
    answers::rung(queue);
}

pub(crate) fn response_headers(id: u32) {
    with_request(id, || (), Request::on_response_headers);
}

pub(crate) fn response_body(id: u32, length: usize) {
    with_request(id, || (), |request| request.on_response_body(length));
}

/// A request has ended, or a root is to end.
pub(crate) fn log(id: u32) {
    with_request(id, || (), Request::on_log);
}

/// A root is to end.
pub(crate) fn done(id: u32) {
    with_root(id, (), Root::on_done);
}

pub(crate) fn delete(id: u32) {
    CONTEXTS.with_borrow_mut(|contexts| {
        contexts.requests.remove(&id);
        contexts.roots.remove(&id);
    });
}

/// Defines the metrics, where Envoy takes none later.
#[cfg(all(feature = "module", not(test)))]
pub(crate) fn define(id: u32) -> bool {
    with_root(id, None, |root| root.worker()).is_some_and(|worker| worker.metrics().is_ok())
}

/// A bug has ended a callback of a request: nothing of it goes on, and the bug is counted.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn broken(id: u32) {
    answers::forget_ended();
    count_bug(with_request(id, || None, Request::broken));
}

/// A bug has ended something that a root did.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn root_broken(id: u32) {
    answers::forget_ended();
    count_bug(with_root(id, None, |root| root.worker()));
}

/// Neither the policy nor the sender may wait for ever for an answer that a bug has swallowed.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn give_up(id: u32, token: u32) {
    with_root(id, (), |root| root.give_up(token));
}

#[cfg(not(target_arch = "wasm32"))]
fn count_bug(worker: Option<Rc<Worker>>) {
    let counted = threads::count_lost(1).and_then(|()| worker.map_or(Ok(()), |worker| worker.metrics()?.lost(1)));
    if let Err(error) = counted {
        host::warn(&format!("lictor: a bug was not counted: {error:?}"));
    }
}

/// The same, by the names that Envoy looks for in the module.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "exported by name")]
mod exports {
    use super::Action;

    #[unsafe(no_mangle)]
    extern "C" fn _initialize() {
        // Where, and not what: a message may hold what a client sent.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            super::host::warn(&format!("lictor: a bug ends the filter of this thread: {}", place.unwrap_or_default()));
        }));
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_context_create(id: u32, root_id: u32) {
        super::create(id, root_id);
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_vm_start(_id: u32, _size: usize) -> bool {
        true
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_configure(id: u32, _size: usize) -> bool {
        super::configure(id)
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_tick(id: u32) {
        super::tick(id);
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_queue_ready(_id: u32, queue: u32) {
        super::queue_ready(queue);
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_http_call_response(id: u32, token: u32, _headers: u32, body: usize, _trailers: u32) {
        super::call_answered(id, token, body);
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_request_headers(id: u32, _count: u32, end_of_stream: bool) -> u32 {
        super::request_headers(id, end_of_stream) as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_request_body(id: u32, length: usize, end_of_stream: bool) -> u32 {
        super::request_body(id, length, end_of_stream) as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_request_trailers(id: u32, _count: u32) -> u32 {
        super::request_trailers(id) as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_response_headers(id: u32, _count: u32, _end_of_stream: bool) -> u32 {
        super::response_headers(id);
        Action::Continue as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_response_body(id: u32, length: usize, _end_of_stream: bool) -> u32 {
        super::response_body(id, length);
        Action::Continue as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_done(id: u32) -> bool {
        super::done(id);
        true
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_log(id: u32) {
        super::log(id);
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_delete(id: u32) {
        super::delete(id);
    }
}
