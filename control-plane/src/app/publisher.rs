//! The newest policy, as gates get it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Notify, watch};

use crate::domain::revision::Revision;
use crate::domain::settings::Settings;

/// One policy, ready to be sent.
#[derive(Debug)]
pub struct Published {
    /// Names the count of revisions.
    pub epoch: String,
    /// The revision.
    pub revision: Revision,
    /// How old it may become at a gate; answers to polls renew it.
    pub max_age: Duration,
    /// The snapshot as JSON.
    pub json: Bytes,
    /// The settings that it was made with.
    pub(crate) settings: Settings,
    /// How long it took to build.
    pub built_in: Duration,
}

/// Holds the newest policy.
pub struct Publisher {
    pub(crate) current: watch::Sender<Option<Arc<Published>>>,
    pub(crate) wake: Notify,
    pub(crate) failing: AtomicBool,
}

impl Default for Publisher {
    fn default() -> Self {
        Self { current: watch::Sender::new(None), wake: Notify::new(), failing: AtomicBool::new(false) }
    }
}

impl Publisher {
    /// Says that there may be a new revision. Many calls at once make one build, or none if there is none.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// The newest policy, and every later one.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.current.subscribe()
    }

    /// Whether gates can have the policy of the newest revision, or have it built this moment.
    pub fn is_healthy(&self) -> bool {
        !self.failing.load(Ordering::Relaxed) && self.current.borrow().is_some()
    }
}
