use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Caller, Lab, START, event, send, text};

const PATH: &str = "/api/v1/sessions";

async fn items(lab: &Lab, query: &str) -> Vec<Value> {
    let answer = lab.admin.get(&format!("{PATH}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    answer.json["items"].as_array().unwrap().clone()
}

async fn ids(lab: &Lab, query: &str) -> Vec<String> {
    items(lab, query).await.iter().map(|session| text(&session["id"])).collect()
}

fn call(sequence: u64, key: &Value, session: &str, fields: Value) -> Value {
    let mut call = event(sequence, json!({"key_id": key["id"], "session": session, "user_agent": "agent/1"}));
    call.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    call
}

/// A key with the sessions `a` and `b` from one address and `c` from another.
async fn used() -> (Lab, Caller, Value) {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let key = lab.key().await;
    let calls = vec![
        call(0, &key, "a", json!({})),
        call(1, &key, "b", json!({"user_agent": "agent/2"})),
        call(2, &key, "c", json!({"client_ip": "2001:db8::1"})),
    ];
    send(&gate, "boot", calls).await;
    (lab, gate, key)
}

#[tokio::test]
async fn a_session_is_made_of_the_calls_that_name_it_each_counted_once() {
    let (lab, gate, key) = used().await;
    let intent = call(3, &key, "a", json!({"kind": "intent", "decision_id": "x"}));
    let outcome = call(4, &key, "a", json!({"kind": "outcome", "decision_id": "x"}));
    let calls = vec![call(0, &key, "a", json!({})), call(7, &key, "a", json!({"outcome": "denied"})), intent, outcome];
    for _ in 0..2 {
        send(&gate, "boot", calls.clone()).await;
    }
    let expected = json!({"id": "a", "key_id": key["id"], "client_ip": "192.0.2.1", "user_agent": "agent/1",
        "started_at": "2030-01-01T00:00:00Z", "last_seen_at": "2030-01-01T00:00:00.000007Z", "requests": 3,
        "state": "active", "terminated_at": null});
    assert_eq!(lab.admin.get(&format!("{PATH}/a")).await.json, expected);
    assert_eq!(ids(&lab, "").await, ["c", "b", "a"]);
}

#[tokio::test]
async fn sessions_are_found_by_what_they_are() {
    let (lab, gate, key) = used().await;
    let other = lab.key().await;
    lab.pass(1800);
    send(&gate, "boot", vec![call(5, &other, "d", json!({"at": START + 1_800_000_000}))]).await;
    for (query, found) in [
        (format!("key_id={}", text(&key["id"])), vec!["c", "b", "a"]),
        ("client_ip=192.0.2.1&user_agent=agent/1".to_owned(), vec!["d", "a"]),
        ("client_ip=2001:db8::1".to_owned(), vec!["c"]),
        ("user_agent=agent/2".to_owned(), vec!["b"]),
        ("state=active".to_owned(), vec!["d", "c", "b"]),
        ("state=expired".to_owned(), vec!["a"]),
        ("state=terminated".to_owned(), vec![]),
    ] {
        assert_eq!(ids(&lab, &query).await, found, "{query}");
    }
    let first = lab.admin.get(&format!("{PATH}?limit=3")).await.json;
    assert_eq!(ids(&lab, &format!("cursor={}", text(&first["next_cursor"]))).await, ["a"]);
    for (query, code, field) in [
        ("state=gone", "invalid_field", "state"),
        ("ip=1", "unknown_field", "ip"),
        ("limit=0", "invalid_field", "limit"),
    ] {
        assert_eq!(lab.admin.get(&format!("{PATH}?{query}")).await.problem(), (422, code, field), "{query}");
    }
}

#[tokio::test]
async fn a_terminated_session_is_refused_at_the_gates_until_the_timeout_has_passed() {
    let (lab, _, key) = used().await;
    let manager = lab.caller("manager").await;
    let answer = manager.post(&format!("{PATH}/a/terminate"), json!({})).await;
    assert_eq!((answer.status, &answer.json["state"]), (StatusCode::OK, &json!("terminated")), "{}", answer.text);
    let until = START + 1800 * 1_000_000;
    let termination = json!([{"line": key["id"], "client_ip": "192.0.2.1", "until": until}]);
    assert_eq!(lab.policy(lab.revision().await).await["terminations"], termination);
    assert_eq!(ids(&lab, "state=terminated").await, ["b", "a"], "a gate refuses the address, whatever the user agent");

    lab.pass(1799);
    lab.run("session_cleanup").await;
    assert_eq!(lab.policy(lab.revision().await).await["terminations"], termination);
    lab.pass(1);
    lab.run("session_cleanup").await;
    assert_eq!(lab.policy(lab.revision().await).await["terminations"], json!([]));
    assert_eq!(ids(&lab, "state=terminated").await, ["b", "a"]);
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_a_problem() {
    let (lab, gate, key) = used().await;
    assert_eq!(lab.admin.post(&format!("{PATH}/none/terminate"), json!({})).await.problem(), (404, "not_found", ""));
    send(&gate, "boot", vec![call(3, &key, "local", json!({"client_ip": ""}))]).await;
    let before = lab.revision().await;
    let nowhere = lab.admin.post(&format!("{PATH}/local/terminate"), json!({})).await;
    assert_eq!(nowhere.problem(), (422, "invalid_field", ""));
    assert_eq!(lab.revision().await, before);
}
