//! Bugs end at the callback that has one: the request is refused, and counted with the filters that were lost, and Envoy goes
//! on. In wasm Envoy does this, by ending the VM of the thread and all requests that it has.

use std::panic::{self, AssertUnwindSafe};

use crate::host::Action;
use crate::{callbacks, request};

/// Has the log tell where a bug is, and not what it says, since that may hold what a client sent.
#[cfg(all(feature = "module", not(test)))]
pub(crate) fn tell_where() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        crate::host::warn(&format!("lictor: a bug ends what the filter was doing: {}", place.unwrap_or_default()));
    }));
}

/// Has nothing told of bugs that are made on purpose.
#[cfg(test)]
pub(crate) fn hush(made: &'static str) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !panic.payload_as_str().is_some_and(|text| text.starts_with(made)) {
                tell(panic);
            }
        }));
    });
}

/// What a bug leaves half done is of one request, which is not gone on with, or done anew at the next tick.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Asks a request. After a bug `forget` is done with what was left for later, and the request is refused.
pub(crate) fn request(id: u32, forget: impl FnOnce(), ask: impl FnOnce() -> Action) -> Action {
    if let Some(said) = caught(ask) {
        return said;
    }
    forget();
    caught(|| callbacks::broken(id));
    caught(|| request::refuse_unjudged("a bug in the filter")).unwrap_or(Action::Pause)
}

/// Hands over an answer to a call of the root of this thread, which waits for it no longer.
pub(crate) fn answer(root: u32, call: u32, work: impl FnOnce()) {
    if thread(root, work).is_none() {
        caught(|| callbacks::give_up(root, call));
    }
}

/// Does something for the root of this thread. Nothing after a bug.
pub(crate) fn thread<T>(root: u32, work: impl FnOnce() -> T) -> Option<T> {
    let done = caught(work);
    if done.is_none() {
        caught(|| callbacks::root_broken(root));
    }
    done
}
