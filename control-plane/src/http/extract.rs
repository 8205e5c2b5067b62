//! Reads requests: bodies, queries and ids, with problems that name the field.

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
use crate::http::openapi::describe::Input;
use crate::http::openapi::operation::Operation;

/// How long a body may take: a connection is not to be had for ever.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body that the description tells.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + JsonSchema> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        described(&read(request, state).await?).map(Self)
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

impl<T: JsonSchema> Input for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_body::<T>();
        operation.may_refuse(&OF_BODIES);
    }
}

/// A JSON body with the fields of `T` that are to change.
pub struct Patch<T>(pub Value, PhantomData<T>);

impl<T: Serialize + DeserializeOwned + JsonSchema> Patch<T> {
    /// Lays it over what is there now.
    pub fn over(self, current: &T) -> Result<T> {
        patched(current, self.0)
    }
}

impl<S: Send + Sync, T> FromRequest<S> for Patch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        parse(&read(request, state).await?).map(|patch| Self(patch, PhantomData))
    }
}

impl<T: JsonSchema> Input for Patch<T> {
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

impl<T: JsonSchema> Input for Query<T> {
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
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if id.contains('\0') => Err(Problem::new(Code::NotFound, "The path holds the character NUL.")),
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::new(Code::NotFound, "The path is not UTF-8.")),
        }
    }
}

impl Input for Id {
    fn describe(operation: &mut Operation) {
        operation.may_refuse(&[Code::NotFound]);
    }
}

/// Lays a patch over a value: objects are merged, everything else is replaced.
pub fn patched<T: Serialize + DeserializeOwned + JsonSchema>(current: &T, patch: Value) -> Result<T> {
    let Value::Object(_) = patch else {
        return Err(Problem::new(Code::MalformedJson, "Send a JSON object with the fields to change."));
    };
    let mut merged = serde_json::to_value(current).map_err(Problem::internal)?;
    merge(&mut merged, patch);
    described(merged.to_string().as_bytes())
}

/// As in RFC 7396, but for `null`: it is a value like others, which clears a field that may be empty.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            named(&error.path().to_string(), &inner.to_string())
        } else {
            Problem::new(Code::MalformedJson, "Send one well-formed JSON document.")
        }
    })?;
    reader.end().map_err(|_| Problem::new(Code::MalformedJson, "Send one JSON document and nothing after it."))?;
    Ok(value)
}

fn described<T: DeserializeOwned + JsonSchema>(json: &[u8]) -> Result<T> {
    let value = parse(json)?;
    let (schema, given) = (bounds::given::<T>(), parse(json)?);
    match misplaced_array(&schema, &given) {
        Some(path) if path.is_empty() => return Err(Problem::new(Code::MalformedJson, "Send a JSON object.")),
        Some(path) => return Err(Problem::invalid(path.join("."), "Give a JSON object.")),
        None => {}
    }
    match bounds::beyond(&schema, &given) {
        Some((path, detail)) => Err(Problem::invalid(path.join("."), detail)),
        None => Ok(value),
    }
}

/// The path to an array where the schema tells an object: what serde derives for a struct takes an array of its values,
/// in the order of the fields, as well.
fn misplaced_array<'a>(schema: &Value, given: &'a Value) -> Option<Vec<&'a str>> {
    match given {
        Value::Array(_) => schema.get("properties").map(|_| Vec::new()),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let mut path = misplaced_array(schema.get("properties")?.get(name)?, value)?;
            path.insert(0, name);
            Some(path)
        }),
        _ => None,
    }
}

/// Makes a problem of what serde says, which quotes names of fields with backticks, and values: those are left out, as
/// one may be a secret in the wrong place.
fn named(path: &str, message: &str) -> Problem {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    let join = |name: String| match path {
        "." | "" => name,
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let expected = rest.split_once("expected ").map(|(_, names)| names.split(" at line").next().unwrap_or(names));
        let detail = format!("Leave it out; there is {}.", expected.unwrap_or("none"));
        return Problem::with_field(Code::UnknownField, join(quoted(rest)), detail);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return Problem::with_field(Code::MissingField, join(quoted(rest)), "Give a value.");
    }
    let expected = message.split_once("expected ").map(|(_, what)| what.split(" at line").next().unwrap_or(what));
    Problem::invalid(path, format!("Give {}.", expected.map_or("a value of the documented form", in_words)))
}

/// What serde expects, for people who do not write Rust. What serde says of a set of names is kept.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number that is not negative",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" => "a text",
        "a sequence" => "a list, such as [\"a\", \"b\"]",
        "a map" => "a JSON object",
        other if other.starts_with("struct ") => "a JSON object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        limit: u32,
        on: bool,
    }

    fn outer() -> Outer {
        Outer { inner: Inner { limit: 1, on: true }, note: Some("x".to_owned()) }
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let endless = axum::body::Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/json").body(endless).unwrap();
        let problem = read_within(Duration::from_millis(1), request, &()).await.unwrap_err();
        assert_eq!(problem.code, Code::RequestTimeout);
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let after = patched(&outer(), json!({"inner": {"limit": 2}, "note": null})).unwrap();
        assert_eq!(after, Outer { inner: Inner { limit: 2, on: true }, note: None });
    }

    #[test]
    fn a_wrong_field_is_named_with_its_path_and_its_value_is_not_repeated() {
        for (patch, code, field) in [
            (json!({"inner": {"limit": "hunter2"}}), Code::InvalidField, "inner.limit"),
            (json!({"inner": {"limit": null}}), Code::InvalidField, "inner.limit"),
            (json!({"inner": {"limits": 2}}), Code::UnknownField, "inner.limits"),
            (json!({"outer": 2}), Code::UnknownField, "outer"),
            (json!({"inner": 3}), Code::InvalidField, "inner"),
            (json!({"inner": [1, true]}), Code::InvalidField, "inner"),
        ] {
            let problem = patched(&outer(), patch).unwrap_err();
            assert_eq!((problem.code, problem.field.as_deref()), (code, Some(field)), "{problem:?}");
            assert!(!problem.detail.contains("hunter2"), "{problem:?}");
        }
        for (patch, detail) in [
            (json!({"inner": {"limit": "1"}}), "Give a whole number from 0 to 4294967295."),
            (json!({"inner": {"limit": -1}}), "Give a whole number from 0 to 4294967295."),
            (json!({"inner": {"on": "yes"}}), "Give true or false."),
            (json!({"inner": 3}), "Give a JSON object."),
            (json!({"note": []}), "Give a text."),
        ] {
            assert_eq!(patched(&outer(), patch).unwrap_err().detail, detail);
        }
        assert_eq!(parse::<Vec<String>>(b"1").unwrap_err().detail, r#"Give a list, such as ["a", "b"]."#);
        let missing = parse::<Outer>(br#"{"inner": {"limit": 1}}"#).unwrap_err();
        assert_eq!((missing.code, missing.field.as_deref()), (Code::MissingField, Some("inner.on")));
    }
}
