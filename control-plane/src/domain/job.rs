//! The jobs that run by the clock, and how a run of one ended.

use std::collections::BTreeMap;

use crate::domain::named::named;

named! {
    /// A job.
    pub enum Job {
        /// Deletes audit records that are older than the retention.
        AuditCleanup = "audit_cleanup",
        /// Marks expired keys inactive.
        ExpiredKeyCleanup = "expired_key_cleanup",
        /// Frees the places that gates count in for keys that are gone.
        RateLimiterCleanup = "rate_limiter_cleanup",
        /// Replaces keys before they expire.
        KeyRotation = "key_rotation",
        /// Marks sessions that have timed out, and drops terminations that have run out.
        SessionCleanup = "session_cleanup",
        /// Deletes sessions that ended long ago.
        OldSessionDeletion = "old_session_deletion",
        /// Mails administrators which keys end soon and which nobody uses.
        KeyReview = "key_review",
    }
}

impl Job {
    /// When it runs unless an administrator says otherwise. The daily ones are spread over the early morning; the weekly
    /// one is mail, which is there when the week begins.
    pub const fn default_cron(self) -> &'static str {
        match self {
            Self::ExpiredKeyCleanup => "5 1 * * *",
            Self::KeyRotation => "20 1 * * *",
            Self::AuditCleanup => "30 2 * * *",
            Self::OldSessionDeletion => "30 3 * * *",
            Self::SessionCleanup => "*/15 * * * *",
            Self::RateLimiterCleanup => "*/5 * * * *",
            Self::KeyReview => "0 5 * * MON",
        }
    }
}

named! {
    /// How a run ended.
    #[schemars(rename = "JobOutcome")]
    pub enum Outcome {
        /// Nothing is left to do.
        Succeeded = "succeeded",
        /// Its time was up, or the service ended: the next run follows at once.
        Continues = "continues",
        /// Broken off by a failure; the steps before stay done.
        Failed = "failed",
    }
}

/// How many of what.
pub type Counts = BTreeMap<String, u64>;
