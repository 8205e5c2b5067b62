use axum::http::StatusCode;
use serde_json::json;

use crate::support::Lab;

#[tokio::test]
async fn a_gate_shows_what_it_acknowledged_and_when_it_was_seen() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    assert_eq!(lab.admin.get(&path).await.json["last_seen_at"], json!(null));
    let before = lab.revision().await;
    gate.get("/gate/v1/policy?epoch=e&since=3").await;
    let shown = lab.admin.get(&path).await.json;
    assert_eq!((&shown["revision"], &shown["epoch"], &shown["wire_version"]), (&json!(3), &json!("e"), &json!(1)));
    assert_eq!(shown["last_seen_at"], "2030-01-01T00:00:00Z");
    assert_eq!(lab.admin.get("/api/v1/gates").await.json["items"], json!([shown]));
    assert_eq!(lab.number("SELECT COUNT(*) FROM gates WHERE last_seen_at IS NOT NULL").await, 0);
    lab.app.presence.flush(&lab.app).await.unwrap();
    assert_eq!(lab.number("SELECT revision FROM gates").await, 3);
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn a_gate_is_renamed_and_its_name_is_unique() {
    let lab = Lab::new().await;
    let (id, _) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    assert_eq!(lab.admin.patch(&path, json!({"name": "edge"})).await.json["name"], "edge");
    assert_eq!(lab.admin.post("/api/v1/gates", json!({"name": "edge"})).await.problem(), (409, "name_taken", "name"));
    assert_eq!(lab.admin.patch(&path, json!({"token": "x"})).await.problem(), (422, "unknown_field", "token"));
}

#[tokio::test]
async fn a_deleted_gate_is_refused() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    assert_eq!(lab.admin.delete(&format!("/api/v1/gates/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(gate.get("/gate/v1/policy").await.problem(), (401, "not_authenticated", ""));
}

#[tokio::test]
async fn accounts_and_gates_cannot_stand_in_for_each_other() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let as_account = crate::support::Caller { token: gate.token.clone(), ..lab.admin.clone() };
    assert_eq!(as_account.get("/api/v1/audit").await.status, StatusCode::UNAUTHORIZED);
    let as_gate = crate::support::Caller { token: lab.admin.token.clone(), ..gate };
    assert_eq!(as_gate.get("/gate/v1/policy").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(as_gate.get("/api/v1/audit").await.status, StatusCode::NOT_FOUND);
}
