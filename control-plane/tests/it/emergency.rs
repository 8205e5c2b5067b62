use std::time::{Duration, Instant};

use axum::http::StatusCode;
use lictor_control_plane::app::Waits;
use lictor_control_plane::domain::message::Channel;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::smtp::Smtp;
use crate::support::{Caller, Lab, text};

const PATH: &str = "/api/v1/emergency-revocation";

fn order() -> Value {
    json!({"reason": "a laptop was stolen", "confirm": "REVOKE ALL KEYS"})
}

/// A gate that runs every policy as soon as it gets it.
fn follow(gate: Caller) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let (mut epoch, mut since) = (String::new(), 0);
        loop {
            let policy = gate.get(&format!("{}?epoch={epoch}&since={since}", wire::POLICY_PATH)).await.json;
            if let Some(revision) = policy["revision"].as_u64() {
                (epoch, since) = (text(&policy["epoch"]), revision);
            }
        }
    })
}

#[tokio::test]
async fn all_active_keys_are_revoked_for_ever_and_the_gates_say_so() {
    let waits = Waits { poll: Duration::from_secs(60), acknowledgement: Duration::from_secs(30) };
    let lab = Lab::waiting(waits).await;
    let keys = [lab.key().await, lab.key().await, lab.key().await];
    let path = |key: &Value| format!("/api/v1/keys/{}", text(&key["id"]));
    lab.admin.patch(&path(&keys[2]), json!({"active": false})).await;
    let (id, gate) = lab.gate().await;
    let following = follow(gate);
    while lab.app.presence.of(&id).is_none() {
        tokio::task::yield_now().await;
    }
    let before = lab.revision().await;
    let report = lab.admin.post(PATH, order()).await;
    assert_eq!((report.status, &report.json["revoked"]), (StatusCode::OK, &json!(2)), "{}", report.text);
    let [gate] = report.json["gates"].as_array().unwrap().as_slice() else { panic!("{}", report.text) };
    assert_eq!((&gate["id"], &gate["connected"], &gate["acknowledged"]), (&json!(id), &json!(true), &json!(true)));
    assert_eq!((&gate["revision"], lab.revision().await), (&json!(before + 1), before + 1));
    assert_eq!(lab.policy(before + 1).await["keys"], json!([]));
    let again = lab.admin.patch(&path(&keys[0]), json!({"active": true})).await;
    assert_eq!(again.problem(), (409, "key_revoked", ""));
    assert_eq!(lab.admin.post(PATH, order()).await.json["revoked"], json!(0));
    following.abort();
}

#[tokio::test]
async fn a_gate_that_does_not_answer_is_shown_and_not_waited_for() {
    let waits = Waits { poll: Duration::from_millis(1), acknowledgement: Duration::from_millis(20) };
    let lab = Lab::waiting(waits).await;
    let (silent, gate) = lab.gate().await;
    let (never, _) = lab.gate().await;
    gate.get(wire::POLICY_PATH).await;
    let expected = |connected: bool| {
        json!([
            {"id": silent, "connected": connected, "acknowledged": false},
            {"id": never, "connected": false, "acknowledged": false},
        ])
    };
    for connected in [true, false] {
        let report = lab.admin.post(PATH, order()).await.json;
        let gates = report["gates"].as_array().unwrap().iter();
        let part = |gate: &Value| json!({"id": gate["id"], "connected": gate["connected"], "acknowledged": gate["acknowledged"]});
        assert_eq!(json!(gates.map(part).collect::<Vec<_>>()), expected(connected));
        lab.pass(61);
    }
}

#[tokio::test]
async fn without_a_reason_and_the_typed_confirmation_nothing_happens() {
    let lab = Lab::new().await;
    lab.key().await;
    let before = lab.revision().await;
    for (body, code, field) in [
        (json!({"confirm": "REVOKE ALL KEYS"}), "missing_field", "reason"),
        (json!({"reason": " ", "confirm": "REVOKE ALL KEYS"}), "invalid_field", "reason"),
        (json!({"reason": "r"}), "missing_field", "confirm"),
        (json!({"reason": "r", "confirm": "revoke all keys"}), "invalid_field", "confirm"),
        (json!({"reason": "r", "confirm": "REVOKE ALL KEYS "}), "invalid_field", "confirm"),
    ] {
        let answer = lab.admin.post(PATH, body.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{body}: {}", answer.text);
    }
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn every_user_whose_keys_were_revoked_is_told_by_mail_and_nobody_else() {
    let (lab, smtp) = (Lab::new().await, Smtp::start().await);
    let told = lab.key().await;
    lab.admin.post("/api/v1/keys", json!({"name": "second", "user_id": told["user_id"]})).await;
    let silent = lab.key().await;
    lab.admin.patch(&format!("/api/v1/users/{}", text(&silent["user_id"])), json!({"email": null, "name": "Bo"})).await;
    let revoked = lab.key().await;
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&revoked["id"])), json!({})).await;
    lab.user().await;
    let report = lab.admin.post(PATH, order()).await.json;
    let ada = json!({"user_id": told["user_id"], "name": "Ada", "email": "ada@example.com", "keys": 2});
    let bo = json!({"user_id": silent["user_id"], "name": "Bo", "keys": 1});
    assert_eq!((&report["notified"], &report["without_address"]), (&json!([ada]), &json!([bo])));
    assert_eq!((&report["smtp_configured"], &report["revoked"]), (&json!(false), &json!(3)));
    smtp.serves(&lab.app);
    while lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap() > 0 {}
    let [mail] = smtp.taken().try_into().unwrap();
    for part in ["To: ada@example.com", "a laptop was stolen", "Ask your administrator for new keys", "Your keys"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let again = lab.admin.post(PATH, order()).await.json;
    assert_eq!((&again["notified"], &again["without_address"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn five_thousand_users_are_told_of_it_in_the_same_transaction() {
    let lab = Lab::new().await;
    lab.key().await;
    lab.edit(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
         INSERT INTO users SELECT 'u' || i, name, 'u' || i || '@example.com', groups, odoo_groups, upstream_database, \
         upstream_login, upstream_uid, upstream_secret, upstream_rejected, upstream_checked_at, upstream_due_at, \
         upstream_ends_at, created_at, changed, NULL, NULL FROM users, n",
    )
    .await;
    lab.edit(
        "INSERT INTO keys (id, name, user_id, prefix, hash, version, line, slot, scopes, models, ip_allow_list, active, \
         created_at, use_count, changed) SELECT 'k' || users.id, 'k', users.id, 'p' || users.id, hash, 1, users.id, \
         1 + CAST(SUBSTR(users.id, 2) AS BIGINT), scopes, models, ip_allow_list, 1, keys.created_at, 0, keys.changed FROM keys, users \
         WHERE users.id LIKE 'u%'",
    )
    .await;
    let begun = Instant::now();
    let report = lab.admin.post(PATH, order()).await.json;
    let took = begun.elapsed();
    assert_eq!((&report["revoked"], report["notified"].as_array().unwrap().len()), (&json!(5001), 5001));
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox WHERE kind = 'emergency_revocation'").await, 5001);
    println!("5,001 keys revoked and 5,001 mails written in {took:?}");
    // Less than a second of an idle processor, unoptimised; the bound is for a busy one.
    assert!(took < Duration::from_secs(30), "{took:?}");
}
