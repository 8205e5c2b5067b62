use axum::http::StatusCode;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::support::{Lab, event, send, text};

async fn ids(lab: &Lab, query: &str) -> Vec<String> {
    let answer = lab.admin.get(&format!("/api/v1/audit?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    answer.json["items"].as_array().unwrap().iter().map(|record| text(&record["id"])).collect()
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_stored_and_counted_once() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let key = lab.key().await;
    let before = lab.revision().await;
    let used = |sequence, ip: &str| event(sequence, json!({"key_id": key["id"], "client_ip": ip}));
    let guessed = event(3, json!({"key_id": key["id"], "outcome": "denied", "reason": "invalid_key"}));
    assert_eq!(send(&gate, "b", vec![used(1, "192.0.2.1")]).await, json!({"stored": 1}));
    let batch = vec![used(1, "192.0.2.1"), used(2, "192.0.2.2"), guessed];
    for _ in 0..2 {
        assert_eq!(send(&gate, "b", batch.clone()).await, json!({"stored": 3}));
    }
    assert_eq!(ids(&lab, "").await, ["b-3", "b-2", "b-1"]);
    let key = lab.admin.get(&format!("/api/v1/keys/{}", text(&key["id"]))).await.json;
    assert_eq!((&key["use_count"], &key["last_used_from"]), (&json!(2), &json!("192.0.2.2")));
    assert_eq!(key["last_used_at"], "2030-01-01T00:00:00.000002Z");
    assert_eq!(lab.revision().await, before, "use is not a change of policy");
}

#[tokio::test]
async fn two_gates_and_two_starts_of_one_gate_are_told_apart() {
    let lab = Lab::new().await;
    let ((one, first), (_, second)) = (lab.gate().await, lab.gate().await);
    for (gate, boot) in [(&first, "a"), (&first, "b"), (&second, "a")] {
        send(gate, boot, vec![event(1, json!({}))]).await;
    }
    assert_eq!(ids(&lab, "").await.len(), 3);
    assert_eq!(ids(&lab, &format!("gate={one}")).await, ["b-1", "a-1"]);
}

#[tokio::test]
async fn every_field_can_be_asked_for() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let full = json!({"decision_id": "d2", "request_id": "r2", "key_id": "k2", "user_id": "u2", "client_ip": "::1",
        "user_agent": "agent/2", "session": "s2", "road": "/jsonrpc", "database": "db2",
        "model": "res.partner", "method": "write", "operations": ["read", "write"],
        "record_ids": [12, 345], "outcome": "denied", "reason": "scope_denied", "would_deny": "ip_denied", "fault_code": 403,
        "none_answer": true, "count": 2, "gate_us": 12, "odoo_us": 22, "request_bytes": 32, "response_bytes": 42});
    send(&gate, "b", vec![event(1, json!({"record_ids": [1, 2], "operations": ["read"]})), event(2, full)]).await;
    for query in [
        "id=b-2",
        "decision_id=d2",
        "request_id=r2",
        "key_id=k2",
        "user_id=u2",
        "client_ip=::1",
        "user_agent=agent/2",
        "session=s2",
        "road=/jsonrpc",
        "database=db2",
        "model=res.partner",
        "method=write",
        "operation=write",
        "operations=write",
        "none_answer=true",
        "count=2",
        "gate_us=12",
        "odoo_us=22",
        "request_bytes=32",
        "response_bytes=42",
        "record_id=12",
        "record_id=345",
        "outcome=denied",
        "reason=scope_denied",
        "would_deny=ip_denied",
        "would_deny=any",
        "fault_code=403",
        "from=2030-01-01T00:00:00.000002Z",
        "model=res.partner&outcome=denied&operation=read",
    ] {
        assert_eq!(ids(&lab, query).await, ["b-2"], "{query}");
    }
    assert_eq!(ids(&lab, "to=2030-01-01T00:00:00.000002Z").await, ["b-1"]);
    for query in [
        "model=res",
        "record_id=34",
        "operation=delete",
        "would_deny=scope_denied",
        "model=res.partner&outcome=allowed",
    ] {
        assert!(ids(&lab, query).await.is_empty(), "{query}");
    }
    for (query, code, field) in [
        ("outcome=fine", "invalid_field", "outcome"),
        ("reason=because", "invalid_field", "reason"),
        ("would_deny=because", "invalid_field", "would_deny"),
        ("operation=fly", "invalid_field", "operation"),
        ("record_id=x", "invalid_field", "record_id"),
        ("from=today", "invalid_field", "from"),
        ("from=2030-02-01&to=2030-01-01", "invalid_field", "to"),
        ("format=csv", "unknown_field", "format"),
        ("colour=red", "unknown_field", "colour"),
    ] {
        let answer = lab.admin.get(&format!("/api/v1/audit?{query}")).await;
        assert_eq!(answer.problem(), (422, code, field), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn pages_run_from_the_newest_to_the_oldest_also_within_one_moment() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let same = json!({"at": 1_893_456_000_000_000_u64});
    send(&gate, "b", (1..=5).map(|sequence| event(sequence, same.clone())).collect()).await;
    let (mut found, mut query) = (Vec::new(), "/api/v1/audit?limit=2".to_owned());
    loop {
        let page = lab.admin.get(&query).await.json;
        found.extend(page["items"].as_array().unwrap().iter().map(|record| text(&record["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/api/v1/audit?limit=2&cursor={cursor}");
    }
    assert_eq!(found, ["b-5", "b-4", "b-3", "b-2", "b-1"]);
}

#[tokio::test]
async fn a_batch_that_is_not_right_is_refused_whole() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let long = "x".repeat(257);
    let many: Vec<_> = (0..=500).map(|sequence| event(sequence, json!({}))).collect();
    for (body, problem) in [
        (json!({"version": 2, "boot": "b", "events": []}), (400, "unsupported_wire_version", "")),
        (json!({"version": 1, "boot": "", "events": []}), (422, "invalid_field", "boot")),
        (json!({"version": 1, "boot": "b", "events": many}), (422, "invalid_field", "events")),
        (
            json!({"version": 1, "boot": "b", "events": [event(1, json!({})), event(2, json!({"model": long}))]}),
            (422, "invalid_field", "events.1"),
        ),
        (
            json!({"version": 1, "boot": "b", "events": [event(1, json!({"colour": 1}))]}),
            (422, "unknown_field", "events[0].colour"),
        ),
    ] {
        let answer = gate.post(wire::EVENTS_PATH, body).await;
        assert_eq!(answer.problem(), problem, "{}", answer.text);
    }
    assert!(ids(&lab, "").await.is_empty());
}

async fn row(lab: &Lab) -> Value {
    let answer = lab.admin.get("/api/v1/audit").await.json;
    let [row] = answer["items"].as_array().unwrap().as_slice() else { panic!("not one row: {answer}") };
    row.clone()
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
