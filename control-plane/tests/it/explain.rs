use axum::http::StatusCode;
use lictor_control_plane::tasks::schema::read_due;
use serde_json::{Value, json};

use crate::schema::{country, partner};
use crate::support::{Lab, text};

const PATH: &str = "/api/v1/explain";

/// A key for reading partners, which the permission allows to read and write.
async fn lab() -> (Lab, Value) {
    let lab = Lab::new().await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.groups = vec!["base.group_user"];
        let mut partner = partner();
        partner["user_id"] = json!({"type": "many2one", "relation": "res.users", "store": true});
        odoo.models = [("res.partner", partner), ("res.country", country())].into();
    }
    let user = lab.user().await;
    let key = json!({"name": "k", "user_id": user, "scopes": ["read"], "ip_allow_list": ["192.0.2.0/24"]});
    let key = lab.admin.post("/api/v1/keys", key).await.json;
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true, "write": true})).await;
    read_due(&lab.app).await.unwrap();
    (lab, key)
}

fn question(key: &Value, fields: Value) -> Value {
    let mut question = json!({"key_id": key["id"], "client_ip": "192.0.2.7", "model": "res.partner", "method": "read"});
    question.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    question
}

/// The stage that refuses and its reason; empty if none does.
async fn refusal(lab: &Lab, question: Value) -> (String, String) {
    let answer = lab.admin.post(PATH, question.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{question}: {}", answer.text);
    let checks = answer.json["checks"].as_array().unwrap();
    let Some(last) = checks.last().filter(|check| check["outcome"] == "refused") else {
        assert_eq!((&answer.json["outcome"], &answer.json["reason"]), (&json!("allowed"), &json!(null)));
        return (String::new(), String::new());
    };
    assert_eq!((&answer.json["outcome"], &answer.json["reason"]), (&json!("denied"), &last["reason"]));
    assert!(last["detail"].as_str().is_some_and(|detail| detail.len() > 10) && last["fault_code"].is_u64(), "{last}");
    (text(&last["stage"]), text(&last["reason"]))
}

#[tokio::test]
async fn an_allowed_call_is_explained_check_by_check_and_nothing_changes() {
    let (lab, key) = lab().await;
    lab.admin
        .patch("/api/v1/settings", json!({"rate_limit": {"enabled": true}, "sessions": {"enabled": true, "limit": 2}}))
        .await;
    let before = lab.revision().await;
    let manager = lab.caller("manager").await;
    let changes = lab.revision().await - before;
    let answer = manager.post(PATH, question(&key, json!({}))).await;
    let checks: Vec<_> = answer.json["checks"].as_array().unwrap().iter().collect();
    let expected = [
        ("key", "passed"),
        ("identity", "passed"),
        ("pause", "passed"),
        ("session", "not_evaluated"),
        ("address", "passed"),
        ("rate", "not_evaluated"),
        ("method", "passed"),
        ("scope", "passed"),
        ("model", "passed"),
        ("permission", "passed"),
    ];
    assert_eq!(json!(checks), json!(expected.map(|(stage, outcome)| json!({"stage": stage, "outcome": outcome}))));
    assert_eq!(lab.revision().await, before + changes);
    let key = lab.admin.get(&format!("/api/v1/keys/{}", text(&key["id"]))).await.json;
    assert_eq!(key["use_count"], json!(0));
}

#[tokio::test]
async fn each_refusal_names_its_stage() {
    let (lab, key) = lab().await;
    let wide = lab.admin.post("/api/v1/keys", json!({"name": "w", "user_id": key["user_id"]})).await.json;
    for (key, fields, stage, reason) in [
        (&key, json!({}), "", ""),
        (&key, json!({"client_ip": "198.51.100.1"}), "address", "ip_denied"),
        (&key, json!({"uid": 8}), "identity", "identity_mismatch"),
        (&key, json!({"database": "other"}), "identity", "identity_mismatch"),
        (&key, json!({"method": "write"}), "scope", "scope_denied"),
        (&wide, json!({"method": "write"}), "", ""),
        (&wide, json!({"method": "unlink"}), "permission", "permission_denied"),
        (&wide, json!({"method": "_write"}), "method", "method_denied"),
        (&wide, json!({"model": "res.country"}), "permission", "permission_denied"),
        (&wide, json!({"method": "search_read", "args": [[["name", "=", "a"]]], "kwargs": {"limit": 5}}), "", ""),
        (
            &wide,
            json!({"method": "search", "args": [[["user_id.name", "=", "a"]]]}),
            "permission",
            "cross_model_denied",
        ),
        (&wide, json!({"method": "search", "args": [[["country_id.name", "=", "a"]]]}), "", ""),
        (&wide, json!({"method": "search", "args": [[["no_such_field", "=", "a"]]]}), "permission", "field_denied"),
        (&wide, json!({"kwargs": {"context": {"active_id": 1}}}), "permission", "context_denied"),
        (
            &wide,
            json!({"method": "write", "args": [[1], {"bank_ids": [[0, 0, {}]]}]}),
            "permission",
            "nested_write_denied",
        ),
        (&wide, json!({"method": "read", "args": []}), "method", "malformed_request"),
        (&wide, json!({"method": "search", "args": [[["child_ids", "ANY!", []]]]}), "method", "malformed_request"),
        (
            &wide,
            json!({"method": "write", "args": [(1..=1001).collect::<Vec<_>>(), {}]}),
            "permission",
            "too_many_records",
        ),
    ] {
        let expected = (stage.to_owned(), reason.to_owned());
        assert_eq!(refusal(&lab, question(key, fields.clone())).await, expected, "{fields}");
    }
    lab.admin.post("/api/v1/pauses", json!({"scope": "all", "reason": "r"})).await;
    assert_eq!(refusal(&lab, question(&key, json!({}))).await.0, "pause");
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&key["id"])), json!({})).await;
    assert_eq!(refusal(&lab, question(&key, json!({}))).await, ("key".to_owned(), "invalid_key".to_owned()));
}

#[tokio::test]
async fn a_check_in_shadow_says_what_it_would_refuse() {
    let (lab, key) = lab().await;
    let call = json!({"client_ip": "198.51.100.1", "method": "unlink"});
    lab.admin.patch("/api/v1/settings", json!({"shadow": ["all"]})).await;
    let answer = lab.admin.post(PATH, question(&key, call.clone())).await.json;
    assert_eq!(
        (&answer["outcome"], &answer["reason"], &answer["would_deny"]),
        (&json!("allowed"), &json!(null), &json!("ip_denied"))
    );
    let told = |answer: &Value| -> Vec<(String, String)> {
        let checks = answer["checks"].as_array().unwrap().iter().filter(|check| check["reason"].is_string());
        checks.map(|check| (text(&check["outcome"]), text(&check["reason"]))).collect()
    };
    let would = |reason: &str| ("would_deny".to_owned(), reason.to_owned());
    assert_eq!(told(&answer), ["ip_denied", "scope_denied", "permission_denied"].map(would));
    assert!(answer["checks"].as_array().unwrap().iter().all(|check| check["outcome"] != "refused"), "{answer}");
    lab.admin.patch("/api/v1/settings", json!({"shadow": ["ip", "permission"]})).await;
    let answer = lab.admin.post(PATH, question(&key, call)).await.json;
    assert_eq!(
        (&answer["outcome"], &answer["reason"], &answer["would_deny"]),
        (&json!("denied"), &json!("scope_denied"), &json!(null))
    );
    assert_eq!(told(&answer), [would("ip_denied"), ("refused".to_owned(), "scope_denied".to_owned())]);
}

#[tokio::test]
async fn what_cannot_be_explained_is_a_problem_with_a_field() {
    let (lab, key) = lab().await;
    for (fields, code, field) in [
        (json!({"key_id": "none"}), "invalid_field", "key_id"),
        (json!({"client_ip": "here"}), "invalid_field", "client_ip"),
        (json!({"model": ""}), "invalid_field", "model"),
        (json!({"method": "x".repeat(257)}), "invalid_field", "method"),
        (json!({"database": ""}), "invalid_field", "database"),
        (json!({"kwargs": {"context": 3}}), "invalid_field", "kwargs.context"),
        (json!({"args": {}}), "invalid_field", "args"),
        (json!({"password": "x"}), "unknown_field", "password"),
    ] {
        let answer = lab.admin.post(PATH, question(&key, fields.clone())).await;
        assert_eq!(answer.problem(), (422, code, field), "{fields}: {}", answer.text);
    }
}
