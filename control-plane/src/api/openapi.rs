//! The description of this API, for programs and for people.

use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation;
use crate::http::openapi::{document, html};
use crate::http::route::Route;

const HTML: &str = "text/html; charset=utf-8";

/// Both forms of the description of a table of routes, made when they are first asked for.
pub struct Documents {
    routes: fn() -> Vec<Route<App>>,
    document: OnceLock<String>,
    page: OnceLock<String>,
}

impl Documents {
    /// Of these routes.
    pub fn of(routes: fn() -> Vec<Route<App>>) -> Arc<Self> {
        Arc::new(Self { routes, document: OnceLock::new(), page: OnceLock::new() })
    }
}

/// The document.
pub struct Description(Arc<Documents>);

impl IntoResponse for Description {
    fn into_response(self) -> Response {
        let Documents { routes, document, .. } = &*self.0;
        let document = document.get_or_init(|| document::document(&routes()).to_string());
        ([(header::CONTENT_TYPE, "application/json")], document.clone()).into_response()
    }
}

impl Output for Description {
    fn describe(operation: &mut Operation) {
        operation.answers_media("application/json", json!({"type": "object"}));
    }
}

/// The same as a page.
pub struct Page(Arc<Documents>);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Documents { routes, page, .. } = &*self.0;
        let page = page.get_or_init(|| html::of(&document::document(&routes())));
        let policy = (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
        ([(header::CONTENT_TYPE, HTML), policy], page.clone()).into_response()
    }
}

impl Output for Page {
    fn describe(operation: &mut Operation) {
        operation.answers_media(HTML, json!({"type": "string"}));
    }
}

/// `GET /api/docs`
pub async fn page(Extension(documents): Extension<Arc<Documents>>) -> Page {
    Page(documents)
}

/// `GET /api/openapi.json`
pub async fn document(Extension(documents): Extension<Arc<Documents>>) -> Description {
    Description(documents)
}
