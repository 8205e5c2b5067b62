//! Turns each revision of the database into the bytes that gates get.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::store::{Revision, StoreError, snapshot};

/// How soon a failed build is tried again.
const RETRY: Duration = Duration::from_secs(1);

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
    /// How long it took to build.
    pub built_in: Duration,
}

/// Holds the newest policy.
pub struct Publisher {
    current: watch::Sender<Option<Arc<Published>>>,
    wake: Notify,
    failing: AtomicBool,
}

impl Default for Publisher {
    fn default() -> Self {
        Self { current: watch::Sender::new(None), wake: Notify::new(), failing: AtomicBool::new(false) }
    }
}

impl Publisher {
    /// Says that there is a new revision. Many calls at once make one build.
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

/// Why there is no new policy.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Gates would refuse it.
    #[error("the policy cannot be used by gates: {0}")]
    Unusable(#[from] BadSnapshot),
    /// Not to be written as JSON.
    #[error("the policy cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The conversion panicked.
    #[error("the policy's conversion failed")]
    Conversion,
}

/// Publishes every revision, until the task is dropped. After a failure gates keep what they have: the newest policy
/// that could be built.
pub async fn run(app: App) {
    loop {
        let built = build(&app).await;
        app.publisher.failing.store(built.is_err(), Ordering::Relaxed);
        match built {
            Ok(published) => {
                tracing::debug!(revision = published.revision.0, bytes = published.json.len(), "published");
                app.publisher.current.send_replace(Some(Arc::new(published)));
                app.publisher.wake.notified().await;
            }
            Err(error) => {
                tracing::error!(%error, "the policy was not published; gates keep the one they have");
                let _ = tokio::time::timeout(RETRY, app.publisher.wake.notified()).await;
            }
        }
    }
}

async fn build(app: &App) -> Result<Published, PublishError> {
    let began = Instant::now();
    let mut tx = app.store.read_consistently().await?;
    let wire = snapshot::whole(&mut tx, &app.vault).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let converted = tokio::task::spawn_blocking(move || {
        let (epoch, revision) = (wire.epoch.clone(), Revision(wire.revision));
        let max_age = Duration::from_secs(wire.settings.snapshot_max_age_seconds.into());
        let json = Bytes::from(serde_json::to_vec(&wire)?);
        Snapshot::try_from(wire)?;
        Ok(Published { epoch, revision, max_age, json, built_in: began.elapsed() })
    });
    converted.await.map_err(|_| PublishError::Conversion)?
}
