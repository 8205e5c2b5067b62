use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Lab, RIGHT, UID, user_body};

#[tokio::test]
async fn a_user_gets_the_uid_that_odoo_names_and_its_secret_is_stored_encrypted() {
    let lab = Lab::new().await;
    let made = lab.admin.post("/api/v1/users", user_body()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json["upstream"], json!({"database": "odoo", "login": "ada", "uid": UID, "rejected": false}));
    assert_eq!(made.json["odoo_groups"], json!([]));
    assert_eq!(lab.number("SELECT COUNT(*) FROM users WHERE upstream_secret LIKE 'v1.%'").await, 1);
    assert_eq!(lab.number("SELECT COUNT(*) FROM users WHERE upstream_secret LIKE '%Odoo%'").await, 0);
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["users"][0]["upstream"]["secret"], RIGHT);
}

#[tokio::test]
async fn a_credential_that_odoo_refuses_or_cannot_judge_changes_nothing() {
    let lab = Lab::new().await;
    let before = lab.revision().await;
    for (upstream, problem) in [
        (
            json!({"database": "odoo", "login": "ada", "secret": "wrong"}),
            (422, "upstream_credential_rejected", "upstream"),
        ),
        (json!({"database": "gone", "login": "ada", "secret": RIGHT}), (503, "odoo_unreachable", "")),
        (json!({"database": "odoo", "login": "ada"}), (422, "missing_field", "upstream.secret")),
    ] {
        let answer = lab.admin.post("/api/v1/users", json!({"name": "Ada", "upstream": upstream})).await;
        assert_eq!(answer.problem(), problem, "{}", answer.text);
    }
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let lab = Lab::new().await;
    let path = format!("/api/v1/users/{}", lab.user().await);
    for (patch, code, field) in [
        (json!({"name": ""}), "invalid_field", "name"),
        (json!({"name": null}), "invalid_field", "name"),
        (json!({"email": "ada"}), "invalid_field", "email"),
        (json!({"groups": [""]}), "invalid_field", "groups"),
        (json!({"groups": "sales"}), "invalid_field", "groups"),
        (json!({"upstream": {"uid": 1}}), "unknown_field", "upstream.uid"),
        (json!({"odoo_groups": []}), "unknown_field", "odoo_groups"),
        (json!({"upstream": {"login": "bob"}}), "secret_required", "upstream.secret"),
        (json!({"upstream": {"database": "other"}}), "secret_required", "upstream.secret"),
        (json!({"upstream": {"secret": "wrong"}}), "upstream_credential_rejected", "upstream"),
    ] {
        let answer = lab.admin.patch(&path, patch.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{patch}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_patch_keeps_the_secret_unless_it_is_given_again() {
    let lab = Lab::new().await;
    let path = format!("/api/v1/users/{}", lab.user().await);
    let renamed = lab.admin.patch(&path, json!({"name": "Grace", "email": null})).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
    assert_eq!((&renamed.json["name"], &renamed.json["email"]), (&json!("Grace"), &json!(null)));
    let moved = json!({"upstream": {"login": "grace", "secret": format!("{RIGHT}2")}});
    assert_eq!(lab.admin.patch(&path, moved).await.json["upstream"]["login"], "grace");
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["users"][0]["upstream"]["secret"], format!("{RIGHT}2"));
}

#[tokio::test]
async fn a_user_with_keys_stays_until_they_are_gone() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    let user = format!("/api/v1/users/{}", key["user_id"].as_str().unwrap());
    assert_eq!(lab.admin.delete(&user).await.problem(), (409, "user_has_keys", ""));
    let key = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
    assert_eq!(lab.admin.delete(&key).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.delete(&user).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.get(&user).await.problem(), (404, "not_found", ""));
}
