//! What a gate may send as events, and what is made of it.

use axum::http::StatusCode;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::audit::ids;
use crate::support::{Lab, START, event, send};

#[tokio::test]
async fn a_batch_that_is_not_right_is_refused_whole() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let many: Vec<_> = (0..=500).map(|sequence| event(sequence, json!({}))).collect();
    for (body, problem) in [
        (json!({"version": wire::VERSION - 1, "boot": "b", "events": []}), (400, "unsupported_wire_version", "")),
        (json!({"version": wire::VERSION, "boot": "", "events": []}), (422, "invalid_field", "boot")),
        (json!({"version": wire::VERSION, "boot": "b", "events": many}), (422, "invalid_field", "events")),
        (json!({"version": wire::VERSION, "boot": "x".repeat(65), "events": []}), (422, "invalid_field", "boot")),
        (json!({"version": wire::VERSION, "boot": "<img src=x>", "events": []}), (422, "invalid_field", "boot")),
        (
            json!({"version": wire::VERSION, "boot": "b", "events": [event(1, json!({})), event(1 << 53, json!({}))]}),
            (422, "invalid_field", "events.1.sequence"),
        ),
        (
            json!({"version": wire::VERSION, "boot": "b", "events": [event(1, json!({"colour": 1}))]}),
            (422, "unknown_field", "events[0].colour"),
        ),
    ] {
        let answer = gate.post(wire::EVENTS_PATH, body).await;
        assert_eq!(answer.problem(), problem, "{}", answer.text);
    }
    assert!(ids(&lab, "").await.is_empty());
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
        json!(vec!["\u{0}"; 30]),
        json!(r#"{"args":[[["name","=","-"]]],"kwargs":{}}"#),
        json!(format!(r#"{{"args":["{}"]}}"#, "x".repeat(5000))),
        json!("{\"args\":[],\n\"kwargs\":{}}"),
        json!("session_limit"),
        json!("upstream_credential_rejected"),
    ];
    let full = json!({"sequence": 0, "kind": "call", "count": 1, "at": START, "decision_id": "d", "request_id": "r",
        "key_id": "k", "user_id": "u", "client_ip": "192.0.2.1", "user_agent": "a", "session": "s", "road": "/jsonrpc",
        "database": "d", "model": "res.partner", "method": "read", "operations": ["read"], "record_ids": [1],
        "outcome": "allowed", "none_answer": false, "reason": null, "would_deny": null, "lacks": ["read of a.b"],
        "outline": "{}", "schema_stale": false, "fault_code": 1, "gate_us": 1, "odoo_us": 1, "request_bytes": 1, "response_bytes": 1});
    let mut sequence = 0;
    for name in full.as_object().unwrap().keys().map(String::as_str).chain(["boot", "version", "events", "other"]) {
        for value in &values {
            sequence += 1;
            let mut batch = json!({"version": wire::VERSION, "boot": "b", "events": [full.clone()]});
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
                if name == "outline" {
                    assert!(["{}", r#"{"args":[[["name","=","-"]]],"kwargs":{}}"#].contains(&text), "{row}");
                    continue;
                }
                assert!(text.len() <= 256 && !text.chars().any(char::is_control), "{name}: {row}");
                let is_text = ["request_id", "user_agent", "database"].contains(&name.as_str())
                    || row["outcome"] == "denied" && ["model", "method"].contains(&name.as_str());
                if !is_text {
                    assert!(!text.contains('<'), "{name}: {row}");
                }
            }
            let lacks = row["lacks"].as_array().unwrap();
            let is_well = |text: &str| text.len() <= 256 && !text.chars().any(char::is_control);
            assert!(
                lacks.len() <= wire::MAX_LACKS && lacks.iter().all(|text| is_well(text.as_str().unwrap())),
                "{row}"
            );
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
