//! Ticks: Envoy has none for a module, so a thread of our own wakes the main thread for them, and later the threads of
//! requests that are answered late.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::envoy::{MainWaker, Waker};
use super::periodic::Periodic;

/// Ticks since the module was loaded.
static TICKS: AtomicU64 = AtomicU64::new(0);

/// Who is to be woken at which tick. No more than the requests of the ticks between.
static SLEEPERS: Mutex<VecDeque<(u64, Waker)>> = Mutex::new(VecDeque::new());

/// What ticks for one configuration, until this is dropped. Its own thread drops it where Envoy gives the configuration up while
/// that thread wakes the main one: for as long, Envoy has it hold the configuration.
pub(crate) struct Ticks {
    /// Whether the main thread was woken and has not ticked yet: it may stand still for some seconds.
    is_woken: Arc<AtomicBool>,
    _thread: Periodic,
}

impl Ticks {
    pub(crate) fn start(main: MainWaker, period: Duration) -> io::Result<Self> {
        let is_woken = Arc::<AtomicBool>::default();
        let was_woken = Arc::clone(&is_woken);
        let tick = move || {
            if !was_woken.swap(true, Ordering::AcqRel) {
                main.wake();
            }
            wake_sleepers();
        };
        Ok(Self { is_woken, _thread: Periodic::start("lictor", period, tick)? })
    }

    /// The main thread ticks.
    pub(crate) fn taken(&self) {
        self.is_woken.store(false, Ordering::Release);
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
