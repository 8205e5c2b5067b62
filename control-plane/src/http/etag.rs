//! `ETag` and `If-Match`: the tag of a record is the revision that last changed it. Two who edit the same record cannot
//! undo each other's work without knowing: the table of routes says which requests need `If-Match` ([`require`]).

use axum::Json;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::http::openapi::describe::{Input, Output};
use crate::http::openapi::operation::Operation;

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

/// The state that the caller believes the record to be in: `If-Match` names it, or with `*` says that the record is to change
/// whatever it is; `If-None-Match: *` says that there is none.
pub struct IfMatch {
    tags: Option<Vec<String>>,
    none: bool,
}

impl IfMatch {
    /// Refuses if the record has changed since the caller read it, or is not there. Ask inside the transaction.
    ///
    /// RFC 9110 has `If-Match: *` fail where there is no record. A `PUT` that makes one takes it all the same: it says the
    /// whole record and so overwrites nothing that it has not named, and there would be no way to say "whatever it is" in one
    /// request.
    pub fn check(&self, changed: impl Into<Option<Revision>>) -> Result<()> {
        let current = changed.into().map(tag);
        let named = |tags: &Vec<String>| tags.iter().any(|one| one == "*" || current.as_ref() == Some(one));
        if self.tags.as_ref().is_none_or(named) && !(self.none && current.is_some()) {
            return Ok(());
        }
        Err(Problem::new(Code::PreconditionFailed, "Read the record again and repeat the change on what it is now."))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self::of(&parts.headers))
    }
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let values = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
        let tags = headers.contains_key(header::IF_MATCH).then(|| {
            let tags = values(header::IF_MATCH).flat_map(|value| value.split(','));
            tags.map(|tag| tag.trim().to_owned()).collect()
        });
        Self { tags, none: values(header::IF_NONE_MATCH).any(|wanted| wanted.trim() == "*") }
    }
}

impl Input for IfMatch {
    fn describe(operation: &mut Operation) {
        operation.takes_if_match();
        operation.may_refuse(&[Code::PreconditionFailed]);
    }
}

/// Runs before the handler of a route that edits a record: a write that does not say which state of it is meant is
/// refused, as it might undo what somebody else did meanwhile.
pub async fn require(request: Request, next: Next) -> Result<Response> {
    let IfMatch { tags, none } = IfMatch::of(request.headers());
    if tags.is_some() || none {
        return Ok(next.run(request).await);
    }
    let detail = "Read the record and send its 'ETag' in the header 'If-Match'; 'If-Match: *' means the record whatever it \
                  is, and 'If-None-Match: *' one that is not there yet.";
    Err(Problem::new(Code::PreconditionRequired, detail))
}

fn tag(revision: Revision) -> String {
    format!("\"{}\"", revision.0)
}
