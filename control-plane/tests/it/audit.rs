//! What can be asked of the audit log.

use axum::http::StatusCode;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::support::{Lab, event, send, text};

pub(crate) async fn ids(lab: &Lab, query: &str) -> Vec<String> {
    let answer = lab.admin.get(&format!("/api/v1/audit?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    answer.json["items"].as_array().unwrap().iter().map(|record| text(&record["id"])).collect()
}

/// The ids of all pages that begin with a query.
async fn pages(lab: &Lab, query: &str) -> Vec<String> {
    let (mut found, mut path) = (Vec::new(), format!("/api/v1/audit?{query}"));
    loop {
        let page = lab.admin.get(&path).await.json;
        found.extend(page["items"].as_array().unwrap().iter().map(|record| text(&record["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        path = format!("/api/v1/audit?{query}&cursor={cursor}");
    }
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
        ("order=up", "invalid_field", "order"),
        ("format=csv", "unknown_field", "format"),
        ("colour=red", "unknown_field", "colour"),
    ] {
        let answer = lab.admin.get(&format!("/api/v1/audit?{query}")).await;
        assert_eq!(answer.problem(), (422, code, field), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_call_is_found_by_each_of_its_records_and_by_no_other() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let events = vec![
        event(1, json!({"record_ids": [7]})),
        event(2, json!({"record_ids": [[3, 900], 5000, 4999], "record_count": 900})),
        event(3, json!({"record_ids": [7, 1], "nested_ids": [[600, 700], 7, 1700]})),
        event(4, json!({"nested_ids": [8]})),
    ];
    send(&gate, "b", events).await;
    for (record, found) in [
        (1, vec!["b-3"]),
        (2, vec![]),
        (3, vec!["b-2"]),
        (7, vec!["b-3", "b-2", "b-1"]),
        (8, vec!["b-4", "b-2"]),
        (511, vec!["b-2"]),
        (512, vec!["b-2"]),
        (599, vec!["b-2"]),
        (600, vec!["b-3", "b-2"]),
        (900, vec!["b-2"]),
        (901, vec![]),
        (1700, vec!["b-3"]),
        (4999, vec!["b-2"]),
        (5000, vec!["b-2"]),
        (5001, vec![]),
        (-1, vec![]),
        (i64::MIN, vec![]),
        (i64::MAX, vec![]),
    ] {
        assert_eq!(ids(&lab, &format!("record_id={record}")).await, found, "{record}");
    }
    assert_eq!(ids(&lab, "record_id=7&id=b-2").await, ["b-2"]);
    // Through blocks of several sizes the pages go on as one list.
    assert_eq!(pages(&lab, "record_id=7&limit=1").await, ["b-3", "b-2", "b-1"]);
    assert_eq!(pages(&lab, "record_id=7&limit=1&order=asc").await, ["b-1", "b-2", "b-3"]);
    let blocks = lab.number("SELECT COUNT(*) FROM audit_record_ids WHERE position = 2").await;
    assert!(blocks < 40, "a run of 898 ids takes {blocks} rows");
}

#[tokio::test]
async fn a_record_says_how_many_records_there_were_and_what_they_were() {
    use lictor_policy::records::digest_of;

    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let first: Vec<i64> = (1..=100).collect();
    let all: Vec<i64> = (1..=250).collect();
    for (sequence, sent, listed, count, digest) in [
        (1, json!({}), json!([]), json!(0), Value::Null),
        (2, json!({"record_ids": [9, 7]}), json!([9, 7]), json!(2), json!(digest_of(&[7, 9]))),
        (3, json!({"record_ids": [[1, 250]], "record_count": 250}), json!(all), json!(250), json!(digest_of(&all))),
        (
            4,
            json!({"record_ids": first, "record_count": 250, "record_digest": digest_of(&all)}),
            json!(first),
            json!(250),
            json!(digest_of(&all)),
        ),
        // Of creates whose answer was longer than what was looked at.
        (5, json!({"record_ids": [1, 2], "record_count": 1200}), json!([1, 2]), json!(1200), Value::Null),
        // A gate of before could list no more, and named a record as often as the call did.
        (6, json!({"record_ids": first}), json!(first), Value::Null, Value::Null),
        (7, json!({"record_ids": [5, 5, 5, 6]}), json!([5, 6]), json!(2), json!(digest_of(&[5, 6]))),
    ] {
        send(&gate, "b", vec![event(sequence, sent)]).await;
        let answer = lab.admin.get(&format!("/api/v1/audit?id=b-{sequence}")).await.json;
        let row = &answer["items"][0];
        assert_eq!((&row["record_ids"], &row["record_count"]), (&listed, &count), "{sequence}");
        assert_eq!((&row["record_digest"], &row["nested_ids"]), (&digest, &json!([])), "{sequence}");
    }
    for bad in [json!([[1, 1001]]), json!([[2, 1]]), json!([[1, 2, 3]]), json!(["1"]), json!([[1, i64::MAX]])] {
        let batch = json!({"version": wire::VERSION, "boot": "b", "events": [event(8, json!({"record_ids": bad}))]});
        assert_eq!(gate.post("/gate/v1/events", batch).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

#[tokio::test]
async fn pages_run_from_one_end_to_the_other_also_within_one_moment() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let same = json!({"at": 1_893_456_000_000_000_u64});
    send(&gate, "b", (1..=5).map(|sequence| event(sequence, same.clone())).collect()).await;
    let newest_first = ["b-5", "b-4", "b-3", "b-2", "b-1"];
    assert_eq!(pages(&lab, "limit=2").await, newest_first);
    assert_eq!(pages(&lab, "limit=2&order=desc").await, newest_first);
    let oldest_first = ["b-1", "b-2", "b-3", "b-4", "b-5"];
    assert_eq!(pages(&lab, "limit=2&order=asc").await, oldest_first);
    // A file has the order of the list that it is made beside.
    let exported = lab.admin.get("/api/v1/audit/export?format=json&order=asc").await.json;
    let exported: Vec<_> = exported.as_array().unwrap().iter().map(|record| text(&record["id"])).collect();
    assert_eq!(exported, oldest_first);
}
