//! Turns each revision of the database into the bytes that gates get.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lictor_policy::snapshot::{BadSnapshot, Snapshot, compact};
use lictor_policy::wire;
use tokio::time::{Instant, sleep, timeout};

use crate::app::App;
use crate::app::publisher::Published;
use crate::store::snapshot::{self, Whole};
use crate::store::{Meta, Notification, StoreError, in_time};
use crate::tasks::goes_on_after;

/// How often the database is looked at without a notification: one may be lost, and a build may fail.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A connection on which no notification came for this long is replaced: of a host that has vanished none would come.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(300);

/// Why there is no new policy.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Gates would refuse it.
    #[error("the policy cannot be used by gates: {0}")]
    Unusable(#[from] BadSnapshot),
    /// More than a gate can receive.
    #[error("the policy has {0} bytes and gates can take {max} at most: delete keys or permissions", max = wire::MAX_SNAPSHOT_BYTES)]
    TooLarge(usize),
    /// The conversion panicked.
    #[error("the policy's conversion failed")]
    Conversion,
}

/// Publishes every revision, whichever replica has made it, until the service is to end. After a failure gates keep what
/// they have: the newest policy that could be built.
///
/// # Errors
/// [`StoreError::OtherMasterKey`] once the database's master key is no longer the one of this process, which is of no
/// use from then on. Everything else is tried again.
pub async fn run(app: App) -> Result<(), StoreError> {
    loop {
        let built = in_time(build(&app)).await;
        let failed_before = app.publisher.failing.swap(built.is_err(), Ordering::Relaxed);
        match built {
            Ok(None) => {}
            Ok(Some(published)) => {
                tracing::debug!(revision = published.revision.0, bytes = published.compact.len(), "published");
                app.publisher.current.send_replace(Some(Arc::new(published)));
            }
            Err(PublishError::Store(error @ StoreError::OtherMasterKey { .. })) => return Err(error),
            Err(error) if !failed_before => {
                tracing::error!(%error, "the policy is not published, which is tried again; gates keep the one they have");
            }
            Err(_) => {}
        }
        if !goes_on_after(&app, timeout(CHECK_INTERVAL, app.publisher.wake.notified())).await {
            return Ok(());
        }
    }
}

/// Wakes the publisher, and whoever waits for gates, when another replica notifies this one, until the service is to end.
pub async fn hear_replicas(app: App) {
    let mut failed_before = false;
    let mut listen_and_pause = async || {
        let heard: Result<(), StoreError> = async {
            let Some(mut listener) = in_time(app.store.listen()).await? else { return std::future::pending().await };
            failed_before = false;
            loop {
                let Ok(notification) = timeout(SILENCE_TIMEOUT, listener.next()).await else { return Ok(()) };
                match notification? {
                    Notification::Policy => app.publisher.wake(),
                    Notification::Gates => app.presence.heard_elsewhere(),
                }
            }
        }
        .await;
        if let Err(error) = heard
            && !failed_before
        {
            tracing::warn!(%error, "other replicas are not heard, which is tried again; the database is looked at meanwhile");
            failed_before = true;
        }
        sleep(CHECK_INTERVAL).await;
    };
    while goes_on_after(&app, listen_and_pause()).await {}
}

/// The newest policy, unless it is published.
async fn build(app: &App) -> Result<Option<Published>, PublishError> {
    let began = Instant::now();
    let mut connection = app.store.read_consistently().await?;
    let meta = Meta::load(&mut connection).await?;
    meta.check_master_key(app.vault.key_id())?;
    let is_current = |now: &Arc<Published>| (&now.epoch, now.revision) == (&meta.epoch, meta.revision);
    if app.publisher.current.borrow().as_ref().is_some_and(is_current) {
        return Ok(None);
    }
    let last = app.publisher.current.borrow().as_ref().map(|published| published.settings.clone());
    let Whole { snapshot: wire, settings, left_out, stopped } = snapshot::whole(&mut connection, last.as_ref()).await?;
    drop(connection);
    if stopped {
        tracing::error!("the policy does not prove itself: gates refuse every call; see `lictor audit verify`");
    } else if left_out > 0 {
        tracing::error!(
            left_out,
            "rows of the policy do not prove themselves and are left out; see `lictor audit verify`"
        );
    }
    let converted = tokio::task::spawn_blocking(move || {
        let bytes = compact::write(&wire)?;
        sendable(bytes.len())?;
        Snapshot::checked(bytes.clone(), Snapshot::TRIED)?;
        Ok(Some(Published::new(&wire, bytes.into(), settings, began.elapsed())))
    });
    converted.await.map_err(|_| PublishError::Conversion)?
}

/// Refuses a policy that is too large: Envoy would cut it off, and the filter that waited for it would die.
fn sendable(bytes: usize) -> Result<(), PublishError> {
    if bytes <= wire::MAX_SNAPSHOT_BYTES { Ok(()) } else { Err(PublishError::TooLarge(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_no_gate_can_receive_is_not_published() {
        assert!(sendable(wire::MAX_SNAPSHOT_BYTES).is_ok());
        let refused = sendable(wire::MAX_SNAPSHOT_BYTES + 1).unwrap_err().to_string();
        assert!(refused.contains("delete keys or permissions"), "{refused}");
    }
}
