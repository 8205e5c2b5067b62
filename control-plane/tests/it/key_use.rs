//! What a key may do, beside what it did.

use serde_json::{Value, json};

use crate::support::{Lab, event, send, text};

#[tokio::test]
async fn a_keys_use_shows_what_it_may_and_what_it_did() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    for (profile, model, rules) in [
        ("default", "res.partner", json!({"read": true, "write": true})),
        ("sales", "res.partner", json!({"read": true})),
        ("sales", "sale.order", json!({"read": true, "delete": true, "calls": ["action_confirm"]})),
        ("sales", "res.users", json!({"read": true, "groups": ["base.group_system"]})),
        ("sales", "stock.picking", json!({"read": true})),
    ] {
        let path = format!("/api/v1/profiles/{profile}/permissions/{model}");
        assert!(lab.admin.put(&path, rules).await.status.is_success());
    }
    let key = json!({"name": "k", "user_id": user, "profiles": ["default", "sales"], "scopes": ["read", "write", "call"],
        "models": ["res.partner", "sale.order", "res.users"]});
    let key = text(&lab.admin.post("/api/v1/keys", key).await.json["id"]);
    let (_, gate) = lab.gate().await;
    let call = |sequence, model: &str, method: &str, operations: Value| {
        event(sequence, json!({"key_id": key, "model": model, "method": method, "operations": operations}))
    };
    let mut refused = call(3, "res.partner", "unlink", json!(["delete"]));
    refused["outcome"] = json!("denied");
    refused["reason"] = json!("permission_denied");
    let events = vec![
        call(0, "res.partner", "search_read", json!(["read"])),
        call(1, "res.partner", "search_read", json!(["read"])),
        call(2, "sale.order", "action_confirm", json!(["call"])),
        refused,
        event(4, json!({"key_id": key})),
    ];
    send(&gate, "b", events).await;
    let path = format!("/api/v1/keys/{key}/use");
    let shown = lab.admin.get(&path).await;
    assert_eq!((shown.status.as_u16(), &shown.json["from"]), (200, &json!("2029-12-02T00:00:00Z")), "{}", shown.text);
    let models = &shown.json["models"];
    let operation = |model: &str, operation: &str| {
        let of = models.as_array().unwrap().iter().find(|of| of["model"] == model).unwrap();
        of["operations"].as_array().unwrap().iter().find(|of| of["operation"] == operation).cloned().unwrap_or_default()
    };
    let used = |allowed: bool, profiles: Value, closed_by: Value, calls: u64, refused: u64, last: Value| json!({"allowed": allowed, "profiles": profiles, "closed_by": closed_by, "calls": calls, "refused": refused, "last_at": last});
    for (model, of, expected) in [
        (
            "res.partner",
            "read",
            used(true, json!(["default", "sales"]), json!(null), 2, 0, json!("2030-01-01T00:00:00.000001Z")),
        ),
        ("res.partner", "write", used(true, json!(["default"]), json!(null), 0, 0, json!(null))),
        ("res.partner", "delete", used(false, json!([]), json!(null), 0, 1, json!("2030-01-01T00:00:00.000003Z"))),
        ("sale.order", "delete", used(false, json!(["sales"]), json!("scopes"), 0, 0, json!(null))),
        ("sale.order", "call", used(true, json!(["sales"]), json!(null), 1, 0, json!("2030-01-01T00:00:00.000002Z"))),
        ("res.users", "read", used(false, json!(["sales"]), json!("groups"), 0, 0, json!(null))),
        ("stock.picking", "read", used(false, json!(["sales"]), json!("models"), 0, 0, json!(null))),
    ] {
        let mut found = operation(model, of);
        found.as_object_mut().unwrap().remove("operation");
        assert_eq!(found, expected, "{model} {of}");
    }
    assert_eq!(operation("res.partner", "create"), Value::Null);
    assert_eq!(models[0]["methods"][0]["method"], "search_read");
    // What is older than the days that are asked for is not counted.
    lab.pass(40 * 24 * 3600);
    let later = lab.admin.get(&path).await.json;
    assert_eq!(later["models"][0]["methods"], json!([]));
    assert_ne!(lab.admin.get(&format!("{path}?days=90")).await.json["models"][0]["methods"], json!([]));
    assert_eq!(lab.admin.get(&format!("{path}?days=0")).await.problem(), (422, "invalid_field", "days"));
    assert_eq!(lab.admin.get("/api/v1/keys/none/use").await.problem().0, 404);
}
