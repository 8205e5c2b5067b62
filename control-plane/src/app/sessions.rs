//! When sessions have timed out.

use std::time::Duration;

use crate::domain::settings::Settings;
use crate::domain::time::Moment;
use crate::store::sessions::Cutoff;

/// When a session that has timed out now was last seen, and the timeout.
pub(crate) fn cutoff(settings: &Settings, now: Moment) -> (Cutoff, Duration) {
    let timeout = Duration::from_secs(settings.sessions.timeout_seconds.into());
    (Cutoff(now.minus(timeout)), timeout)
}
