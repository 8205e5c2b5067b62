//! The jobs that run by the clock, and how a run of one ended.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "JobOutcome")]
pub enum Outcome {
    /// Nothing is left to do.
    Succeeded,
    /// Its time was up, or the service ended: the next run follows at once.
    Continues,
    /// It could not go on; what it did before stays done.
    Failed,
}

impl Outcome {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Continues => "continues",
            Self::Failed => "failed",
        }
    }
}

/// How many of what.
pub type Counts = BTreeMap<String, u64>;
