//! The description of this API, for programs and for people.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::openapi::described::Output;
use crate::openapi::{self, Operation};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());

/// The document.
pub struct Description;

impl IntoResponse for Description {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
    }
}

impl Output for Description {
    fn describe(operation: &mut Operation) {
        operation.answers_media("application/json", json!({"type": "object"}));
    }
}

/// `GET /api/openapi.json`
pub async fn document() -> Description {
    Description
}
