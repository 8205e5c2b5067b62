//! When sessions have timed out.

use std::time::Duration;

use crate::app::App;
use crate::domain::problem::Result;
use crate::store::sessions::Cutoff;
use crate::store::{Connection, settings};

/// When a session that has timed out now was last seen, and the timeout.
pub(crate) async fn cutoff(app: &App, connection: &mut Connection) -> Result<(Cutoff, Duration)> {
    let settings = settings::load_or_default(connection).await?;
    let timeout = Duration::from_secs(settings.sessions.timeout_seconds.into());
    Ok((Cutoff(app.now().minus(timeout)), timeout))
}
