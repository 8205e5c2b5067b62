use std::time::Duration;

use axum::http::StatusCode;
use lictor_control_plane::app::Waits;
use lictor_policy::wire;
use serde_json::{Value, json};

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
    assert_eq!(report.json["notified"], json!([]));
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
