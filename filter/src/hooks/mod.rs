//! What Envoy calls where the filter is a dynamic module: each hook finds whom it is for and asks the callback that a wasm
//! module is asked. No bug in one leaves it: see `guarded`.

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
    enter(root.now(), || guarded::thread(root.id, || callbacks::tick(root.id)));
}

/// An answer to a call of the main thread.
fn main_answered(number: usize, call: u64, answer: Answer) {
    let (Some(root), Some(call)) = (Root::find(number), state::main_call_of(number, call)) else { return };
    let length = answer.body.len();
    enter(root.now().with_answer(answer), || {
        guarded::answer(root.id, call, || callbacks::call_answered(root.id, call, length));
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
fn ask(request: u32, now: Option<Now>, ask: impl FnOnce() -> Action) -> Action {
    let Some(now) = now else { return Action::Pause };
    enter(now, || guarded::request(request, || state::forget(request), ask))
}

/// Tells a callback of a request that needs not be asked whether it goes on.
fn tell(request: u32, now: Option<Now>, tell: impl FnOnce()) -> Action {
    let said = || {
        tell();
        Action::Continue
    };
    ask(request, now, said)
}

fn request_headers(request: u32, end_of_stream: bool) -> Action {
    ask(request, state::about(request), || callbacks::request_headers(request, end_of_stream))
}

fn request_body(request: u32, end_of_stream: bool) -> Action {
    let now = state::about(request).map(Now::with_piece);
    ask(request, now, || callbacks::request_body(request, request_body_length(), end_of_stream))
}

fn request_trailers(request: u32) -> Action {
    ask(request, state::about(request), || callbacks::request_trailers(request))
}

fn response_headers(request: u32) -> Action {
    tell(request, state::about(request), || callbacks::response_headers(request))
}

fn response_body(request: u32) -> Action {
    tell(request, state::about(request), || callbacks::response_body(request, response_piece_length()))
}

/// An answer to a call of a request's own.
fn answered(request: u32, call: u64, answer: Answer) {
    let (Some(now), Some(call)) = (state::about(request), state::call_of(request, call)) else { return };
    let (root, length) = (now.root_id(), answer.body.len());
    tell(request, Some(now.with_answer(answer)), || callbacks::call_answered(root, call, length));
}

/// What was left for later is done.
fn woken(request: u32) {
    tell(request, state::about(request), || answers::due(request));
}

fn ended(request: u32) {
    let Some(now) = state::about(request) else { return };
    let root = now.root_id();
    enter(now, || guarded::thread(root, || callbacks::log(request)));
}

fn gone(request: u32) {
    let Some(now) = state::about(request) else { return };
    let root = now.root_id();
    enter(now, || {
        guarded::thread(root, || {
            answers::forget(request);
            callbacks::delete(request);
        })
    });
    state::end(request);
}
