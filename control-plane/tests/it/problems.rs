use axum::http::header;

use crate::support::Lab;

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem_document() {
    let lab = Lab::new().await;
    let (json, any) = (("content-type", "application/json"), ("if-match", "*"));
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    let listed = r#"{"name": "Ada", "email": "ada@example.com", "upstream": ["odoo", "agent", "secret"]}"#;
    for (method, path, body, headers, status, code) in [
        ("GET", "/nothing", None, vec![], 404, "not_found"),
        ("GET", "/api/v1/users/%ff", None, vec![], 404, "not_found"),
        ("GET", "/api/v1/users/x", None, vec![], 404, "not_found"),
        ("PUT", "/api/v1/users", None, vec![], 405, "method_not_allowed"),
        ("POST", "/api/v1/users", Some("{}"), vec![("content-type", "text/plain")], 415, "unsupported_media_type"),
        ("POST", "/api/v1/users", None, vec![], 415, "unsupported_media_type"),
        ("POST", "/api/v1/users", Some("{"), vec![json], 400, "malformed_json"),
        ("POST", "/api/v1/users", Some("{} {}"), vec![json], 422, "missing_field"),
        ("POST", "/api/v1/gates/x/rotate", Some("[]"), vec![json], 400, "malformed_json"),
        ("POST", "/api/v1/users", Some(listed), vec![json], 422, "invalid_field"),
        ("PATCH", "/api/v1/settings", Some("{}"), vec![json], 428, "precondition_required"),
        ("PATCH", "/api/v1/settings", Some("[]"), vec![json, any], 400, "malformed_json"),
        ("PATCH", "/api/v1/settings", Some("{} {}"), vec![json, any], 400, "malformed_json"),
        ("POST", "/api/v1/users", Some(huge.as_str()), vec![json], 413, "too_large"),
        ("GET", "/api/v1/users?limit=0", None, vec![], 422, "invalid_field"),
        ("DELETE", "/api/v1/gates/x", None, vec![("if-match", "\"0\"")], 404, "not_found"),
    ] {
        let answer = lab.admin.send(method, path, body.map(str::to_owned), &headers).await;
        assert_eq!((answer.problem().0, answer.problem().1), (status, code), "{method} {path}: {}", answer.text);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.json["type"], format!("urn:lictor:problem:{code}"));
        assert!(answer.json["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{}", answer.text);
    }
}

#[tokio::test]
async fn both_listeners_say_that_they_live() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    assert_eq!(lab.admin.get("/healthz").await.status, 200);
    assert_eq!(gate.get("/healthz").await.status, 200);
}
