//! Reads requests: bodies, queries and ids, with problems that name the field.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::bounds;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::json::{Unambiguous, named, parse, parse_described, patched};
use crate::http::openapi::describe::Input;
use crate::http::openapi::operation::Operation;

/// How long a body may take: a connection is not to be had for ever.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body that is held against its description.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + JsonSchema + 'static> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        parse_described(&read(request, state).await?).map(Self)
    }
}

/// A JSON body that a gate's filter has written.
pub struct Wire<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Wire<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        parse(&read(request, state).await?).map(Self)
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    read_within(BODY_TIMEOUT, request, state).await
}

async fn read_within<S: Send + Sync>(within: Duration, request: Request, state: &S) -> Result<Bytes> {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = declared.and_then(|value| value.split(';').next()).map(str::trim);
    if !media.is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        let detail = "Send the header 'Content-Type: application/json'.";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let bytes = tokio::time::timeout(within, Bytes::from_request(request, state)).await.map_err(|_| {
        let detail = format!("Send the whole body within {} s.", within.as_secs());
        Problem::new(Code::RequestTimeout, detail)
    })?;
    bytes.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "Send a smaller body."),
        _ => Problem::new(Code::MalformedJson, "Send the whole body."),
    })
}

/// The problems that a body may have.
const OF_BODIES: [Code; 7] = [
    Code::MalformedJson,
    Code::RequestTimeout,
    Code::TooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidField,
    Code::UnknownField,
    Code::MissingField,
];

impl<T: JsonSchema + 'static> Input for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_body::<T>();
        operation.may_refuse(&OF_BODIES);
    }
}

/// A JSON body with the fields of `T` that are to change.
pub struct Patch<T>(pub Value, PhantomData<T>);

impl<T: Serialize + DeserializeOwned + JsonSchema + 'static> Patch<T> {
    /// Lays it over what is there now.
    pub fn over(self, current: &T) -> Result<T> {
        patched(current, self.0)
    }
}

impl<S: Send + Sync, T> FromRequest<S> for Patch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        parse(&read(request, state).await?).map(|Unambiguous(patch)| Self(patch, PhantomData))
    }
}

impl<T: JsonSchema + 'static> Input for Patch<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_patch::<T>();
        operation.may_refuse(&OF_BODIES);
    }
}

/// A query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let uri = &parts.uri;
        let pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
        if let Some(pair) = pairs.into_iter().find(|pair| pair.contains("%00")) {
            let name = pair.split('=').next().unwrap_or_default().replace("%00", "");
            return Err(Problem::invalid(name, "Leave the character NUL out."));
        }
        if let Ok(axum::extract::Query(given)) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            && let Some((name, _)) = given.into_iter().find(|(_, text)| text.chars().count() > bounds::MAX_TEXT)
        {
            return Err(Problem::invalid(name, format!("Give at most {} characters.", bounds::MAX_TEXT)));
        }
        axum::extract::Query::try_from_uri(uri).map(|axum::extract::Query(query)| Self(query)).map_err(|rejection| {
            let text = rejection.body_text();
            let message = text.rsplit_once("string: ").map_or(text.as_str(), |(_, message)| message);
            let (path, message) = message.split_once(": ").unwrap_or(("", message));
            named(path, message)
        })
    }
}

impl<T: JsonSchema + 'static> Input for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_query::<T>();
        operation.may_refuse(&[Code::InvalidField, Code::UnknownField, Code::MissingField]);
    }
}

/// The one variable part of a path.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Ids(ids) = Ids::from_request_parts(parts, state).await?;
        Ok(Self(ids.into_values().next().unwrap_or_default()))
    }
}

/// The variable parts of a path, by their names.
pub struct Ids(pub BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Path(ids)) if ids.values().any(|id| id.contains('\0')) => {
                Err(Problem::new(Code::NotFound, "The path holds the character NUL."))
            }
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(Problem::new(Code::NotFound, "The path is not UTF-8.")),
        }
    }
}

impl Input for Id {
    fn describe(operation: &mut Operation) {
        operation.may_refuse(&[Code::NotFound]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let endless = axum::body::Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/json").body(endless).unwrap();
        let problem = read_within(Duration::from_millis(1), request, &()).await.unwrap_err();
        assert_eq!(problem.code, Code::RequestTimeout);
    }
}
