//! Sends the gate's own answers. Those to requests that have ended go out in the next round of the thread's event loop.
//!
//! An answer that is sent while its request is still being read makes Envoy read the next one of an HTTP/1 connection at
//! once, and Envoy closes a connection on which two answers wait to be written when a third request is there ("too many
//! responses queued"). A client that does not wait for answers would lose some.
//!
//! Answers to whoever is refused all the time go out some ticks later: a worker serves its connections in turn, and every
//! refusal takes a turn from another client's call.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::host::{self, HostError, Response};

/// How many ticks a late answer waits: 100 ms. Ticks and not time, so that a clock that is set back holds nobody.
const LATE_TICKS: u64 = 5;

thread_local! {
    /// The request that is being asked, if it has ended.
    static ENDED: Cell<Option<u32>> = const { Cell::new(None) };
    /// No more than there are requests.
    static WAITING: RefCell<Vec<(u32, Response)>> = const { RefCell::new(Vec::new()) };
    /// Whether the request that is being asked is answered late.
    static IS_LATE: Cell<bool> = const { Cell::new(false) };
    static TICKS: Cell<u64> = const { Cell::new(0) };
    /// With the tick that sends it. No more than the requests of the ticks between.
    static LATE: RefCell<VecDeque<(u64, u32, Response)>> = const { RefCell::new(VecDeque::new()) };
}

/// Asks a request that has ended; what it is answered meanwhile goes out later.
pub(crate) fn of_ended<T>(request: u32, ended: bool, ask: impl FnOnce() -> T) -> T {
    ENDED.set(ended.then_some(request));
    let said = ask();
    ENDED.set(None);
    IS_LATE.set(false);
    said
}

/// Lets the answer to the request that is being asked wait, if that has ended: Envoy would go on to collect the body of
/// another.
pub(crate) fn be_late() {
    IS_LATE.set(true);
}

/// Sends an answer, or leaves it to [`rung`] and [`tick`], or to `due`.
pub(crate) fn send(response: Response) -> Result<(), HostError> {
    let Some(request) = ENDED.get() else { return response.send() };
    if IS_LATE.get() && host::wake_after(request, LATE_TICKS).is_ok() {
        LATE.with_borrow_mut(|late| late.push_back((TICKS.get() + LATE_TICKS, request, response)));
        return Ok(());
    }
    if host::wake(request).is_ok() {
        WAITING.with_borrow_mut(|waiting| waiting.push((request, response)));
        return Ok(());
    }
    response.send()
}

/// Sends what waits, if a queue has woken this thread that does nothing else.
#[cfg(any(not(feature = "module"), test))]
pub(crate) fn rung(queue: u32) {
    if host::is_bell(queue) {
        flush();
    }
}

/// Sends what waits for this tick, and what waits for the next round, should nobody have been woken.
pub(crate) fn tick() {
    let now = TICKS.get() + 1;
    TICKS.set(now);
    while let Some((_, request, response)) = LATE.with_borrow_mut(|late| late.pop_front_if(|(due, ..)| *due <= now)) {
        send_to(request, &response);
    }
    flush();
}

fn flush() {
    for (request, response) in WAITING.take() {
        send_to(request, &response);
    }
}

fn send_to(request: u32, response: &Response) {
    // The request is gone if this fails, and with it whoever waited.
    if host::turn_to(request).is_ok()
        && let Err(error) = response.send()
    {
        host::warn(&format!("lictor: an answer could not be sent: {error:?}"));
    }
}

/// Sends what waits for one request, on threads that do not tick and have each request woken by itself.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn due(request: u32) {
    if let Some(response) = take(request) {
        send_to(request, &response);
    }
}

/// Forgets what waits for a request that is gone.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn forget(request: u32) {
    take(request);
}

#[cfg(not(target_arch = "wasm32"))]
fn take(request: u32) -> Option<Response> {
    let next = WAITING.with_borrow_mut(|waiting| {
        let place = waiting.iter().position(|(found, _)| *found == request)?;
        Some(waiting.remove(place).1)
    });
    next.or_else(|| {
        LATE.with_borrow_mut(|late| {
            let place = late.iter().position(|(_, found, _)| *found == request)?;
            late.remove(place).map(|(_, _, response)| response)
        })
    })
}

/// Forgets that a request is being asked, when a bug has ended that.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn forget_ended() {
    ENDED.set(None);
    IS_LATE.set(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::abi::host;

    fn refuse(request: u32, ended: bool, late: bool) {
        of_ended(request, ended, || {
            if late {
                be_late();
            }
            send(Response::new(403, &[], b"no")).unwrap();
        });
    }

    fn answers() -> usize {
        host(|host| host.answers.len())
    }

    #[test]
    fn a_late_answer_waits_for_its_tick_and_no_other_does() {
        refuse(2, true, true);
        refuse(3, true, false);
        assert_eq!(answers(), 1);
        // Its body is still coming: Envoy would go on to collect it.
        refuse(4, false, true);
        assert_eq!(answers(), 2);
        for _ in 1..LATE_TICKS {
            tick();
            refuse(5, true, true);
        }
        assert_eq!(answers(), 2);
        tick();
        assert_eq!(answers(), 3);
        (0..LATE_TICKS).for_each(|_| tick());
        assert_eq!(answers(), 2 + LATE_TICKS as usize);
        // On a thread that does not tick, each has a time of its own.
        refuse(6, true, true);
        refuse(7, true, true);
        due(7);
        forget(6);
        due(6);
        assert_eq!(answers(), 3 + LATE_TICKS as usize);
    }
}
