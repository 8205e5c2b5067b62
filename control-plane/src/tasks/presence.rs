//! Stores when gates were last heard.

use std::time::Duration;

use tokio::time::sleep;

use crate::app::App;
use crate::store::Database;
use crate::tasks::goes_on_after;

/// How long what gates reported may wait to be written to the database.
const FLUSH_INTERVAL: Duration = Duration::from_secs(5);

/// Writes what gates reported every few seconds, and at once where another replica may wait for a gate that has taken a
/// policy, until the service is to end.
pub async fn run(app: App) {
    let has_replicas = app.store.database() == Database::Postgres;
    let due = async || {
        tokio::select! {
            () = sleep(FLUSH_INTERVAL) => {}
            () = app.presence.acknowledged.notified(), if has_replicas => {}
        }
    };
    while goes_on_after(&app, due()).await {
        if let Err(error) = app.presence.flush(&app.store).await {
            tracing::warn!(%error, "when gates were last seen could not be stored");
        }
    }
}
