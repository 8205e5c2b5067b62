use axum::http::StatusCode;
use serde_json::json;

use crate::support::Lab;

const PARTNER: &str = "/api/v1/permissions/res.partner";

#[tokio::test]
async fn a_permission_is_put_read_listed_and_deleted() {
    let lab = Lab::new().await;
    let given = json!({"read": true, "groups": ["sales"], "nested_writes": ["child_ids"], "cross_model_reads": true,
                       "methods": {"action_confirm": ["write"], "button_x": []}});
    let made = lab.admin.put(PARTNER, given.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let mut expected = json!({"model": "res.partner", "write": false, "create": false, "delete": false});
    expected.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    assert_eq!(lab.admin.get(PARTNER).await.json, expected);
    assert_eq!(lab.admin.get("/api/v1/permissions").await.json["items"], json!([expected]));
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["permissions"][0]["operations"], json!(["read"]));
    assert_eq!(lab.admin.put(PARTNER, json!({})).await.json["read"], false);
    assert_eq!(lab.admin.delete(PARTNER).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.delete(PARTNER).await.problem(), (404, "not_found", ""));
    assert_eq!(lab.policy(lab.revision().await).await["permissions"], json!([]));
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let lab = Lab::new().await;
    for (body, code, field) in [
        (json!({"read": 1}), "invalid_field", "read"),
        (json!({"groups": [""]}), "invalid_field", "groups"),
        (json!({"nested_writes": "a"}), "invalid_field", "nested_writes"),
        (json!({"methods": {"_private": ["read"]}}), "invalid_field", "methods._private"),
        (json!({"methods": {"x": ["fly"]}}), "invalid_field", "methods.x[0]"),
        (json!({"unlink": true}), "unknown_field", "unlink"),
    ] {
        let answer = lab.admin.put(PARTNER, body.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{body}: {}", answer.text);
    }
    let model = lab.admin.put("/api/v1/permissions/Res%20Partner", json!({})).await;
    assert_eq!(model.problem(), (422, "invalid_field", "model"));
}

#[tokio::test]
async fn if_match_makes_a_permission_whatever_is_there_but_none_that_somebody_has_read_and_that_is_gone() {
    let lab = Lab::new().await;
    let put = async |tag| lab.admin.send("PUT", PARTNER, Some("{}".to_owned()), &[("if-match", tag)]).await;
    assert_eq!(put("\"5\"").await.problem(), (412, "precondition_failed", ""));
    assert_eq!(put("*").await.status, StatusCode::CREATED);
    assert_eq!(put("*").await.status, StatusCode::OK);
}

#[tokio::test]
async fn if_none_match_makes_a_permission_and_replaces_none() {
    let lab = Lab::new().await;
    let put = async || lab.admin.send("PUT", PARTNER, Some("{}".to_owned()), &[("if-none-match", "*")]).await;
    assert_eq!(put().await.status, StatusCode::CREATED);
    assert_eq!(put().await.problem(), (412, "precondition_failed", ""));
}
