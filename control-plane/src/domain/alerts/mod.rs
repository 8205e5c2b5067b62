//! Alerts: audit events that somebody should look at.
//!
//! Events are evaluated in the transaction that stores them (`app/alerts/evaluate.rs`), and not after it from a cursor: so each counts
//! once, however often a gate sends it, and nothing can lag behind, be lost at a restart or be done by two replicas. It
//! costs the answer to the gate two queries a batch while nothing stands out, two more when something does, and some for
//! each alert that is opened or raised. What is counted toward an alert that is not open yet is kept in the database, one
//! bounded row a type and subject.

pub mod rules;
pub mod settings;
pub mod subject;
pub mod tally;

use lictor_policy::refusal::{AlertType, Reason};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::alerts::subject::Subject;
use crate::domain::named::named;
use crate::domain::severity::Severity;
use crate::domain::time::Moment;

/// All types, in the order in which they are listed everywhere.
pub const TYPES: [AlertType; 7] = [
    AlertType::AuthenticationFailed,
    AlertType::RateLimitExceeded,
    AlertType::IpBlocked,
    AlertType::PermissionDenied,
    AlertType::EndpointViolation,
    AlertType::SuspiciousActivity,
    AlertType::EmergencyRevocation,
];

/// The name of a type, as in JSON.
pub const fn type_name(kind: AlertType) -> &'static str {
    match kind {
        AlertType::AuthenticationFailed => "authentication_failed",
        AlertType::RateLimitExceeded => "rate_limit_exceeded",
        AlertType::IpBlocked => "ip_blocked",
        AlertType::PermissionDenied => "permission_denied",
        AlertType::EndpointViolation => "endpoint_violation",
        AlertType::SuspiciousActivity => "suspicious_activity",
        AlertType::EmergencyRevocation => "emergency_revocation",
    }
}

named! {
    /// The rules that count toward alerts. `suspicious_activity` has several rules, the other types one each.
    pub enum Rule {
        /// Refusals whose reason belongs to the type.
        Refusals = "refusals",
        /// Refusals of one key of different kinds.
        MixedRefusals = "mixed_refusals",
        /// Different calls that one key was refused for want of a permission.
        DistinctRefusals = "distinct_refusals",
        /// Very many refusals of one key.
        ManyRefusals = "many_refusals",
        /// One key from many addresses at once.
        ManyAddresses = "many_addresses",
        /// Reads of many models by one key.
        DistinctModels = "distinct_models",
        /// Malformed calls with a verified key.
        MalformedRequests = "malformed_requests",
        /// Calls beyond a key's session limit.
        SessionLimit = "session_limit",
        /// Events that a gate numbered and that never arrived.
        EventGap = "event_gap",
        /// The filter of a gate's thread ended without a word.
        FilterLost = "filter_lost",
        /// All keys were revoked at once.
        EmergencyRevocation = "emergency_revocation",
        /// A key that was due was not rotated.
        KeyNotRotated = "key_not_rotated",
        /// The message with a key's successor did not reach its user.
        KeyNotDelivered = "key_not_delivered",
        /// Odoo refuses a user's credential.
        CredentialRejected = "credential_rejected",
        /// The Odoo API key that is a user's credential ends soon.
        CredentialExpiring = "credential_expiring",
        /// A user is an administrator of Odoo, and nobody has said that it may be one.
        UpstreamAdministrator = "upstream_administrator",
        /// A row of the policy was made, changed, taken away or put back without Lictor.
        RowUnproven = "row_unproven",
        /// What Odoo's models have could not be read several times in a row.
        SchemaUnread = "schema_unread",
    }
}

named! {
    /// Whether somebody has dealt with it.
    pub enum State {
        /// Not yet; repeats raise its count.
        Open = "open",
        /// Yes; a repeat opens another one.
        Resolved = "resolved",
    }
}

/// An alert.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Alert {
    /// Its id; greater than those of alerts that opened before.
    pub id: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: AlertType,
    /// How bad it is.
    pub severity: Severity,
    /// Whether somebody has dealt with it.
    pub state: State,
    /// The subject: one of a key, an address, a user, a gate; or nobody in particular.
    #[serde(flatten)]
    #[schemars(with = "subject::Named")]
    pub subject: Subject,
    /// How often it happened.
    pub count: u64,
    /// Which rules of the type were met.
    pub rules: Vec<Rule>,
    /// When the first of what it counts happened.
    pub first_at: Moment,
    /// When the last of it happened.
    pub last_at: Moment,
    /// Why the last call that it counts was refused, if it was.
    pub last_reason: Option<Reason>,
    /// The decision id of the last call that it counts: finds it in the audit log.
    pub last_decision_id: Option<String>,
    /// When it was opened.
    pub opened_at: Moment,
    /// When it was resolved.
    pub resolved_at: Option<Moment>,
    /// Whether mail about it was sent.
    #[serde(skip)]
    pub notified: bool,
}
