//! A thread of our own that does something again and again.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// It ends when this is dropped, which may be in the midst of what it does.
pub(crate) struct Periodic {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    has_ended: Mutex<bool>,
    ends: Condvar,
}

impl Periodic {
    /// Does `each` after every `period`, on a thread of this name.
    pub(crate) fn start(name: &str, period: Duration, mut each: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let run = move || {
            // Nothing is locked while it does it.
            while !theirs.has_ended_after(period) {
                each();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Periodic {
    fn drop(&mut self) {
        *self.shared.has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ends.notify_all();
        let Some(thread) = self.thread.take() else { return };
        // The thread itself cannot wait for its end.
        if thread.thread().id() != thread::current().id() {
            // Nothing in it can end it with a bug that could be reported here.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn has_ended_after(&self, period: Duration) -> bool {
        let has_ended = self.has_ended.lock().unwrap_or_else(PoisonError::into_inner);
        *self.ends.wait_timeout_while(has_ended, period, |ended| !*ended).unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    /// Whether it has ended: then `each`, and what it owns, is gone.
    fn ends(told: &mpsc::Receiver<()>) -> bool {
        loop {
            match told.recv_timeout(LONGEST) {
                Ok(()) => {}
                Err(problem) => return problem == mpsc::RecvTimeoutError::Disconnected,
            }
        }
    }

    #[test]
    fn it_ends_with_its_owner() {
        let (tell, told) = mpsc::channel();
        let periodic =
            Periodic::start("test", Duration::from_millis(1), move || tell.send(()).unwrap_or_default()).unwrap();
        assert!(told.recv_timeout(LONGEST).is_ok() && told.recv_timeout(LONGEST).is_ok());
        drop(periodic);
        assert!(ends(&told));
    }

    #[test]
    fn it_ends_when_it_drops_itself() {
        let (tell, told) = mpsc::channel();
        let owner = Arc::new(Mutex::new(None));
        let own = Arc::clone(&owner);
        let each = move || {
            let _tells = &tell;
            drop(own.lock().unwrap().take());
        };
        let mut place = owner.lock().unwrap();
        *place = Some(Periodic::start("test", Duration::from_millis(1), each).unwrap());
        drop(place);
        assert!(ends(&told));
    }
}
