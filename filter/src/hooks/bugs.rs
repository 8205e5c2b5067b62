//! Bugs made on purpose, in a build for tests: a request's header names the hook in which the filter has one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::host;

const HEADER: &[u8] = b"x-lictor-bug\0";

thread_local! {
    /// By request: what it wants is not among its headers any more when it has been forwarded.
    static WANTED: RefCell<HashMap<u32, String>> = RefCell::default();
}

/// What the main thread has the next bug in.
static OF_MAIN: Mutex<Option<String>> = Mutex::new(None);

/// Takes what a request's headers say.
pub(super) fn note(request: u32) {
    let Ok(headers) = host::request_headers() else { return };
    let Some(place) = headers.windows(HEADER.len()).position(|part| part == HEADER) else { return };
    let value = headers.get(place + HEADER.len()..).unwrap_or_default().split(|byte| *byte == 0).next();
    let hook = String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    if hook.starts_with("main_") {
        *OF_MAIN.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
    } else {
        WANTED.with_borrow_mut(|wanted| wanted.insert(request, hook));
    }
}

/// Has the bug of a request, if it is in this hook.
pub(super) fn at(request: u32, hook: &str) {
    let wanted = WANTED.with_borrow_mut(|wanted| match wanted.get(&request) {
        Some(found) if found == hook => wanted.remove(&request),
        _ => None,
    });
    assert!(wanted.is_none(), "a bug in {hook}");
}

/// Has the bug of the main thread, if it is in this hook.
pub(super) fn at_main(hook: &str) {
    let wanted = OF_MAIN.lock().unwrap_or_else(PoisonError::into_inner).take_if(|found| found == hook);
    assert!(wanted.is_none(), "a bug in {hook}");
}
