//! The newest policy, as gates get it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use lictor_policy::wire;
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
    /// The snapshot in its compact form.
    pub compact: Bytes,
    /// The snapshot as JSON, made for the first who wants that; `None` if it is larger than gates can take.
    json: OnceLock<Option<Bytes>>,
    /// The settings that it was made with.
    pub(crate) settings: Settings,
    /// How long it took to build.
    pub built_in: Duration,
}

impl Published {
    /// A policy that was [checked](lictor_policy::snapshot::Snapshot::checked) in its compact form.
    pub(crate) fn new(of: &wire::Snapshot, compact: Bytes, settings: Settings, built_in: Duration) -> Self {
        Self {
            epoch: of.epoch.clone(),
            revision: Revision(of.revision),
            max_age: Duration::from_secs(of.settings.snapshot_max_age_seconds.into()),
            compact,
            json: OnceLock::new(),
            settings,
            built_in,
        }
    }

    /// The snapshot as JSON, for gates of before and for people; `None` if it is larger than gates can take. It takes a while
    /// for many keys.
    ///
    /// # Errors
    /// If it cannot be read back or written.
    pub fn json(&self) -> anyhow::Result<Option<Bytes>> {
        if let Some(made) = self.json.get() {
            return Ok(made.clone());
        }
        let json = serde_json::to_vec(&wire::Snapshot::of_compact(self.compact.to_vec())?)?;
        let bytes = json.len();
        let made = self.json.get_or_init(|| (bytes <= wire::MAX_SNAPSHOT_BYTES).then(|| json.into()));
        if made.is_none() {
            tracing::error!(
                bytes,
                "as JSON the policy is too large: filters before 0.3 do not get it, and have to be updated"
            );
        }
        Ok(made.clone())
    }
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
