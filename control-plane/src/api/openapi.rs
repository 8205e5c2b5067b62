//! The description of this API, for programs and for people.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::router::api_table;
use crate::http::openapi::describe::Output;
use crate::http::openapi::document;
use crate::http::openapi::html;
use crate::http::openapi::operation::Operation;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document::document(&api_table()).to_string());
static PAGE: LazyLock<String> = LazyLock::new(|| html::of(&document::document(&api_table())));

const HTML: &str = "text/html; charset=utf-8";

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

/// The same as a page.
pub struct Page;

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
        ([(header::CONTENT_TYPE, HTML), policy], PAGE.as_str()).into_response()
    }
}

impl Output for Page {
    fn describe(operation: &mut Operation) {
        operation.answers_media(HTML, json!({"type": "string"}));
    }
}

/// `GET /api/docs`
pub async fn page() -> Page {
    Page
}

/// `GET /api/openapi.json`
pub async fn document() -> Description {
    Description
}
