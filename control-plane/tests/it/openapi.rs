//! The API's description says what the service does. Every answer of every other test is held against it: [`check`].

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::header;
use lictor_control_plane::api::router::api_table;
use lictor_control_plane::http::openapi::document;
use serde_json::Value;

use crate::support::{Answer, Lab};

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document::document(&api_table()));

/// Panics if a test was answered what the description does not tell: add it to the route in `router.rs`.
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path.split('?').next().unwrap_or_default()) else { return };
    // The gates' listener was asked, which has none of these paths.
    if answer.text.contains("There is no such path") {
        return;
    }
    let seen = format!("{method} {path} answered {} {}", answer.status, answer.text);
    let response = &operation["responses"][answer.status.as_str()];
    assert!(response.is_object(), "{seen}: the description lacks the status");
    let Some(media) = answer.headers.get(header::CONTENT_TYPE) else {
        assert!(response.get("content").is_none(), "{seen}: there is no body");
        return;
    };
    let content = &response["content"][media.to_str().unwrap()];
    assert!(content.is_object(), "{seen}: the description lacks the media type {media:?}");
    if let Some(code) = answer.json.get("code").filter(|_| !answer.status.is_success()) {
        let codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(codes.contains(code), "{seen}: the description lacks the code");
    }
}

/// The operation that a path belongs to: a fixed word goes before a parameter.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (words, parts): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        words.len() == parts.len() && words.iter().zip(&parts).all(|(word, part)| word == part || word.starts_with('{'))
    };
    let path = paths.iter().filter(|(template, _)| fits(template)).max_by_key(|(template, _)| !template.contains('{'));
    path?.1.get(method.to_ascii_lowercase())
}

#[test]
fn the_description_is_the_one_in_its_snapshot() {
    let description = serde_yaml_ng::to_string(&*DOCUMENT).unwrap();
    insta::assert_snapshot!("openapi", description);
}

#[test]
fn every_route_is_described() {
    let mut ids = BTreeSet::new();
    for route in api_table() {
        let operation = &DOCUMENT["paths"][route.path][route.verb.name().to_ascii_lowercase()];
        assert!(!route.summary.is_empty() && operation["summary"] == route.summary, "{}", route.path);
        assert!(ids.insert(operation["operationId"].to_string()), "{operation}: another operation has the id");
    }
}

#[test]
fn the_names_of_schemas_are_their_own() {
    for name in DOCUMENT["components"]["schemas"].as_object().unwrap().keys() {
        let numbered = name.ends_with(|last: char| last.is_ascii_digit());
        assert!(!numbered, "{name}: two types have the name; give one #[schemars(rename = \"…\")]");
    }
}

#[tokio::test]
async fn the_description_is_served() {
    let lab = Lab::new().await;
    let answer = lab.admin.get("/api/openapi.json").await;
    assert_eq!(answer.json, *DOCUMENT);
}

#[test]
fn everything_that_is_given_has_a_most() {
    let mut seen = 0;
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if body.is_object() {
                bounded(&format!("{method} {path}"), body, &mut seen);
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Panics if a number, a text, a list or a map in the schema has none.
fn bounded(place: &str, schema: &Value, seen: &mut usize) {
    let types = &schema["type"];
    let is = |name: &str| *types == name || types.as_array().is_some_and(|types| types.iter().any(|one| one == name));
    let has = |name: &str| schema.get(name).is_some();
    *seen += 1;
    assert!(!is("integer") || (has("minimum") && has("maximum")), "{place}: {schema}");
    assert!(!is("string") || ["maxLength", "enum", "const", "format"].map(has).contains(&true), "{place}: {schema}");
    assert!(!is("array") || has("maxItems"), "{place}: {schema}");
    let is_map = schema["additionalProperties"].is_object();
    assert!(!is_map || (has("maxProperties") && has("propertyNames")), "{place}: {schema}");
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        bounded(&format!("{place} {name}"), property, seen);
    }
    for name in ["items", "additionalProperties"] {
        if schema[name].is_object() {
            bounded(&format!("{place} {name}"), &schema[name], seen);
        }
    }
    for choices in ["anyOf", "oneOf", "allOf"] {
        for choice in schema[choices].as_array().into_iter().flatten() {
            bounded(place, choice, seen);
        }
    }
}
