use axum::http::StatusCode;
use lictor_control_plane::tasks::alerts::once;
use serde_json::{Value, json};

use crate::support::{Caller, Lab, event, send, text};

const PATH: &str = "/api/v1/alerts";
const KEY: &str = "0196f0a1-0000-7000-8000-000000000001";

/// The events of so many refusals of a key, the numbers beginning with `from`.
fn refusals(from: u64, count: u64, key: &str) -> Vec<Value> {
    let refused = json!({"key_id": key, "database": "odoo", "outcome": "denied", "reason": "ip_denied"});
    (from..from + count).map(|sequence| event(sequence, refused.clone())).collect()
}

async fn list(caller: &Caller, query: &str) -> Vec<Value> {
    let answer = caller.get(&format!("{PATH}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    answer.json["items"].as_array().unwrap().clone()
}

/// A control plane with one open alert, and its gate.
async fn with_alert() -> (Lab, Caller, Value) {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", refusals(0, 3, KEY)).await;
    let [alert] = list(&lab.admin, "").await.try_into().unwrap();
    (lab, gate, alert)
}

async fn act(lab: &Lab, alert: &Value, action: &str, body: Value) -> crate::support::Answer {
    lab.admin.post(&format!("{PATH}/{}/{action}", text(&alert["id"])), body).await
}

#[tokio::test]
async fn one_alert_is_open_on_a_subject_and_repeats_raise_its_count() {
    let (lab, gate, alert) = with_alert().await;
    assert_eq!((&alert["count"], &alert["state"], &alert["resolved_at"]), (&json!(3), &json!("open"), &json!(null)));
    send(&gate, "b", refusals(3, 4, KEY)).await;
    send(&gate, "b", refusals(3, 4, KEY)).await;
    let [raised] = list(&lab.admin, "").await.try_into().unwrap();
    assert_eq!((&raised["id"], &raised["count"]), (&alert["id"], &json!(7)));
}

#[tokio::test]
async fn refusals_that_a_gate_only_counted_raise_the_alert_on_their_key_by_their_number() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let counted = |sequence, count| {
        let body = json!({"kind": "counted", "count": count, "key_id": KEY, "database": "odoo", "client_ip": "",
            "road": "", "outcome": "denied", "reason": "ip_denied"});
        event(sequence, body)
    };
    send(&gate, "b", vec![counted(0, 1000)]).await;
    send(&gate, "b", vec![counted(1, 234)]).await;
    let mut alerts = list(&lab.admin, "").await;
    alerts.sort_by_key(|alert| alert["type"].to_string());
    let told: Vec<_> = alerts.iter().map(|alert| json!([alert["type"], alert["key_id"], alert["count"]])).collect();
    // So many are an alert of their own, whatever they were refused for.
    assert_eq!(told, ["ip_blocked", "suspicious_activity"].map(|kind| json!([kind, KEY, 1234])));
}

#[tokio::test]
async fn what_would_have_been_refused_opens_no_alert() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let reasons = ["ip_denied", "session_limit", "scope_denied", "model_denied", "rate_limited"];
    let passed = |sequence: u64| {
        let reason = reasons[usize::try_from(sequence).unwrap() % reasons.len()];
        event(sequence, json!({"key_id": KEY, "database": "odoo", "would_deny": reason}))
    };
    send(&gate, "b", (0..100).map(passed).collect()).await;
    assert!(list(&lab.admin, "").await.is_empty());
    send(&gate, "b", refusals(100, 3, KEY)).await;
    assert_eq!(list(&lab.admin, "").await.len(), 1, "while these do");
}

#[tokio::test]
async fn a_resolved_alert_counts_no_more_and_the_threshold_counts_anew() {
    let (lab, gate, alert) = with_alert().await;
    let resolved = act(&lab, &alert, "resolve", json!({"note": "The laptop was in the new office."})).await;
    assert_eq!((resolved.status, &resolved.json["state"]), (StatusCode::OK, &json!("resolved")), "{}", resolved.text);
    assert_eq!(resolved.json["resolved_at"], "2030-01-01T00:00:00Z");
    send(&gate, "b", refusals(3, 2, KEY)).await;
    assert_eq!(list(&lab.admin, "").await.len(), 1, "two are fewer than three");
    send(&gate, "b", refusals(5, 1, KEY)).await;
    let [new, old] = list(&lab.admin, "").await.try_into().unwrap();
    assert_eq!((&old["id"], &old["count"], &old["state"]), (&alert["id"], &json!(3), &json!("resolved")));
    assert_eq!((&new["count"], &new["state"]), (&json!(3), &json!("open")));
}

#[tokio::test]
async fn a_reopened_alert_is_raised_again_unless_another_one_is_open() {
    let (lab, gate, first) = with_alert().await;
    assert_eq!(act(&lab, &first, "reopen", json!({})).await.problem(), (409, "alert_open", ""));
    act(&lab, &first, "resolve", json!({"note": "n"})).await;
    assert_eq!(act(&lab, &first, "resolve", json!({"note": "n"})).await.problem(), (409, "alert_resolved", ""));
    let reopened = act(&lab, &first, "reopen", json!({})).await;
    assert_eq!((&reopened.json["state"], &reopened.json["resolved_at"]), (&json!("open"), &json!(null)));
    send(&gate, "b", refusals(3, 1, KEY)).await;
    assert_eq!(list(&lab.admin, "").await[0]["count"], json!(4));
    act(&lab, &first, "resolve", json!({"note": "n"})).await;
    send(&gate, "b", refusals(4, 3, KEY)).await;
    let open = list(&lab.admin, "state=open").await;
    assert_ne!(open[0]["id"], first["id"]);
    assert_eq!(act(&lab, &first, "reopen", json!({})).await.problem(), (409, "alert_open", ""));
    assert_eq!(list(&lab.admin, "state=open").await, open);
}

#[tokio::test]
async fn the_history_says_who_did_what_when_and_so_does_the_administrators_audit_log() {
    let (lab, _, alert) = with_alert().await;
    let comment = act(&lab, &alert, "comments", json!({"text": "I have asked her.\nShe calls back."})).await;
    assert_eq!(comment.status, StatusCode::CREATED);
    lab.pass(60);
    act(&lab, &alert, "resolve", json!({"note": "It was her."})).await;
    lab.pass(60);
    act(&lab, &alert, "reopen", json!({})).await;
    let shown = lab.admin.get(&format!("{PATH}/{}", text(&alert["id"]))).await.json;
    let told: Vec<_> = shown["history"].as_array().unwrap().iter().map(|e| (&e["action"], &e["text"])).collect();
    let expected = [
        (json!("opened"), json!(null)),
        (json!("commented"), json!("I have asked her.\nShe calls back.")),
        (json!("resolved"), json!("It was her.")),
        (json!("reopened"), json!(null)),
    ];
    assert_eq!(told, expected.iter().map(|(action, text)| (action, text)).collect::<Vec<_>>());
    assert_eq!(shown["history"][0]["actor"], "system");
    assert_eq!(shown["history"][2]["at"], "2030-01-01T00:01:00Z");
    assert_ne!(shown["history"][2]["actor"], "system");
    assert_eq!(shown["comments"], json!([shown["history"][1]]));
    for action in ["alert.comment", "alert.resolve", "alert.reopen"] {
        let sql = match action {
            "alert.comment" => "SELECT COUNT(*) FROM admin_audit WHERE action = 'alert.comment'",
            "alert.resolve" => "SELECT COUNT(*) FROM admin_audit WHERE action = 'alert.resolve'",
            _ => "SELECT COUNT(*) FROM admin_audit WHERE action = 'alert.reopen'",
        };
        assert_eq!(lab.number(sql).await, 1, "{action}");
    }
}

#[tokio::test]
async fn what_is_said_of_an_alert_must_be_said_in_words() {
    let (lab, _, alert) = with_alert().await;
    let long = "x".repeat(4001);
    for (action, body, problem) in [
        ("resolve", json!({}), (422, "missing_field", "note")),
        ("resolve", json!({"note": " "}), (422, "invalid_field", "note")),
        ("resolve", json!({"note": long}), (422, "invalid_field", "note")),
        ("resolve", json!({"note": "n", "state": "open"}), (422, "unknown_field", "state")),
        ("comments", json!({"text": "\u{7}"}), (422, "invalid_field", "text")),
    ] {
        let answer = act(&lab, &alert, action, body).await;
        assert_eq!(answer.problem(), problem, "{action}: {}", answer.text);
    }
    assert_eq!(list(&lab.admin, "").await, [alert]);
    let absent = lab.admin.post(&format!("{PATH}/none/comments"), json!({"text": "t"})).await;
    assert_eq!(absent.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn alerts_are_listed_by_what_is_asked_for_page_by_page_the_newest_first() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    lab.pass(3600);
    send(&gate, "b", refusals(0, 3, "k1")).await;
    let guess = |sequence| {
        let at = 1_893_459_600_000_000_u64 - 60_000_000;
        event(sequence, json!({"at": at, "outcome": "denied", "reason": "invalid_key", "client_ip": "2001:db8::7"}))
    };
    send(&gate, "b", (3..13).map(guess).collect()).await;
    send(&gate, "b", refusals(13, 3, "k2")).await;
    let [k2, address, k1] = list(&lab.admin, "").await.try_into().unwrap();
    act(&lab, &k1, "resolve", json!({"note": "n"})).await;
    for (query, expected) in [
        ("type=authentication_failed", vec![&address]),
        ("severity=high&state=open", vec![&k2]),
        ("severity=medium", vec![&address]),
        ("key_id=k2", vec![&k2]),
        ("client_ip=2001:db8::8", vec![&address]),
        ("from=2030-01-01T00:30:00Z", vec![&address]),
        ("to=2030-01-01T00:30:00Z", vec![&k2, &k1]),
        ("from=2030-01-02", vec![]),
        ("state=open", vec![&k2, &address]),
    ] {
        let found = list(&lab.admin, query).await;
        let ids = |alerts: &[&Value]| alerts.iter().map(|alert| text(&alert["id"])).collect::<Vec<_>>();
        assert_eq!(ids(&found.iter().collect::<Vec<_>>()), ids(&expected), "{query}");
    }
    let first = lab.admin.get(&format!("{PATH}?limit=2")).await.json;
    assert_eq!(first["items"], json!([k2, address]));
    let second = lab.admin.get(&format!("{PATH}?limit=2&cursor={}", text(&first["next_cursor"]))).await.json;
    assert_eq!((&second["items"][0]["id"], &second["next_cursor"]), (&k1["id"], &json!(null)));
    for (query, field) in [
        ("type=fire", "type"),
        ("severity=bad", "severity"),
        ("state=done", "state"),
        ("from=2030-01-02&to=2030-01-01", "to"),
    ] {
        let answer = lab.admin.get(&format!("{PATH}?{query}")).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{}", answer.text);
    }
}

#[tokio::test]
async fn many_addresses_share_an_alert_when_fifty_have_their_own() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let from = |address: u64, sequence: u64| {
        let ip = format!("198.51.100.{address}");
        event(sequence, json!({"client_ip": ip, "outcome": "denied", "reason": "endpoint_blocked"}))
    };
    for address in 0..53 {
        let events: Vec<_> = (0..6).map(|number| from(address, address * 6 + number)).collect();
        for batch in events.chunks(if address == 51 { 1 } else { 6 }) {
            send(&gate, "b", batch.to_vec()).await;
        }
    }
    let own = list(&lab.admin, "limit=500").await;
    assert_eq!(own.len(), 51);
    let shared: Vec<_> = own.iter().filter(|alert| alert["client_ip"].is_null()).collect();
    let [shared] = shared.as_slice() else { panic!("{shared:?}") };
    assert_eq!(shared["count"], json!(18), "all that three addresses did");
}

#[tokio::test]
async fn what_was_counted_survives_a_restart_and_is_forgotten_when_it_is_old() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", refusals(0, 2, KEY)).await;
    let again = lab.restarted().await;
    let other = Caller { router: lictor_control_plane::api::router::gate(&again), token: gate.token.clone() };
    send(&other, "b", refusals(2, 1, KEY)).await;
    assert_eq!(list(&lab.admin, "").await.len(), 1);
    assert!(lab.number("SELECT COUNT(*) FROM watches").await > 0);
    lab.pass(2 * 24 * 3600 + 1);
    once(&lab.app).await.unwrap();
    assert_eq!(lab.number("SELECT COUNT(*) FROM watches").await, 0);
}

#[tokio::test]
async fn two_replicas_that_look_at_a_gap_raise_it_once() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let other = lab.restarted().await;
    send(&gate, "b", vec![event(0, json!({})), event(4, json!({}))]).await;
    lab.pass(1201);
    let (one, two) = tokio::join!(once(&lab.app), once(&other));
    one.unwrap();
    two.unwrap();
    let [alert] = list(&lab.admin, "").await.try_into().unwrap();
    assert_eq!((&alert["gate"], &alert["count"], &alert["rules"]), (&json!(id), &json!(3), &json!(["event_gap"])));
    act(&lab, &alert, "resolve", json!({"note": "Envoy was killed."})).await;
    once(&lab.app).await.unwrap();
    assert!(list(&lab.admin, "state=open").await.is_empty(), "the same gap is known");
    send(&gate, "b", vec![event(6, json!({}))]).await;
    lab.pass(1201);
    once(&lab.app).await.unwrap();
    assert_eq!(list(&lab.admin, "state=open").await[0]["count"], json!(1));
}

#[tokio::test]
async fn an_emergency_revocation_is_a_critical_alert_of_the_same_transaction() {
    let lab = Lab::new().await;
    lab.key().await;
    let path = "/api/v1/emergency-revocation";
    lab.admin.post(path, json!({"reason": "stolen", "confirm": "revoke"})).await;
    assert!(list(&lab.admin, "").await.is_empty());
    let order = json!({"reason": "stolen", "confirm": "REVOKE ALL KEYS"});
    for count in [1, 2] {
        lab.admin.post(path, order.clone()).await;
        let [alert] = list(&lab.admin, "").await.try_into().unwrap();
        assert_eq!(
            (&alert["type"], &alert["severity"], &alert["count"]),
            (&json!("emergency_revocation"), &json!("critical"), &json!(count))
        );
        let shown = lab.admin.get(&format!("{PATH}/{}", text(&alert["id"]))).await.json;
        assert_eq!(shown["history"][0]["text"], "1 keys were revoked: stolen");
        assert_ne!(shown["history"][0]["actor"], "system");
    }
    lab.admin.patch("/api/v1/settings", json!({"alerts": {"enabled": false}})).await;
    let [alert] = list(&lab.admin, "").await.try_into().unwrap();
    act(&lab, &alert, "resolve", json!({"note": "n"})).await;
    lab.admin.post(path, order).await;
    assert!(list(&lab.admin, "state=open").await.is_empty());
}

#[tokio::test]
async fn recipients_are_mailed_once_when_an_alert_opens_or_grows_as_bad_as_that() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let settings = |from: &str, severity: &str| {
        json!({"alerts": {"recipients": ["a@example.com", "b@example.com"], "mail_from_severity": from,
                          "types": {"ip_blocked": {"severity": severity}}}})
    };
    let mails = async || lab.number("SELECT COUNT(*) FROM outbox WHERE kind = 'alert_opened'").await;
    lab.admin.patch("/api/v1/settings", settings("critical", "high")).await;
    send(&gate, "b", refusals(0, 3, KEY)).await;
    assert_eq!(mails().await, 0, "high is milder than critical");
    lab.admin.patch("/api/v1/settings", settings("critical", "critical")).await;
    for sequence in 3..6 {
        send(&gate, "b", refusals(sequence, 1, KEY)).await;
        assert_eq!(mails().await, 2);
    }
    let [alert] = list(&lab.admin, "severity=critical").await.try_into().unwrap();
    let shown = lab.admin.get(&format!("{PATH}/{}", text(&alert["id"]))).await.json;
    assert_eq!(
        (&shown["history"][1]["action"], &shown["history"][1]["text"]),
        (&json!("escalated"), &json!("high to critical"))
    );
    send(&gate, "b", refusals(6, 3, "another key")).await;
    assert_eq!(mails().await, 4);
}

#[tokio::test]
async fn open_alerts_are_in_the_metrics_by_type_and_severity() {
    let (lab, _, alert) = with_alert().await;
    let line = |count: u64| format!(r#"lictor_alerts_open{{type="ip_blocked",severity="high"}} {count}"#);
    for count in [1, 0] {
        let page = lab.admin.get("/metrics").await.text;
        assert!(page.lines().any(|found| found == line(count)), "{page}");
        act(&lab, &alert, "resolve", json!({"note": "n"})).await;
    }
}

/// Prints how fast events are stored with and without evaluation. Not an assertion of a speed: machines differ.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_events_is_stored_and_evaluated_whole() {
    const BATCH: u64 = 500;
    for (what, enabled, events, denied, keys) in [
        ("stored only", false, 20_000, 0, 40),
        ("evaluated, one in ten refused", true, 20_000, 10, 40),
        ("stored only, of 500 keys", false, 5_000, 0, 500),
        ("evaluated, all refused, of 500 keys", true, 5_000, 1, 500),
    ] {
        let lab = Lab::new().await;
        let (_, gate) = lab.gate().await;
        lab.pass(3600);
        lab.admin.patch("/api/v1/settings", json!({"alerts": {"enabled": enabled}})).await;
        let call = |sequence: u64| {
            let (key, model) = (format!("key-{}", sequence % keys), format!("model.{}", sequence % 12));
            let ip = format!("192.0.{}.{}", sequence % keys / 200, sequence % keys % 200);
            let call = json!({"key_id": key, "database": "odoo", "user_id": "u", "user_agent": "odoo-mcp/1.3",
                "client_ip": ip, "model": model, "method": "search_read", "operations": ["read"],
                "at": crate::support::START + sequence * 500});
            let refused = json!({"outcome": "denied", "reason": "scope_denied", "fault_code": 403});
            let mut event = event(sequence, call);
            if denied > 0 && sequence.is_multiple_of(denied) {
                event.as_object_mut().unwrap().extend(refused.as_object().unwrap().clone());
            }
            event
        };
        let batches: Vec<Vec<_>> =
            (0..events / BATCH).map(|batch| (batch * BATCH..(batch + 1) * BATCH).map(call).collect()).collect();
        let began = std::time::Instant::now();
        for batch in batches {
            send(&gate, "b", batch).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        let (rate, batches) = (events as f64 / seconds, (events / BATCH) as f64);
        println!("{what}: {rate:.0} events/s, {:.1} ms a batch of {BATCH}", seconds * 1e3 / batches);
        const COUNTED: &str =
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM alerts WHERE kind = 'permission_denied'";
        let counted = lab.number(COUNTED).await;
        let expected = events.checked_div(denied).unwrap_or_default();
        let found = (counted, lab.number("SELECT COUNT(*) FROM audit").await);
        assert_eq!(found, (i64::try_from(expected).unwrap(), i64::try_from(events).unwrap()), "{what}");
    }
}
