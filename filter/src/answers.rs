//! Sends the gate's own answers. Those to requests that have ended go out in the next round of the thread's event loop.
//!
//! An answer that is sent while its request is still being read makes Envoy read the next one of an HTTP/1 connection at
//! once, and Envoy closes a connection on which two answers wait to be written when a third request is there ("too many
//! responses queued"). A client that does not wait for answers would lose some.

use std::cell::{Cell, RefCell};

use crate::host::{self, HostError, Response};

thread_local! {
    /// The request that is being asked, if it has ended.
    static ENDED: Cell<Option<u32>> = const { Cell::new(None) };
    /// The queue that wakes this thread.
    static BELL: Cell<Option<u32>> = const { Cell::new(None) };
    /// No more than there are requests.
    static WAITING: RefCell<Vec<(u32, Response)>> = const { RefCell::new(Vec::new()) };
}

/// Opens the queue that wakes this thread. Until then answers are sent at once. One name for each place of a thread, as
/// queues are never deleted.
pub(crate) fn open(place: usize) -> Result<(), HostError> {
    BELL.set(Some(host::queue(&format!("lictor.answers.{place}"))?));
    Ok(())
}

/// Asks a request that has ended; what it is answered meanwhile goes out later.
pub(crate) fn of_ended<T>(request: u32, ended: bool, ask: impl FnOnce() -> T) -> T {
    ENDED.set(ended.then_some(request));
    let said = ask();
    ENDED.set(None);
    said
}

/// Sends an answer, or leaves it to [`flush`].
pub(crate) fn send(response: Response) -> Result<(), HostError> {
    if let (Some(request), Some(bell)) = (ENDED.get(), BELL.get())
        && host::enqueue(bell, &[1]).is_ok()
    {
        WAITING.with_borrow_mut(|waiting| waiting.push((request, response)));
        return Ok(());
    }
    response.send()
}

/// Empties the queue that has woken this thread, if it is that one, and sends what waits.
pub(crate) fn rung(queue: u32) {
    if BELL.get() != Some(queue) {
        return;
    }
    while let Ok(Some(_)) = host::dequeue(queue) {}
    flush();
}

/// Sends what waits; also at each tick, should nobody have been woken.
pub(crate) fn flush() {
    for (request, response) in WAITING.take() {
        // The request is gone if this fails, and with it whoever waited.
        if host::turn_to(request).is_ok()
            && let Err(error) = response.send()
        {
            host::warn(&format!("lictor: an answer could not be sent: {error:?}"));
        }
    }
}
