//! Problem documents (RFC 9457), with a stable `code`.

use std::borrow::Cow;

use axum::http::StatusCode;

use crate::domain::actor::Role;

/// The result of everything that a request asks for.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:ident, $title:literal;)*) => {
        /// The kinds of problems. Closed: clients branch on the name, so a new one needs a row in the table below.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// The stable name, the status and the title.
            pub const fn row(self) -> (&'static str, StatusCode, &'static str) {
                match self {
                    $(Self::$variant => ($name, StatusCode::$status, $title),)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON";
    /// A gate that speaks another version of the wire format.
    UnsupportedWireVersion = "unsupported_wire_version", BAD_REQUEST, "This version of the wire format is not served";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long";
    /// No token, or not a valid one.
    NotAuthenticated = "not_authenticated", UNAUTHORIZED, "A valid token is needed";
    /// Wrong name or password.
    SignInRefused = "sign_in_refused", UNAUTHORIZED, "Name or password is wrong";
    /// The token's role is too small.
    RoleRequired = "role_required", FORBIDDEN, "Another role is needed";
    /// A change by cookie without the text that only a page of the console knows.
    Csrf = "csrf", FORBIDDEN, "The change was not asked for by the console";
    /// No such route or record.
    NotFound = "not_found", NOT_FOUND, "There is nothing here";
    /// The route exists, but not for the method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// Another record has the name.
    NameTaken = "name_taken", CONFLICT, "The name is taken";
    /// The user still has keys.
    UserHasKeys = "user_has_keys", CONFLICT, "The user still has keys";
    /// Keys still name the profile.
    ProfileHasKeys = "profile_has_keys", CONFLICT, "Keys still name the profile";
    /// A revoked key stays revoked.
    KeyRevoked = "key_revoked", CONFLICT, "The key is revoked";
    /// A change would do something else than its dry run said.
    PlanChanged = "plan_changed", CONFLICT, "It would do something else by now";
    /// Somebody runs the job already.
    JobRunning = "job_running", CONFLICT, "The job runs already";
    /// A key that was replaced is not replaced again.
    KeyRotated = "key_rotated", CONFLICT, "The key has been rotated";
    /// An inactive or expired key is not replaced.
    KeyInactive = "key_inactive", CONFLICT, "The key is not active";
    /// The change would leave nobody who can administer.
    LastAdmin = "last_admin", CONFLICT, "This is the last way in for an administrator";
    /// The record, or one that it depends on, was changed without Lictor.
    RowUnproven = "row_unproven", CONFLICT, "A row was changed without Lictor";
    /// The alert was dealt with.
    AlertResolved = "alert_resolved", CONFLICT, "The alert is resolved";
    /// The alert, or another one of its type and subject, is open.
    AlertOpen = "alert_open", CONFLICT, "An alert is open";
    /// The history of an alert holds no more.
    HistoryFull = "history_full", CONFLICT, "The history is full";
    /// A message that is not sent (again).
    NotSendable = "not_sendable", CONFLICT, "The message is not sent again";
    /// There is no SMTP server.
    MailNotConfigured = "mail_not_configured", CONFLICT, "No SMTP server is configured";
    /// `If-Match` names another state.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "The record has changed";
    /// An edit does not say which state of the record it is made on.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED, "The header If-Match is needed";
    /// The body is over the limit.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    /// A field or parameter has a value that cannot be.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "A field has a value that cannot be used";
    /// A field or parameter that does not exist.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY, "A field does not exist";
    /// A field is needed and absent.
    MissingField = "missing_field", UNPROCESSABLE_ENTITY, "A field is missing";
    /// Login or database changed without the secret.
    SecretRequired = "secret_required", UNPROCESSABLE_ENTITY, "The upstream secret is needed again";
    /// Odoo refused the credential.
    UpstreamCredentialRejected = "upstream_credential_rejected", UNPROCESSABLE_ENTITY, "Odoo refused the credential";
    /// The upstream user is as good as an administrator of Odoo.
    UpstreamAdministrator = "upstream_administrator", UNPROCESSABLE_ENTITY, "The user is an administrator of Odoo";
    /// The gates would refuse the policy that the change makes.
    UnusablePolicy = "unusable_policy", UNPROCESSABLE_ENTITY, "Gates could not use this policy";
    /// Too many attempts to sign in.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts to sign in";
    /// As many streams as there may be are open.
    TooManyStreams = "too_many_streams", TOO_MANY_REQUESTS, "Too many streams are open";
    /// A fault of the service.
    Internal = "internal", INTERNAL_SERVER_ERROR, "The control plane failed";
    /// Odoo did not answer, or not as Odoo does.
    OdooUnreachable = "odoo_unreachable", SERVICE_UNAVAILABLE, "Odoo could not be asked";
    /// The database cannot be reached, or cannot do its work now.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database is not available";
    /// The service cannot do its work now.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, "The control plane is not ready";
}

/// A problem document. As an error of a command it reads as its detail.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// Which.
    pub code: Code,
    /// The remedy.
    pub detail: Cow<'static, str>,
    /// The field or parameter it is about, as a path such as `rate_limit.per_minute`.
    pub field: Option<String>,
    /// After how many seconds it is worth trying again.
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with what to do about it.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after_seconds: None }
    }

    /// A problem with one field.
    pub fn with_field(code: Code, field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::new(code, detail) }
    }

    /// A field whose value cannot be.
    pub fn invalid(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::with_field(Code::InvalidField, field, detail)
    }

    /// The same in a part of what was given.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        let field = self.field.map_or_else(|| place.to_owned(), |field| format!("{place}.{field}"));
        Self { field: Some(field), ..self }
    }

    /// A record that is not there.
    pub fn absent(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {noun}; list them to find its id."))
    }

    /// A role that is too small.
    pub fn needs(role: Role) -> Self {
        Self::new(Code::RoleRequired, format!("Use a token with the role {} or above.", role.name()))
    }

    /// A fault of the service. The reason goes to the log, which outsiders do not read.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "a request failed");
        Self::new(Code::Internal, "Try again; if it stays, have an operator read the log of the control plane.")
    }
}
