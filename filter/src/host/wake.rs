//! How a thread is woken for what it has left for later.

#[cfg(all(feature = "module", not(test)))]
pub(crate) use module::{open_bell, wake, wake_after};
#[cfg(any(not(feature = "module"), test))]
pub(crate) use queues::{is_bell, open_bell, wake, wake_after};

/// By a queue: Envoy wakes the thread that has opened it. Each thread ticks.
#[cfg(any(not(feature = "module"), test))]
mod queues {
    use std::cell::Cell;

    use crate::host::{HostError, dequeue, enqueue, queue};

    thread_local! {
        /// The queue that wakes this thread.
        static BELL: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Opens the queue that wakes this thread; until then it cannot be woken. One name for each place of a thread, as queues
    /// are never deleted.
    pub(crate) fn open_bell(place: usize) -> Result<(), HostError> {
        BELL.set(Some(queue(&format!("lictor.answers.{place}"))?));
        Ok(())
    }

    /// Whether it is this queue that wakes this thread, which is emptied then.
    pub(crate) fn is_bell(queue: u32) -> bool {
        let is_bell = BELL.get() == Some(queue);
        while is_bell && matches!(dequeue(queue), Ok(Some(_))) {}
        is_bell
    }

    /// Wakes this thread in the next round of its event loop.
    pub(crate) fn wake(_request: u32) -> Result<(), HostError> {
        BELL.get().map_or(Err(HostError::unreadable()), |bell| enqueue(bell, &[1]))
    }

    /// It ticks by itself.
    pub(crate) fn wake_after(_request: u32, _ticks: u64) -> Result<(), HostError> {
        Ok(())
    }
}

/// By Envoy's scheduler of a request.
#[cfg(all(feature = "module", not(test)))]
mod module {
    use crate::host::{HostError, abi, check};

    /// Nothing needs to be opened.
    pub(crate) fn open_bell(_place: usize) -> Result<(), HostError> {
        Ok(())
    }

    /// Has a request's thread woken in the next round of its event loop.
    pub(crate) fn wake(request: u32) -> Result<(), HostError> {
        check(abi::wake(request, None))
    }

    /// Has a request's thread woken after so many ticks.
    pub(crate) fn wake_after(request: u32, ticks: u64) -> Result<(), HostError> {
        check(abi::wake(request, Some(ticks)))
    }
}
