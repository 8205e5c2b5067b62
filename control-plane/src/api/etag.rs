//! `ETag` and `If-Match`: the tag of a record is the revision that last changed it.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Code, Problem, Result};
use crate::openapi::Operation;
use crate::openapi::described::{Input, Output};
use crate::store::Revision;

/// A record with its tag.
pub struct Tagged<T>(pub StatusCode, pub Revision, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Self(status, revision, value) = self;
        (status, [(header::ETAG, tag(revision))], Json(value)).into_response()
    }
}

impl<T: JsonSchema> Output for Tagged<T> {
    fn describe(operation: &mut Operation) {
        operation.answers::<T>();
        operation.sends_header("ETag", "What the record is now, for `If-Match`.");
    }
}

/// What the caller believes the record to be: `If-Match` names its state, `If-None-Match: *` says that there is none.
pub struct IfMatch {
    state: Option<String>,
    none: bool,
}

impl IfMatch {
    /// Refuses if the record has changed since the caller read it, or is not there. Ask inside the transaction.
    pub fn check(&self, changed: impl Into<Option<Revision>>) -> Result<()> {
        let current = changed.into().map(tag);
        let named = |wanted: &String| {
            current.as_ref().is_some_and(|tag| wanted.split(',').map(str::trim).any(|one| one == "*" || one == tag))
        };
        if self.state.as_ref().is_none_or(named) && !(self.none && current.is_some()) {
            return Ok(());
        }
        Err(Problem::new(Code::PreconditionFailed, "Read the record again and repeat the change on what it is now."))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let value = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
        let none = value(header::IF_NONE_MATCH).is_some_and(|wanted| wanted.trim() == "*");
        Ok(Self { state: value(header::IF_MATCH), none })
    }
}

impl Input for IfMatch {
    fn describe(operation: &mut Operation) {
        operation.takes_header("If-Match", "The `ETag` of the record that is to change: 412 if it is another by now.");
        operation.takes_header("If-None-Match", "`*`: make a new record, 412 if there is one by now.");
        operation.may_refuse(&[Code::PreconditionFailed]);
    }
}

fn tag(revision: Revision) -> String {
    format!("\"{}\"", revision.0)
}
