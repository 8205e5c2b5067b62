use axum::http::StatusCode;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::support::{Lab, START, event, send, text};

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
    let (mut found, mut query) = (Vec::new(), "/api/v1/audit?record_id=7&limit=1".to_owned());
    loop {
        let page = lab.admin.get(&query).await.json;
        found.extend(page["items"].as_array().unwrap().iter().map(|record| text(&record["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/api/v1/audit?record_id=7&limit=1&cursor={cursor}");
    }
    assert_eq!(found, ["b-3", "b-2", "b-1"]);
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
        let batch = json!({"version": 1, "boot": "b", "events": [event(8, json!({"record_ids": bad}))]});
        assert_eq!(gate.post("/gate/v1/events", batch).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
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
    let many: Vec<_> = (0..=500).map(|sequence| event(sequence, json!({}))).collect();
    for (body, problem) in [
        (json!({"version": 2, "boot": "b", "events": []}), (400, "unsupported_wire_version", "")),
        (json!({"version": 1, "boot": "", "events": []}), (422, "invalid_field", "boot")),
        (json!({"version": 1, "boot": "b", "events": many}), (422, "invalid_field", "events")),
        (json!({"version": 1, "boot": "x".repeat(65), "events": []}), (422, "invalid_field", "boot")),
        (json!({"version": 1, "boot": "<img src=x>", "events": []}), (422, "invalid_field", "boot")),
        (
            json!({"version": 1, "boot": "b", "events": [event(1, json!({})), event(1 << 53, json!({}))]}),
            (422, "invalid_field", "events.1.sequence"),
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

#[tokio::test]
async fn what_no_gate_can_know_is_put_right_and_the_rest_of_the_batch_is_stored() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let day = 24 * 3600 * 1_000_000;
    for (at, (sent, field, stored)) in [
        (json!({"at": START + 28 * 365 * day}), "at", json!("2030-01-01T00:00:00Z")),
        (json!({"at": START + 6 * 60 * 1_000_000}), "at", json!("2030-01-01T00:00:00Z")),
        (json!({"at": START + 4 * 60 * 1_000_000}), "at", json!("2030-01-01T00:04:00Z")),
        (json!({"at": START - 30 * day}), "at", json!("2029-12-02T00:00:00Z")),
        (json!({"at": START - 367 * day}), "at", json!("2030-01-01T00:00:00Z")),
        (json!({"at": 1}), "at", json!("2030-01-01T00:00:00Z")),
        (json!({"at": u64::MAX}), "at", json!("2030-01-01T00:00:00Z")),
        (json!({"client_ip": "<img src=x onerror=alert(1)>"}), "client_ip", json!("")),
        (json!({"client_ip": "example.com"}), "client_ip", json!("")),
        (json!({"client_ip": "::ffff:192.0.2.7"}), "client_ip", json!("192.0.2.7")),
        (json!({"client_ip": "2001:DB8::1"}), "client_ip", json!("2001:db8::1")),
        (json!({"key_id": "<b>"}), "key_id", json!(null)),
        (json!({"user_id": "a b"}), "user_id", json!(null)),
        (json!({"session": "x".repeat(65)}), "session", json!(null)),
        (json!({"decision_id": "' OR 1=1"}), "decision_id", json!("")),
        (json!({"road": "/xmlrpc/2/\"><script>"}), "road", json!("")),
        (json!({"road": "jsonrpc"}), "road", json!("")),
        (json!({"model": "res.<i>"}), "model", json!("res.\u{fffd}i\u{fffd}")),
        (json!({"method": "a".repeat(300)}), "method", json!("a".repeat(256))),
        (json!({"user_agent": "agent\u{0}\u{1b}[2J/1"}), "user_agent", json!("agent\u{fffd}\u{fffd}[2J/1")),
        (json!({"user_agent": "ł".repeat(200)}), "user_agent", json!("ł".repeat(128))),
        (json!({"count": 0}), "count", json!(1)),
        (json!({"count": u64::MAX}), "count", json!(u32::MAX)),
        (json!({"gate_us": u64::MAX}), "gate_us", json!(day)),
        (json!({"odoo_us": u64::MAX}), "odoo_us", json!(day)),
        (json!({"request_bytes": u64::MAX}), "request_bytes", json!(1_u64 << 53)),
        (json!({"response_bytes": u64::MAX}), "response_bytes", json!(1_u64 << 53)),
    ]
    .into_iter()
    .enumerate()
    {
        let sequence = 2 * at as u64;
        let said = sent.to_string();
        assert_eq!(send(&gate, "b", vec![event(sequence, sent), event(sequence + 1, json!({}))]).await["stored"], 2);
        let found = rows(&lab, &format!("id=b-{sequence}")).await;
        let [row] = found.as_slice() else { panic!("{said}: not one row") };
        assert_eq!(row[field], stored, "{said}");
        assert_eq!(rows(&lab, &format!("id=b-{}", sequence + 1)).await.len(), 1, "{said}");
    }
    let page = lab.admin.get("/metrics").await.text;
    assert!(page.contains("\nlictor_events_corrected_total 25\n"), "{page}");
}

async fn rows(lab: &Lab, query: &str) -> Vec<Value> {
    lab.admin.get(&format!("/api/v1/audit?{query}")).await.json["items"].as_array().unwrap().clone()
}

/// Whatever a gate's token sends: an answer that is no failure, and in the log nothing but what a gate can know.
#[tokio::test]
async fn nothing_that_is_sent_with_a_gates_token_breaks_the_door_or_the_log() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}"),
        json!("<img src=x>"),
        json!("x".repeat(5000)),
        json!("\u{202e}\u{7f}"),
        json!("2001:db8::1"),
        json!([]),
        json!([[]]),
        json!([1, "a"]),
        json!({}),
        json!({"a": {}}),
        json!("denied"),
        json!("counted"),
        json!("intent"),
        json!("outcome"),
        json!(["read"]),
        json!("session_limit"),
        json!("upstream_credential_rejected"),
    ];
    let full = json!({"sequence": 0, "kind": "call", "count": 1, "at": START, "decision_id": "d", "request_id": "r",
        "key_id": "k", "user_id": "u", "client_ip": "192.0.2.1", "user_agent": "a", "session": "s", "road": "/jsonrpc",
        "database": "d", "model": "res.partner", "method": "read", "operations": ["read"], "record_ids": [1],
        "outcome": "allowed", "none_answer": false, "reason": null, "would_deny": null, "fault_code": 1, "gate_us": 1,
        "odoo_us": 1, "request_bytes": 1, "response_bytes": 1});
    let mut sequence = 0;
    for name in full.as_object().unwrap().keys().map(String::as_str).chain(["boot", "version", "events", "other"]) {
        for value in &values {
            sequence += 1;
            let mut batch = json!({"version": 1, "boot": "b", "events": [full.clone()]});
            batch["events"][0]["sequence"] = json!(sequence);
            let place = if ["boot", "version", "events", "other"].contains(&name) {
                &mut batch
            } else {
                &mut batch["events"][0]
            };
            place[name] = value.clone();
            let answer = gate.post(wire::EVENTS_PATH, batch).await;
            assert!(matches!(answer.status.as_u16(), 200 | 400 | 422), "{name}: {value}: {}", answer.text);
        }
    }
    let mut rows = 0;
    let mut query = "/api/v1/audit?limit=500".to_owned();
    loop {
        let page = lab.admin.get(&query).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        for row in page.json["items"].as_array().unwrap() {
            rows += 1;
            for (name, value) in row.as_object().unwrap() {
                let Some(text) = value.as_str() else { continue };
                assert!(text.len() <= 256 && !text.chars().any(char::is_control), "{name}: {row}");
                let is_text = ["request_id", "user_agent", "database"].contains(&name.as_str())
                    || row["outcome"] == "denied" && ["model", "method"].contains(&name.as_str());
                if !is_text {
                    assert!(!text.contains('<'), "{name}: {row}");
                }
            }
            let ip = row["client_ip"].as_str().unwrap();
            assert!(ip.is_empty() || ip.parse::<std::net::IpAddr>().is_ok(), "{row}");
            assert!(row["at"].as_str().unwrap() < "2030-01-01T00:06", "{row}");
        }
        let Some(cursor) = page.json["next_cursor"].as_str() else { break };
        query = format!("/api/v1/audit?limit=500&cursor={cursor}");
    }
    assert!(rows > 100, "{rows}");
    for query in ["epoch=%3Cimg%3E", "boot=%3Cimg%3E&next=1", "boot=b&next=9007199254740993", "since=-1"] {
        let answer = gate.get(&format!("/gate/v1/policy?{query}")).await;
        assert_eq!(answer.status.as_u16(), 422, "{query}: {}", answer.text);
    }
}
