//! What happens by the clock: six jobs, each run by exactly one replica at a time.
//!
//! A job is done in steps. Each step is bounded and leaves the database as if nothing else were to follow, so that a run
//! may end between any two: because its time is up, because the service ends, or because the machine does. The next run
//! goes on where it ended.

pub mod audit_cleanup;
pub mod expired_key_cleanup;
pub mod key_rotation;
pub mod old_session_deletion;
pub mod rate_limiter_cleanup;
pub mod runner;
pub mod session_cleanup;

use std::collections::BTreeMap;

use crate::app::App;
use crate::domain::problem::Result;

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Deletes audit records that are older than the retention.
    AuditCleanup,
    /// Marks expired keys inactive.
    ExpiredKeyCleanup,
    /// Frees the places that gates count in for keys that are gone.
    RateLimiterCleanup,
    /// Replaces keys before they expire.
    KeyRotation,
    /// Marks sessions that have timed out, and drops terminations that have run out.
    SessionCleanup,
    /// Deletes sessions that ended long ago.
    OldSessionDeletion,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AuditCleanup,
        Self::ExpiredKeyCleanup,
        Self::RateLimiterCleanup,
        Self::KeyRotation,
        Self::SessionCleanup,
        Self::OldSessionDeletion,
    ];

    /// Its name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuditCleanup => "audit_cleanup",
            Self::ExpiredKeyCleanup => "expired_key_cleanup",
            Self::RateLimiterCleanup => "rate_limiter_cleanup",
            Self::KeyRotation => "key_rotation",
            Self::SessionCleanup => "session_cleanup",
            Self::OldSessionDeletion => "old_session_deletion",
        }
    }

    /// The job with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }

    /// When it runs unless an administrator says otherwise. The daily ones are spread over the early morning.
    pub const fn default_cron(self) -> &'static str {
        match self {
            Self::ExpiredKeyCleanup => "5 1 * * *",
            Self::KeyRotation => "20 1 * * *",
            Self::AuditCleanup => "30 2 * * *",
            Self::OldSessionDeletion => "30 3 * * *",
            Self::SessionCleanup => "*/15 * * * *",
            Self::RateLimiterCleanup => "*/5 * * * *",
        }
    }

    /// Does a bounded part of it, from a place on.
    async fn step(self, app: &App, from: &str) -> Result<Step> {
        match self {
            Self::AuditCleanup => crate::tasks::jobs::audit_cleanup::step(app).await,
            Self::ExpiredKeyCleanup => crate::tasks::jobs::expired_key_cleanup::step(app).await,
            Self::RateLimiterCleanup => crate::tasks::jobs::rate_limiter_cleanup::step(app).await,
            Self::KeyRotation => crate::tasks::jobs::key_rotation::step(app, from).await,
            Self::SessionCleanup => crate::tasks::jobs::session_cleanup::step(app).await,
            Self::OldSessionDeletion => crate::tasks::jobs::old_session_deletion::step(app).await,
        }
    }
}

/// How many of what.
pub type Counts = BTreeMap<String, u64>;

/// What a step has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    counts: Counts,
    /// Where the next step goes on; none if nothing is left to do.
    next: Option<String>,
}

impl Step {
    /// So many of one thing, out of at most `limit` a step: a full step is followed by another.
    fn of(what: &str, count: u64, limit: u32) -> Self {
        let next = (count >= u64::from(limit)).then(String::new);
        Self { counts: Counts::from([(what.to_owned(), count)]), next }
    }

    /// Together with another part of the same step.
    fn and(mut self, other: Self) -> Self {
        self.counts.extend(other.counts);
        Self { counts: self.counts, next: self.next.or(other.next) }
    }
}
