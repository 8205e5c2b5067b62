//! Seven jobs that run by the clock, each on exactly one replica at a time.
//!
//! A job is done in steps. Each step is bounded and leaves the database as if nothing else were to follow, so that a run
//! may end between any two: because its time is up, because the service ends, or because the machine does. The next run
//! goes on where it ended.

pub mod audit_cleanup;
pub mod expired_key_cleanup;
pub mod key_review;
pub mod key_rotation;
pub mod old_session_deletion;
pub mod rate_limiter_cleanup;
pub mod runner;
pub mod session_cleanup;

use crate::app::App;
use crate::domain::job::{Counts, Job};
use crate::domain::problem::Result;

/// Does a bounded part of a job, from a place on.
async fn step(job: Job, app: &App, from: &str) -> Result<Step> {
    match job {
        Job::AuditCleanup => audit_cleanup::step(app).await,
        Job::ExpiredKeyCleanup => expired_key_cleanup::step(app).await,
        Job::RateLimiterCleanup => rate_limiter_cleanup::step(app).await,
        Job::KeyRotation => key_rotation::step(app, from).await,
        Job::SessionCleanup => session_cleanup::step(app).await,
        Job::OldSessionDeletion => old_session_deletion::step(app).await,
        Job::KeyReview => key_review::step(app).await,
    }
}

/// The outcome of a step.
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
