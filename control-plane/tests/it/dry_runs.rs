//! Dry runs of what takes away: they say how much, and change nothing; the true run with their plan does that, or nothing.

use serde_json::json;

use crate::support::{Lab, text};

#[tokio::test]
async fn a_removal_says_first_what_goes_with_it() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let (gate, _) = lab.gate().await;
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    for model in ["res.partner", "sale.order"] {
        lab.admin.put(&format!("/api/v1/profiles/sales/permissions/{model}"), json!({"read": true})).await;
    }
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    lab.key().await;
    for (path, counts) in [
        (format!("users/{user}"), json!({"users": 1})),
        (format!("gates/{gate}"), json!({"gates": 1, "connected": 0})),
        ("permissions/res.partner".to_owned(), json!({"permissions": 1, "keys": 1})),
        ("profiles/sales/permissions/sale.order".to_owned(), json!({"permissions": 1, "keys": 0})),
        ("profiles/sales".to_owned(), json!({"profiles": 1, "permissions": 1})),
    ] {
        let path = format!("/api/v1/{path}");
        let before = lab.revision().await;
        let dry = lab.admin.delete(&format!("{path}?dry_run=true")).await;
        assert_eq!((dry.status.as_u16(), &dry.json["counts"]), (200, &counts), "{path}: {}", dry.text);
        assert_eq!(lab.revision().await, before, "{path}");
        let other = lab.admin.delete(&format!("{path}?plan=0123")).await;
        assert_eq!(other.problem(), (409, "plan_changed", "plan"), "{path}");
        let done = lab.admin.delete(&format!("{path}?plan={}", text(&dry.json["plan"]))).await;
        assert_eq!((done.status.as_u16(), lab.revision().await), (204, before + 1), "{path}");
    }
}

#[tokio::test]
async fn a_plan_is_of_what_there_was_when_it_was_made() {
    let lab = Lab::new().await;
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    let dry = lab.admin.delete("/api/v1/permissions/res.partner?dry_run=true").await;
    lab.key().await;
    let planned = format!("/api/v1/permissions/res.partner?plan={}", text(&dry.json["plan"]));
    assert_eq!(lab.admin.delete(&planned).await.problem().1, "plan_changed");
    // What cannot be done is refused in the dry run as in the true one.
    let key = lab.key().await;
    let user = lab.admin.delete(&format!("/api/v1/users/{}?dry_run=true", text(&key["user_id"]))).await;
    assert_eq!(user.problem().1, "user_has_keys");
}

#[tokio::test]
async fn an_emergency_shows_its_counts_first() {
    const PATH: &str = "/api/v1/emergency-revocation";
    let lab = Lab::new().await;
    for _ in 0..3 {
        lab.key().await;
    }
    let before = lab.revision().await;
    let dry = lab.admin.post(PATH, json!({"dry_run": true})).await;
    assert_eq!((dry.status.as_u16(), &dry.json["revoked"]), (200, &json!(3)), "{}", dry.text);
    assert_eq!(dry.json["notified"].as_array().unwrap().len(), 3);
    assert_eq!(lab.revision().await, before);
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox").await, 0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM alerts").await, 0);
    assert_eq!(lab.admin.post(PATH, json!({"reason": "r"})).await.problem(), (422, "missing_field", "confirm"));
    lab.key().await;
    let confirmed = json!({"reason": "r", "confirm": "REVOKE ALL KEYS", "plan": dry.json["plan"]});
    assert_eq!(lab.admin.post(PATH, confirmed).await.problem(), (409, "plan_changed", "plan"));
    assert_eq!(lab.number("SELECT COUNT(*) FROM keys WHERE active = 1").await, 4);
    // An emergency is no time to look twice: without a plan it is all keys that there are.
    let all = lab.admin.post(PATH, json!({"reason": "r", "confirm": "REVOKE ALL KEYS"})).await.json;
    assert_eq!((&all["revoked"], &all["dry_run"]), (&json!(4), &json!(false)));
}
