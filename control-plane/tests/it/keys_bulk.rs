//! Bulk actions on keys: a dry run first, then exactly that, key by key.

use serde_json::{Value, json};

use crate::support::{Answer, Lab, text};

async fn bulk(lab: &Lab, body: Value) -> Answer {
    lab.admin.post("/api/v1/keys/bulk", body).await
}

/// The outcomes, in the order of the ids.
fn outcomes(answer: &Answer) -> Vec<String> {
    let results = answer.json["results"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    results.iter().map(|result| text(&result["outcome"])).collect()
}

/// A dry run, and the true one with its plan.
async fn twice(lab: &Lab, mut body: Value) -> (Answer, Answer) {
    body["dry_run"] = json!(true);
    let before = lab.revision().await;
    let dry = bulk(lab, body.clone()).await;
    assert_eq!((dry.status.as_u16(), lab.revision().await), (200, before), "{}", dry.text);
    assert_eq!(dry.headers.get("lictor-revision"), None);
    body["dry_run"] = json!(false);
    body["plan"] = dry.json["plan"].clone();
    let done = bulk(lab, body).await;
    (dry, done)
}

async fn three(lab: &Lab) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(text(&lab.key().await["id"]));
    }
    ids
}

#[tokio::test]
async fn keys_are_revoked_together_each_with_its_outcome() {
    let lab = Lab::new().await;
    let mut ids = three(&lab).await;
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", ids[1]), json!({})).await;
    ids.push("none".to_owned());
    let (dry, done) = twice(&lab, json!({"action": "revoke", "ids": ids})).await;
    assert_eq!(outcomes(&dry), ["done", "unchanged", "done", "not_found"]);
    assert_eq!(outcomes(&done), outcomes(&dry), "{}", done.text);
    assert_eq!(done.json["counts"], json!({"done": 2, "unchanged": 1, "refused": 1}));
    assert_eq!(lab.policy(lab.revision().await).await["keys"], json!([]));
    assert_eq!(done.headers["lictor-revision"].to_str().unwrap(), lab.revision().await.to_string());
    let log = lab.admin.get(&format!("/api/v1/admin-audit?object={}", ids[0])).await.json;
    assert_eq!(log["items"][0]["action"], "key.revoke");
}

#[tokio::test]
async fn a_key_that_does_not_prove_itself_is_revoked_and_not_rotated() {
    let lab = Lab::new().await;
    let ids = three(&lab).await;
    lab.tamper(format!("UPDATE keys SET scopes = '[\"read\"]' WHERE id = '{}'", ids[0])).await;
    let rotated = bulk(&lab, json!({"action": "rotate", "overlap_seconds": 0, "ids": ids, "dry_run": true})).await;
    assert_eq!(outcomes(&rotated)[0], "row_unproven");
    let (_, done) = twice(&lab, json!({"action": "revoke", "ids": ids})).await;
    assert_eq!(outcomes(&done), ["done", "done", "done"], "{}", done.text);
    assert_eq!(lab.number("SELECT COUNT(*) FROM keys WHERE active = 1").await, 0);
}

#[tokio::test]
async fn keys_are_rotated_together_and_each_new_one_is_shown() {
    let lab = Lab::new().await;
    let ids = three(&lab).await;
    lab.admin.patch(&format!("/api/v1/keys/{}", ids[2]), json!({"active": false})).await;
    let (dry, done) = twice(&lab, json!({"action": "rotate", "overlap_seconds": 60, "ids": ids})).await;
    assert_eq!(outcomes(&dry), ["done", "done", "key_inactive"]);
    assert!(!dry.text.contains("lct_"), "a dry run makes no key");
    assert_eq!(outcomes(&done), outcomes(&dry));
    for result in &done.json["results"].as_array().unwrap()[..2] {
        assert!(text(&result["new"]["key"]).starts_with("lct_"));
        assert_eq!(result["new"]["rotated_from"], result["id"]);
    }
    let again = bulk(&lab, json!({"action": "rotate", "overlap_seconds": 0, "ids": ids, "dry_run": true})).await;
    assert_eq!(outcomes(&again), ["key_rotated", "key_rotated", "key_inactive"]);
}

#[tokio::test]
async fn keys_get_an_end_and_never_a_later_one() {
    let lab = Lab::new().await;
    let ids = three(&lab).await;
    let sooner = json!({"expires_at": "2030-01-02T00:00:00Z"});
    lab.admin.patch(&format!("/api/v1/keys/{}", ids[0]), sooner).await;
    let later = json!({"expires_at": "2031-01-01T00:00:00Z"});
    lab.admin.patch(&format!("/api/v1/keys/{}", ids[1]), later).await;
    let order = json!({"action": "expire", "ids": ids, "expires_at": "2030-06-01T00:00:00Z"});
    let (dry, done) = twice(&lab, order).await;
    assert_eq!(outcomes(&dry), ["unchanged", "done", "done"]);
    assert_eq!(outcomes(&done), outcomes(&dry));
    for (id, end) in ids.iter().zip(["2030-01-02T00:00:00Z", "2030-06-01T00:00:00Z", "2030-06-01T00:00:00Z"]) {
        assert_eq!(lab.admin.get(&format!("/api/v1/keys/{id}")).await.json["expires_at"], end);
    }
}

#[tokio::test]
async fn the_true_run_is_the_one_that_was_planned_or_none() {
    let lab = Lab::new().await;
    let ids = three(&lab).await;
    let order = json!({"action": "revoke", "ids": ids});
    assert_eq!(bulk(&lab, order.clone()).await.problem(), (422, "missing_field", "plan"));
    let dry = bulk(&lab, json!({"action": "revoke", "ids": ids, "dry_run": true})).await.json;
    let planned = |ids: &[String]| json!({"action": "revoke", "ids": ids, "plan": dry["plan"]});
    assert_eq!(bulk(&lab, planned(&ids[..2])).await.problem(), (409, "plan_changed", "plan"));
    lab.admin.patch(&format!("/api/v1/keys/{}", ids[0]), json!({"name": "renamed"})).await;
    let before = lab.revision().await;
    assert_eq!(bulk(&lab, planned(&ids)).await.problem(), (409, "plan_changed", "plan"));
    assert_eq!(lab.revision().await, before);
    for (body, field) in [
        (json!({"action": "revoke", "ids": [ids[0], ids[0]], "dry_run": true}), "ids"),
        (json!({"action": "revoke", "ids": vec!["x"; 101], "dry_run": true}), "ids"),
        (json!({"action": "rotate", "ids": ids, "dry_run": true}), "overlap_seconds"),
        (json!({"action": "expire", "ids": ids, "dry_run": true}), "expires_at"),
        (json!({"action": "expire", "ids": ids, "dry_run": true, "expires_at": "2029-01-01T00:00:00Z"}), "expires_at"),
    ] {
        let answer = bulk(&lab, body).await;
        assert_eq!((answer.problem().0, answer.problem().2), (422, field), "{}", answer.text);
    }
}
