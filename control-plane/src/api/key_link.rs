//! `/link/{token}`: the page that shows a new key once, after a button is pressed. For people without an account.
//!
//! Looking at the page uses nothing up: programs that check mail follow every link. It has no script, and no cache, no
//! other site and no frame gets to see it.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::app::key_links::{self, State as LinkState};
use crate::domain::problem::Result;
use crate::http::extract::Id;
use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation;

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
];

/// A page for people.
pub struct Html(StatusCode, String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        (self.0, HEADERS, self.1).into_response()
    }
}

impl Output for Html {
    fn describe(operation: &mut Operation) {
        operation.answers_media("text/html; charset=utf-8", json!({"type": "string"}));
    }
}

/// `GET /link/{token}`
pub async fn show(State(app): State<App>, Id(token): Id) -> Result<Html> {
    Ok(match key_links::state(&app, &token).await? {
        LinkState::Ready => page(
            StatusCode::OK,
            "<p>This page shows your new key once. Have the place at hand where you keep it.</p>\
             <form method=\"post\"><button>Show the key</button></form>",
        ),
        state => nothing(&state),
    })
}

/// `POST /link/{token}`
pub async fn open(State(app): State<App>, Id(token): Id) -> Result<Html> {
    Ok(match key_links::open(&app, &token).await? {
        // A key is letters, digits and '_': nothing to escape.
        Ok(key) => page(
            StatusCode::OK,
            &format!(
                "<p>Your new key, shown only now:</p><pre>{}</pre>\
                 <p>Put it where the old one stood. The old key is good until the date in the mail.</p>",
                key.expose()
            ),
        ),
        Err(state) => nothing(&state),
    })
}

/// No difference is made between links that never were and links that have ended.
fn nothing(state: &LinkState) -> Html {
    match state {
        LinkState::Opened(at) => page(
            StatusCode::GONE,
            &format!(
                "<p>This page has shown its key, at {at}. If that was not you, tell your administrator now: somebody \
                 else has the key.</p>"
            ),
        ),
        _ => page(
            StatusCode::GONE,
            "<p>This link shows nothing: it has ended, or it is not whole. Ask your administrator for a new key.</p>",
        ),
    }
}

fn page(status: StatusCode, content: &str) -> Html {
    Html(
        status,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Your key</title></head>\
         <body><h1>Your key</h1>{content}</body></html>\n"
        ),
    )
}
