//! Storey 4: why a call is refused, and the one table from a reason to everything that follows from it.

pub mod shadow;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::formats::unsupported::Unsupported;
use crate::refusal::shadow::Shadow;

/// The type of alert that a refusal counts toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertType {
    /// Wrong keys and identities.
    AuthenticationFailed,
    /// A full rate-limit window.
    RateLimitExceeded,
    /// An address that is not on a list.
    IpBlocked,
    /// A scope, model, permission or method that is closed.
    PermissionDenied,
    /// A road that is closed to the caller.
    EndpointViolation,
    /// What looks like an attack or a fault.
    SuspiciousActivity,
    /// All keys revoked at once.
    EmergencyRevocation,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $code:literal, $alert:expr, $shadow:expr, $sentence:literal;)*) => {
        /// Why a call is refused. Closed: a new reason needs a row in the table below, or nothing compiles.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What follows from the reason.
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name, code: $code, alert: $alert, shadow: $shadow, sentence: $sentence,
                    },)*
                }
            }
        }
    };
}

/// What follows from a [`Reason`].
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The audit reason and the first word of the `faultString`.
    pub name: &'static str,
    /// XML-RPC `faultCode`, and the HTTP status on roads that have statuses.
    pub code: u16,
    /// The alert type that it counts toward. `malformed_request` counts only when the key was verified.
    pub alert: Option<AlertType>,
    /// The stage in shadow that lets it pass, if one does.
    pub shadow: Option<Shadow>,
    /// What would have to change, naming nothing: the sentence when the refusal has none of its own.
    pub sentence: &'static str,
}

use AlertType as A;
use Shadow as S;

reasons! {
    /// Not one strict call.
    MalformedRequest = "malformed_request", 400, Some(A::SuspiciousActivity), None,
        "Send one well-formed call in the shape that Odoo's external API documents.";
    /// Unknown, mistyped, wrong, inactive, revoked or expired key.
    InvalidKey = "invalid_key", 401, Some(A::AuthenticationFailed), None,
        "Send a valid Lictor key.";
    /// Another uid or database than the key's.
    IdentityMismatch = "identity_mismatch", 401, Some(A::AuthenticationFailed), None,
        "Use the database and uid that belong to the key.";
    /// No key where one is needed.
    KeyRequired = "key_required", 401, Some(A::EndpointViolation), None,
        "Send a Lictor key in the place of the password.";
    /// The session was ended by an administrator.
    SessionTerminated = "session_terminated", 403, None, None,
        "An administrator ended this session; ask for it to be allowed again, or wait until it has timed out.";
    /// Too many sessions of the key at once.
    SessionLimit = "session_limit", 429, Some(A::SuspiciousActivity), Some(S::Session),
        "Wait until another session of the key has ended.";
    /// The address is not on a list.
    IpDenied = "ip_denied", 403, Some(A::IpBlocked), Some(S::Ip),
        "Call from an address that is on the allow-list.";
    /// The window is full.
    RateLimited = "rate_limited", 429, Some(A::RateLimitExceeded), Some(S::RateLimit),
        "Wait until the rate-limit window has room.";
    /// The limit on wrong keys.
    TooManyFailures = "too_many_failures", 429, Some(A::AuthenticationFailed), None,
        "Wait before trying another key from this address.";
    /// The key's scopes lack an operation of the call.
    ScopeDenied = "scope_denied", 403, Some(A::PermissionDenied), Some(S::Scope),
        "Use a key whose scopes contain the call's operations.";
    /// The model is not on the key's list.
    ModelDenied = "model_denied", 403, Some(A::PermissionDenied), Some(S::Model),
        "Use a key whose models contain the call's model.";
    /// No permission record, its flag is off, or the user is in none of its groups.
    PermissionDenied = "permission_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "A permission for the model would have to allow the call's operations.";
    /// Private, unmapped or never-listed method.
    MethodDenied = "method_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "The permission would have to list the method under calls, or an administrator to map it.";
    /// A field that is closed to reading or writing.
    FieldDenied = "field_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "The permission would have to open the field, under fields.";
    /// A write to another model inside a value.
    NestedWriteDenied = "nested_write_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "The other model's permission would have to allow it, or this one to list the field under nested_writes.";
    /// A read of another model through a path.
    CrossModelDenied = "cross_model_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "The other model's permission would have to allow read, or this one to list the path under paths.";
    /// A key of the context that is not open.
    ContextDenied = "context_denied", 403, Some(A::PermissionDenied), Some(S::Permission),
        "The permission would have to list the key under context.";
    /// More records written or deleted at once than are recorded one by one.
    TooManyRecords = "too_many_records", 413, None, None,
        "Name fewer records in one call: each that is written or deleted is recorded.";
    /// A road that is closed to Lictor keys.
    EndpointBlocked = "endpoint_blocked", 403, Some(A::EndpointViolation), None,
        "Send calls with a Lictor key to /xmlrpc/2/mcp.";
    /// Over the body cap.
    TooLarge = "too_large", 413, None, None,
        "Send a smaller request.";
    /// Content-Encoding or charset.
    UnsupportedEncoding = "unsupported_encoding", 415, None, None,
        "Send the body without Content-Encoding, in UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 or windows-1252.";
    /// No snapshot, or one that is too old.
    PolicyUnavailable = "policy_unavailable", 503, None, None,
        "The gate has no current policy; try again, and have an operator look at the control plane.";
    /// Odoo refused the user's upstream credential, or it is that of an administrator, which nobody has allowed.
    UpstreamCredentialRejected = "upstream_credential_rejected", 503, None, None,
        "An administrator would have to mend the user's Odoo credential; `lictor user show` says what is wrong with it.";
    /// The audit queue is full, or an intent could not be stored.
    AuditUnavailable = "audit_unavailable", 503, None, None,
        "The call cannot be recorded now; try again, and have an operator look at the control plane.";
}

/// A refusal: the reason, and the sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What would have to change. Names nothing before the key is verified.
    pub sentence: Cow<'static, str>,
    /// Seconds after which the call may pass, for the reasons that know it.
    pub retry_after_seconds: Option<u32>,
}

impl Refusal {
    /// A refusal with a sentence of its own: before the key is verified, it names nothing of the policy.
    pub fn explained(reason: Reason, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, sentence: sentence.into(), retry_after_seconds: None }
    }

    /// A body over the cap, whose setting and size anybody can find out by trying.
    pub fn too_large(limit_bytes: usize) -> Self {
        let sentence =
            format!("Send a request of at most {limit_bytes} bytes, or have an administrator raise body_limit_bytes.");
        Self::explained(Reason::TooLarge, sentence)
    }

    /// A body in an encoding, or of a type, that is not read.
    pub fn unsupported(problem: &Unsupported) -> Self {
        Self::explained(Reason::UnsupportedEncoding, format!("{problem}."))
    }

    /// The `faultString`: reason, colon, sentence, decision id.
    pub fn fault_string(&self, decision_id: &str) -> String {
        format!("{}: {} (decision {decision_id})", self.reason.row().name, self.sentence)
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, sentence: Cow::Borrowed(reason.row().sentence), retry_after_seconds: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_serde_agree_on_the_names() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("{:?}", reason.row().name));
        }
    }
}
