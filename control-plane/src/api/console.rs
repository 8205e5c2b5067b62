//! Every path that no route has: the console's files, its one page for whatever people have in their address bar, and for all
//! else a problem.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::domain::problem::{Code, Problem};
use crate::http::embedded::{self, File, PROTECTION};

/// The page that shows everything.
const PAGE: &str = "/index.html";
/// Paths that programs ask for: a mistake in such a path is answered to a program, not with a page.
const OF_PROGRAMS: [&str; 7] = ["/api", "/gate", "/link", "/metrics", "/healthz", "/readyz", "/assets"];

/// Answers a request that no route is for, with the console that is part of the program.
pub async fn show(request: Request) -> Response {
    answer(embedded::FILES, request.method(), request.uri().path(), request.headers())
}

/// Answers with one of these files.
pub fn answer(files: &[File], method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let no_such_path = || Problem::new(Code::NotFound, "There is no such path; the routes begin with /api/v1/.");
    if !matches!(*method, Method::GET | Method::HEAD) {
        return no_such_path().into_response();
    }
    if let Some(file) = File::at(files, path).filter(|file| file.path != "index.html") {
        return file.answer(headers);
    }
    let begins_so =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if path != "/" && (OF_PROGRAMS.into_iter().any(begins_so) || !wants_html(headers)) {
        return (PROTECTION, no_such_path()).into_response();
    }
    File::at(files, PAGE).map_or_else(without_console, |page| page.answer(headers))
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|media| media.trim().starts_with("text/html"))
}

fn without_console() -> Response {
    let page = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lictor</title></head><body>\
                <h1>Lictor</h1><p>This program was built without its console. Run <code>cargo xtask console</code> and build \
                it again.</p><p>The REST API is here: <a href=\"/api/docs\">its description</a>.</p></body></html>\n";
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, PROTECTION, html, Body::from(page)).into_response()
}
