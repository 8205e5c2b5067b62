//! Ticks: Envoy has none for a module, so a thread of our own wakes the main thread for them, and later the threads of
//! requests that are answered late.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::envoy::{MainWaker, Waker};

/// Ticks since the module was loaded.
static TICKS: AtomicU64 = AtomicU64::new(0);

/// Who is to be woken at which tick. No more than the requests of the ticks between.
static SLEEPERS: Mutex<VecDeque<(u64, Waker)>> = Mutex::new(VecDeque::new());

/// The thread that ticks for one configuration. It ends when this is dropped.
pub(crate) struct Ticks {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    ended: Mutex<bool>,
    ends: Condvar,
    /// Whether the main thread was woken and has not ticked yet: it may stand still for some seconds.
    is_woken: AtomicBool,
}

impl Ticks {
    pub(crate) fn start(main: MainWaker, period: Duration) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { ended: Mutex::new(false), ends: Condvar::new(), is_woken: AtomicBool::new(false) });
        let theirs = Arc::clone(&shared);
        let run = move || theirs.run(&main, period);
        let thread = thread::Builder::new().name("lictor".to_owned()).spawn(run)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The main thread ticks.
    pub(crate) fn taken(&self) {
        self.shared.is_woken.store(false, Ordering::Release);
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        *self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ends.notify_all();
        // Nothing in it can end it with a bug that could be reported here.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl Shared {
    fn run(&self, main: &MainWaker, period: Duration) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.ends.wait_timeout(ended, period).unwrap_or_else(PoisonError::into_inner);
            if *waited.0 {
                return;
            }
            ended = waited.0;
            if !self.is_woken.swap(true, Ordering::AcqRel) {
                main.wake();
            }
            wake_sleepers();
        }
    }
}

fn wake_sleepers() {
    let now = TICKS.fetch_add(1, Ordering::Relaxed) + 1;
    let mut sleepers = SLEEPERS.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some((_, sleeper)) = sleepers.pop_front_if(|(due, _)| *due <= now) {
        sleeper.wake();
    }
}

/// Wakes the thread of a request after so many ticks.
pub(super) fn wake_after(ticks: u64, sleeper: Waker) {
    let due = TICKS.load(Ordering::Relaxed) + ticks;
    SLEEPERS.lock().unwrap_or_else(PoisonError::into_inner).push_back((due, sleeper));
}
