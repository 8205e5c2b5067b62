//! The rows that events make: of intents and outcomes, of what was in shadow, of refusals that were only counted.

use serde_json::{Value, json};

use crate::audit::ids;
use crate::support::{Lab, event, send, text};

async fn row(lab: &Lab) -> Value {
    let answer = lab.admin.get("/api/v1/audit").await.json;
    let [row] = answer["items"].as_array().unwrap().as_slice() else { panic!("not one row: {answer}") };
    row.clone()
}

#[tokio::test]
async fn an_intent_and_its_outcome_keep_what_either_says_of_the_records() {
    for turned in [false, true] {
        let lab = Lab::new().await;
        let (_, gate) = lab.gate().await;
        let intent = json!({"kind": "intent", "record_ids": [[1, 300]], "record_count": 300, "nested_ids": [900]});
        let mut halves = vec![event(0, intent), event(1, json!({"kind": "outcome"}))];
        let made = json!({"kind": "outcome", "record_ids": [[1, 300], 301], "record_count": 301, "decision_id": "d2"});
        let mut others = vec![event(2, json!({"kind": "intent", "decision_id": "d2"})), event(3, made)];
        if turned {
            halves.reverse();
            others.reverse();
        }
        send(&gate, "b", halves).await;
        let whole = row(&lab).await;
        assert_eq!((&whole["record_count"], &whole["nested_ids"]), (&json!(300), &json!([900])), "{turned}");
        send(&gate, "b", others).await;
        assert_eq!(ids(&lab, "record_id=301").await, ["d2"]);
        assert_eq!(ids(&lab, "record_id=300").await.len(), 2);
        assert_eq!(ids(&lab, "record_id=900").await.len(), 1);
    }
}

#[tokio::test]
async fn an_intent_is_unknown_until_its_outcome_makes_it_one_whole_row() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let key = lab.key().await;
    let intent = json!({"kind": "intent", "decision_id": "d1", "key_id": key["id"], "model": "res.partner",
        "method": "create", "operations": ["create"], "outcome": "allowed", "response_bytes": 0, "odoo_us": 0});
    let outcome = json!({"kind": "outcome", "decision_id": "d1", "key_id": key["id"], "model": "res.partner",
        "method": "create", "operations": ["create"], "outcome": "faulted", "fault_code": 2, "none_answer": true,
        "record_ids": [7], "at": 1, "odoo_us": 900});
    send(&gate, "b", vec![event(0, intent.clone())]).await;
    let waiting = row(&lab).await;
    assert_eq!((&waiting["outcome"], &waiting["record_ids"]), (&json!("unknown"), &json!([])));
    send(&gate, "b", vec![event(1, outcome.clone()), event(0, intent.clone())]).await;
    let whole = row(&lab).await;
    assert_eq!(
        (&whole["outcome"], &whole["fault_code"], &whole["none_answer"]),
        (&json!("faulted"), &json!(2), &json!(true))
    );
    assert_eq!((&whole["record_ids"], &whole["odoo_us"], &whole["id"]), (&json!([7]), &json!(900), &waiting["id"]));
    assert_eq!(whole["at"], waiting["at"]);

    let other = Lab::new().await;
    let (_, gate) = other.gate().await;
    for _ in 0..2 {
        send(&gate, "b", vec![event(1, outcome.clone())]).await;
        send(&gate, "b", vec![event(0, intent.clone()), event(1, outcome.clone())]).await;
    }
    let mut turned = row(&other).await;
    turned["gate"] = whole["gate"].clone();
    assert_eq!(turned, whole, "in the other order, and again");
    let key = lab.admin.get(&format!("/api/v1/keys/{}", text(&key["id"]))).await.json;
    assert_eq!(key["use_count"], json!(1));
}

#[tokio::test]
async fn a_refusal_after_the_intent_is_the_rows_outcome() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let refused = json!({"kind": "outcome", "outcome": "denied", "reason": "audit_unavailable", "fault_code": 503});
    send(&gate, "b", vec![event(0, json!({"kind": "intent", "record_ids": [1]})), event(1, refused)]).await;
    let row = row(&lab).await;
    assert_eq!((&row["outcome"], &row["reason"]), (&json!("denied"), &json!("audit_unavailable")));
    assert_eq!(row["record_ids"], json!([1]));
}

#[tokio::test]
async fn what_would_have_been_refused_is_told_of_what_passed_only() {
    for (outcome, would_deny) in [("allowed", json!("scope_denied")), ("denied", Value::Null)] {
        for turned in [false, true] {
            let lab = Lab::new().await;
            let (_, gate) = lab.gate().await;
            let intent = event(0, json!({"kind": "intent", "would_deny": "scope_denied"}));
            let mut ended = event(1, json!({"kind": "outcome", "outcome": outcome}));
            match outcome {
                "allowed" => ended["would_deny"] = would_deny.clone(),
                _ => ended["reason"] = json!("audit_unavailable"),
            }
            let mut halves = vec![intent, ended];
            if turned {
                halves.reverse();
            }
            send(&gate, "b", halves).await;
            let row = row(&lab).await;
            assert_eq!((&row["outcome"], &row["would_deny"]), (&json!(outcome), &would_deny), "{turned}");
        }
    }
}

#[tokio::test]
async fn the_same_decision_id_at_another_gate_is_another_call() {
    let lab = Lab::new().await;
    let ((_, one), (_, other)) = (lab.gate().await, lab.gate().await);
    send(&one, "b", vec![event(0, json!({"kind": "intent"}))]).await;
    send(&other, "b", vec![event(0, json!({"kind": "outcome"}))]).await;
    assert_eq!(ids(&lab, "outcome=unknown").await.len(), 1);
    assert_eq!(ids(&lab, "outcome=allowed").await.len(), 1);
}

#[tokio::test]
async fn refusals_that_were_only_counted_are_one_row_with_their_number() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let counted = json!({"kind": "counted", "count": 4711, "client_ip": "", "road": "", "outcome": "denied"});
    for _ in 0..2 {
        send(&gate, "b", vec![event(0, counted.clone())]).await;
    }
    assert_eq!(row(&lab).await["count"], json!(4711));
}

#[tokio::test]
async fn refusals_of_a_key_that_were_only_counted_are_uses_from_nowhere() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let key = lab.key().await;
    let refused = json!({"key_id": key["id"], "database": "odoo", "client_ip": "192.0.2.1", "outcome": "denied",
        "reason": "rate_limited"});
    let counted = json!({"kind": "counted", "count": 4711, "key_id": key["id"], "database": "odoo", "client_ip": "",
        "road": "", "outcome": "denied", "reason": "rate_limited"});
    for _ in 0..2 {
        send(&gate, "b", vec![event(1, refused.clone())]).await;
        send(&gate, "b", vec![event(2, counted.clone())]).await;
    }
    let id = text(&key["id"]);
    let rows = lab.admin.get(&format!("/api/v1/audit?key_id={id}")).await.json;
    let counts: Vec<_> = rows["items"].as_array().unwrap().iter().map(|row| row["count"].clone()).collect();
    assert_eq!(counts, [json!(4711), json!(1)]);
    let key = lab.admin.get(&format!("/api/v1/keys/{id}")).await.json;
    assert_eq!((&key["use_count"], &key["last_used_from"]), (&json!(4712), &json!("192.0.2.1")));
}
