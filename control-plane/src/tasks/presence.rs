//! Stores when gates were last heard.

use std::time::Duration;

use crate::app::App;
use crate::store::Database;

/// How often what gates told is written to the database.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Writes what gates told every few seconds, and at once where another replica may wait for a gate that has taken a
/// policy, until the task is dropped.
pub async fn keep_presence(app: App) {
    let has_replicas = app.store.database() == Database::Postgres;
    loop {
        tokio::select! {
            () = tokio::time::sleep(FLUSH_EVERY) => {}
            () = app.presence.acknowledged.notified(), if has_replicas => {}
        }
        if let Err(error) = app.presence.flush(&app.store).await {
            tracing::warn!(%error, "when gates were last seen could not be stored");
        }
    }
}
