use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use http_body_util::BodyExt as _;
use lictor_control_plane::api::console;
use lictor_control_plane::http::embedded::File;

use crate::support::{Caller, Lab};

const FILES: &[File] = &[
    File { path: "index.html", tag: "W/\"1\"", plain: b"<title>", brotli: Some(b"B"), gzip: Some(b"G") },
    File { path: "assets/a-1.js", tag: "W/\"2\"", plain: b"script", brotli: None, gzip: Some(b"z") },
    File { path: "favicon.svg", tag: "W/\"3\"", plain: b"<svg/>", brotli: None, gzip: None },
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn ask(method: Method, path: &str, headers: &[(HeaderName, &'static str)]) -> Response<Body> {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    console::answer(FILES, &method, path, &HeaderMap::from_iter(headers))
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn people_get_the_page_wherever_they_are_and_programs_get_an_error() {
    let html = (header::ACCEPT, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    for path in ["/", "/keys", "/keys/018f-1", "/apis", "/metrics-of-mine"] {
        let response = ask(Method::GET, path, std::slice::from_ref(&html));
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(text(response).await, "<title>", "{path}");
    }
    assert_eq!(ask(Method::GET, "/", &[]).status(), 200);
    for path in ["/api", "/api/v1/nothing", "/gate/v1/x", "/link", "/readyz/x", "/assets/b-1.js", "/assets"] {
        assert_eq!(ask(Method::GET, path, std::slice::from_ref(&html)).status(), 404, "{path}");
    }
    assert_eq!(ask(Method::GET, "/keys", &[(header::ACCEPT, "*/*")]).status(), 404);
    for method in [Method::POST, Method::PUT, Method::OPTIONS] {
        assert_eq!(ask(method, "/keys", std::slice::from_ref(&html)).status(), 404);
    }
}

#[tokio::test]
async fn a_file_comes_in_the_smallest_form_that_is_read_and_not_twice() {
    for (path, accepted, encoding, content) in [
        ("/", "gzip, br", Some("br"), "B"),
        ("/", "gzip", Some("gzip"), "G"),
        ("/", "br;q=0", None, "<title>"),
        ("/assets/a-1.js", "gzip, br", Some("gzip"), "z"),
        ("/favicon.svg", "gzip, br", None, "<svg/>"),
    ] {
        let response = ask(Method::GET, path, &[(header::ACCEPT_ENCODING, accepted)]);
        let sent = response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), sent), (200, encoding), "{path} {accepted}");
        assert_eq!(response.headers()[header::VARY], "Accept-Encoding");
        assert_eq!(text(response).await, content);
    }
    let asset = ask(Method::GET, "/assets/a-1.js", &[]);
    assert_eq!(asset.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(asset.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    for (known, status) in [("W/\"1\"", 304), ("W/\"7\", W/\"1\"", 304), ("W/\"2\"", 200)] {
        let response = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, known)]);
        assert_eq!(response.status(), status, "{known}");
        assert_eq!(response.headers()[header::ETAG], "W/\"1\"");
        assert_eq!(text(response).await.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn every_answer_to_a_browser_is_protected() {
    let html = [(header::ACCEPT, "text/html")];
    for path in ["/", "/keys", "/assets/a-1.js", "/favicon.svg", "/assets/none.js"] {
        let response = ask(Method::GET, path, &html);
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY, "{path}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    }
}

#[tokio::test]
async fn the_service_has_a_page_at_its_root_with_the_console_or_without() {
    let lab = Lab::new().await;
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    let page = nobody.get("/").await;
    assert_eq!(page.headers[header::CONTENT_SECURITY_POLICY], POLICY);
    match page.status.as_u16() {
        200 => assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache"),
        404 => assert!(page.text.contains("cargo xtask console"), "{}", page.text),
        status => panic!("{status}: {}", page.text),
    }
    let head = nobody.send("HEAD", "/", None, &[]).await;
    assert_eq!((head.status, &*head.text), (page.status, ""));
    assert_eq!(head.headers[header::CONTENT_LENGTH], page.text.len().to_string());
    assert_eq!(nobody.get("/healthz").await.headers[header::CACHE_CONTROL], "no-store");
}
