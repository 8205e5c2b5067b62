//! `policy/diff`: what a draft would change, and what of that loosens the policy.

use serde_json::{Value, json};

use crate::support::text;

#[tokio::test]
async fn a_draft_is_compared_with_what_is_stored_and_what_loosens_is_marked() {
    let (lab, key) = crate::drafts::lab().await;
    let diff = async |draft: Value, prune: bool| {
        let body = json!({"draft": draft, "prune": prune});
        let answer = lab.admin.post("/api/v1/policy/diff?unknown=allow", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    };
    let before = lab.revision().await;
    let said = |diff: &Value| -> Vec<String> {
        let changes = diff["changes"].as_array().unwrap().iter();
        let line = |change: &Value| {
            let fields: Vec<_> = change["loosened_fields"].as_array().unwrap().iter().map(text).collect();
            format!(
                "{} {} {} [{}]",
                text(&change["change"]),
                text(&change["noun"]),
                text(&change["name"]),
                fields.join(" ")
            )
        };
        changes.map(line).collect()
    };
    let name = format!("ada@example.com / k ({})", text(&key["prefix"]));
    let user = json!({"name": "Ada", "email": "ada@example.com", "groups": ["sales"], "upstream": {"database": "odoo", "login": "ada"}});
    for (draft, prune, expected) in [
        (json!({}), false, vec![]),
        (json!({"permissions": {"res.partner": {"read": true, "write": true}}}), true, vec![]),
        (
            json!({"permissions": {"res.partner": {"read": true}}}),
            false,
            vec!["alter permission res.partner []".to_owned()],
        ),
        (
            json!({"permissions": {"res.partner": {"read": true, "delete": true}}}),
            false,
            vec!["alter permission res.partner [delete]".to_owned()],
        ),
        // Fields that are open by default are not opened by naming them; another is.
        (
            json!({"permissions": {"res.partner": {"read": true, "write": true, "fields": {"read": {"only": ["name"]}}}}}),
            false,
            vec!["alter permission res.partner []".to_owned()],
        ),
        (
            json!({"permissions": {"res.partner": {"read": true, "write": true, "fields": {"read": {"also": ["signup_token"]}}}}}),
            false,
            vec!["alter permission res.partner [fields]".to_owned()],
        ),
        (json!({"permissions": {}}), true, vec!["remove permission res.partner []".to_owned()]),
        (json!({"permissions": {}}), false, vec![]),
        (
            json!({"profiles": {"sales": {"permissions": {"x.thing": {"read": true}}}}}),
            false,
            vec!["add profile sales []".to_owned(), "add permission sales/x.thing [read]".to_owned()],
        ),
        (
            json!({"settings": {"snapshot_max_age_seconds": 600, "body_limit_bytes": 1000}}),
            false,
            vec!["alter settings  [snapshot_max_age_seconds]".to_owned()],
        ),
        (
            json!({"settings": {"rate_limit": {"enabled": true, "per_minute": 600}, "alerts": {"enabled": false}}}),
            false,
            vec!["alter settings  []".to_owned()],
        ),
        (
            json!({"keys": [{"user": "ada@example.com", "name": "k", "scopes": ["read"], "rate_limit_per_minute": 10}]}),
            true,
            vec![format!("alter key {name} []")],
        ),
        (
            json!({"keys": [{"user": "ada@example.com", "name": "k", "rate_limit_per_minute": 1000}, {"user": "ada@example.com", "name": "new"}]}),
            true,
            vec![
                format!("alter key {name} []"),
                "add key ada@example.com / new [active ip_allow_list models profiles scopes]".to_owned(),
            ],
        ),
        (
            json!({"users": [], "keys": []}),
            true,
            vec![format!("remove key {name} []"), "remove user ada@example.com []".to_owned()],
        ),
        (json!({"users": [user]}), true, vec![]),
    ] {
        let found = diff(draft.clone(), prune).await;
        assert_eq!(said(&found), expected, "{draft}");
        assert_eq!(found["loosens"], expected.iter().any(|line| !line.ends_with("[]")), "{draft}");
    }
    let mut privileged = user.clone();
    privileged["privileged"] = json!(true);
    privileged["groups"] = json!(["sales", "more"]);
    let found = diff(json!({"users": [privileged]}), false).await;
    assert_eq!(said(&found), ["alter user ada@example.com [groups privileged]"]);
    assert_eq!(
        found["changes"][0]["fields"][0],
        json!({"field": "groups", "before": ["sales"], "after": ["sales", "more"]})
    );
    assert_eq!(lab.revision().await, before);
    for (draft, field) in [
        (json!({"settings": {"rate_limit": {"per_minute": 0}}}), "draft.settings.rate_limit.per_minute"),
        (json!({"permissions": {"Not a model": {}}}), "draft.permissions.Not a model.model"),
        (json!({"keys": [{"user": "nobody", "name": "k"}]}), "draft.keys"),
    ] {
        let answer = lab.admin.post("/api/v1/policy/diff", json!({"draft": draft})).await;
        assert_eq!((answer.status.as_u16(), answer.problem().2), (422, field), "{}", answer.text);
    }
}
