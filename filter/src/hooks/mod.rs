//! What Envoy calls where the filter is a dynamic module: each hook finds whom it is for and asks the callback that a wasm
//! module is asked. No bug in one leaves it: see `guarded`.

#[cfg(feature = "bugs")]
mod bugs;
mod exports;

use std::rc::Rc;

use crate::host::Action;
use crate::host::abi::envoy::{Answer, Config, Filter};
use crate::host::abi::state::{self, Configured, Now, Root, enter};
use crate::host::abi::{request_body_length, response_piece_length};
use crate::{answers, callbacks, guarded};

fn loaded() {
    guarded::tell_where();
}

/// There are none on purpose.
#[cfg(not(feature = "bugs"))]
mod bugs {
    pub(super) fn note(_request: u32) {}
    pub(super) fn at(_request: u32, _hook: &str) {}
    pub(super) fn at_main(_hook: &str) {}
}

/// A configuration, on the main thread. Its number, if it can be used.
fn configured(envoy: Config, bytes: &[u8]) -> Option<usize> {
    end_abandoned();
    let configured = Configured::new(envoy, bytes);
    let root = Root::new(configured);
    let is_usable = enter(root.now(), || guarded::thread(root.id, || begin(&root) && callbacks::define(root.id)));
    if is_usable != Some(true) {
        callbacks::delete(root.id);
        return None;
    }
    root.configured.publish();
    root.keep();
    Some(root.configured.number)
}

fn begin(root: &Root) -> bool {
    callbacks::create(root.id, 0);
    callbacks::configure(root.id)
}

/// Envoy has given up a configuration, on whatever thread its last request was.
fn unconfigured(number: usize) {
    let Some(configured) = Configured::forget(number) else { return };
    configured.end_ticks();
    // Those of other threads go when these are configured anew, and the main one's at its next tick too.
    end_abandoned();
}

/// Ends what this thread keeps of configurations that are gone. Nothing may be asked of Envoy for them any more.
fn end_abandoned() {
    for root in Root::take_abandoned() {
        state::forget_calls(root.configured.number);
        enter(Now::default(), || {
            guarded::thread(root.id, || {
                callbacks::done(root.id);
                callbacks::delete(root.id);
            })
        });
    }
}

/// The main thread, a tick later.
fn ticked(number: usize) {
    end_abandoned();
    let Some(root) = Root::find(number) else { return };
    root.configured.ticked();
    enter(root.now(), || {
        guarded::thread(root.id, || {
            bugs::at_main("main_tick");
            callbacks::tick(root.id);
        })
    });
}

/// An answer to a call of the main thread.
fn main_answered(number: usize, call: u64, answer: Answer) {
    let (Some(root), Some(call)) = (Root::find(number), state::main_call_of(number, call)) else { return };
    let length = answer.body.len();
    enter(root.now().with_answer(answer), || {
        guarded::answer(root.id, call, || {
            bugs::at_main("main_answered");
            callbacks::call_answered(root.id, call, length);
        });
    });
}

/// A request begins. Its number; without one Envoy ends it.
fn began(number: usize, filter: Filter) -> Option<u32> {
    let root = root(number)?;
    let request = state::begin(filter, &root);
    let is_made = enter(root.now(), || guarded::thread(root.id, || callbacks::create(request, root.id)));
    if is_made.is_none() {
        state::end(request);
    }
    is_made.map(|()| request)
}

/// This thread's root of a configuration, made at its first request.
fn root(number: usize) -> Option<Rc<Root>> {
    if let Some(root) = Root::find(number) {
        return Some(root);
    }
    end_abandoned();
    let root = Root::new(Configured::find(number)?);
    // It was configured so before, on the main thread.
    let is_usable = enter(root.now(), || guarded::thread(root.id, || begin(&root)));
    if is_usable != Some(true) {
        callbacks::delete(root.id);
        return None;
    }
    root.keep();
    Some(root)
}

/// Asks a callback of a request. One that is not known does not go on.
fn ask(request: u32, hook: &str, now: Option<Now>, ask: impl FnOnce() -> Action) -> Action {
    let Some(now) = now else { return Action::Pause };
    let asked = || {
        bugs::at(request, hook);
        ask()
    };
    enter(now, || guarded::request(request, || state::forget(request), asked))
}

/// Tells a callback of a request that needs not be asked whether it goes on.
fn tell(request: u32, hook: &str, now: Option<Now>, tell: impl FnOnce()) -> Action {
    let said = || {
        tell();
        Action::Continue
    };
    ask(request, hook, now, said)
}

/// Tells a callback of a request that is over, or nearly.
fn end(request: u32, hook: &str, tell: impl FnOnce()) {
    let Some(now) = state::about(request) else { return };
    let root = now.root_id();
    enter(now, || {
        guarded::thread(root, || {
            bugs::at(request, hook);
            tell();
        })
    });
}

fn request_headers(request: u32, end_of_stream: bool) -> Action {
    ask(request, "", state::about(request), || {
        bugs::note(request);
        bugs::at(request, "request_headers");
        callbacks::request_headers(request, end_of_stream)
    })
}

fn request_body(request: u32, end_of_stream: bool) -> Action {
    let now = state::about(request).map(Now::with_piece);
    ask(request, "request_body", now, || callbacks::request_body(request, request_body_length(), end_of_stream))
}

fn request_trailers(request: u32) -> Action {
    ask(request, "request_trailers", state::about(request), || callbacks::request_trailers(request))
}

fn response_headers(request: u32) -> Action {
    tell(request, "response_headers", state::about(request), || callbacks::response_headers(request))
}

fn response_body(request: u32) -> Action {
    let now = state::about(request);
    tell(request, "response_body", now, || callbacks::response_body(request, response_piece_length()))
}

/// An answer to a call of a request's own.
fn answered(request: u32, call: u64, answer: Answer) {
    let (Some(now), Some(call)) = (state::about(request), state::call_of(request, call)) else { return };
    let (root, length) = (now.root_id(), answer.body.len());
    tell(request, "answered", Some(now.with_answer(answer)), || callbacks::call_answered(root, call, length));
}

/// What was left for later is done.
fn woken(request: u32) {
    tell(request, "woken", state::about(request), || answers::due(request));
}

fn ended(request: u32) {
    end(request, "ended", || callbacks::log(request));
}

fn gone(request: u32) {
    end(request, "gone", || {
        answers::forget(request);
        callbacks::delete(request);
    });
    state::end(request);
}
