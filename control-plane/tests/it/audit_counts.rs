//! `audit/counts` and `audit/facets`: calls counted as they are recorded.

use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::{Caller, Lab, START, event, send, text};

const HOUR: u64 = 3_600_000_000;
const DAY: u64 = 24 * HOUR;

async fn counts(lab: &Lab, query: &str) -> Value {
    let answer = lab.admin.get(&format!("/api/v1/audit/counts?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json
}

/// The names of the series with their points.
async fn series(lab: &Lab, query: &str) -> Value {
    let all = counts(lab, query).await;
    let pair = |one: &Value| (text(&one["name"]), one["points"].clone());
    Value::Object(all["series"].as_array().unwrap().iter().map(pair).collect())
}

/// A lab a day after [`START`], and a gate.
async fn lab() -> (Lab, String, Caller) {
    let lab = Lab::new().await;
    lab.pass(24 * 3600);
    let (id, gate) = lab.gate().await;
    (lab, id, gate)
}

fn at(hour: u64, fields: Value) -> Value {
    let mut event = event(0, fields);
    event["at"] = json!(START + hour * HOUR);
    event
}

async fn report(gate: &Caller, boot: &str, events: Vec<Value>) {
    let numbered = events.into_iter().enumerate().map(|(at, mut event)| {
        event["sequence"] = json!(at);
        event
    });
    send(gate, boot, numbered.collect()).await;
}

fn denied(reason: &str) -> Value {
    json!({"outcome": "denied", "reason": reason, "fault_code": 403})
}

#[tokio::test]
async fn calls_are_counted_by_what_is_asked_for() {
    let (lab, gate_id, gate) = lab().await;
    let [one, other] = [lab.key().await, lab.key().await].map(|key| text(&key["id"]));
    let of = |key: &str, model: &str| json!({"key_id": key, "model": model, "method": "read"});
    let mut refused = of(&other, "res.users");
    refused.as_object_mut().unwrap().extend(denied("permission_denied").as_object().unwrap().clone());
    let counted = json!({"outcome": "denied", "reason": "invalid_key", "kind": "counted", "count": 40});
    let elsewhere = json!({"client_ip": "192.0.2.9", "key_id": one, "model": "res.partner"});
    let events = vec![
        at(1, of(&one, "res.partner")),
        at(1, of(&one, "res.users")),
        at(2, of(&one, "res.partner")),
        at(2, refused),
        at(3, counted),
        at(3, elsewhere),
    ];
    report(&gate, "b", events).await;
    let day = "from=2030-01-01T00:30:00Z&to=2030-01-01T04:00:00Z";
    let all = counts(&lab, day).await;
    assert_eq!((&all["total"], &all["step_seconds"]), (&json!(45), &json!(3600)));
    assert_eq!((&all["from"], &all["to"]), (&json!("2030-01-01T00:00:00Z"), &json!("2030-01-01T04:00:00Z")));
    assert_eq!(all["other"], Value::Null);
    let is = async |query: &str, expected: Value| {
        assert_eq!(series(&lab, &format!("{day}&{query}")).await, expected, "{query}");
    };
    is("by=outcome", json!({"denied": [0, 0, 1, 40], "allowed": [0, 2, 1, 1]})).await;
    is("by=key", json!({one.clone(): [0, 2, 1, 1], other.clone(): [0, 0, 1, 0]})).await;
    is("by=model", json!({"res.partner": [0, 1, 1, 1], "res.users": [0, 1, 1, 0]})).await;
    is("by=reason", json!({"invalid_key": [0, 0, 0, 40], "permission_denied": [0, 0, 1, 0]})).await;
    is("by=gate", json!({gate_id.clone(): [0, 2, 2, 41]})).await;
    is("by=model&outcome=allowed", json!({"res.partner": [0, 1, 1, 1], "res.users": [0, 1, 0, 0]})).await;
    is(&format!("by=outcome&key_id={one}"), json!({"allowed": [0, 2, 1, 1]})).await;
    is("by=outcome&model=res.users", json!({"allowed": [0, 1, 0, 0], "denied": [0, 0, 1, 0]})).await;
    is("by=outcome&reason=permission_denied", json!({"denied": [0, 0, 1, 0]})).await;
    // Two filters, and those by other fields, are found in the records.
    is(&format!("by=model&key_id={one}"), json!({"res.partner": [0, 1, 1, 1], "res.users": [0, 1, 0, 0]})).await;
    is("by=key&client_ip=192.0.2.9", json!({one.clone(): [0, 0, 0, 1]})).await;
    is("by=reason&outcome=allowed", json!({})).await;
    is("step=7200", json!({"denied": [0, 41], "allowed": [2, 2]})).await;
    is("step=86400", json!({"denied": [41], "allowed": [4]})).await;
    assert_eq!(counts(&lab, &format!("{day}&by=key")).await["total"], 45);
    assert_eq!(counts(&lab, &format!("{day}&by=key&key_id={other}")).await["total"], 1);
    assert_eq!(counts(&lab, &format!("{day}&by=key&client_ip=192.0.2.9")).await["total"], 1);
    assert_eq!(counts(&lab, &format!("{day}&by=key")).await["series"][0]["label"], "k");
}

#[tokio::test]
async fn a_step_and_a_range_that_cannot_be_are_refused() {
    let (lab, _, _) = lab().await;
    for (query, field) in [
        ("step=0", "step"),
        ("step=1800", "step"),
        ("step=90000", "step"),
        ("step=3600&from=2029-06-01", "step"),
        ("step=86400&from=2020-01-01", "step"),
        ("from=2030-01-02&to=2030-01-01", "to"),
        ("by=client_ip", "by"),
        ("limit=5", "limit"),
    ] {
        let answer = lab.admin.get(&format!("/api/v1/audit/counts?{query}")).await;
        assert_eq!((answer.problem().0, answer.problem().2), (422, field), "{query}: {}", answer.text);
    }
    assert_eq!(counts(&lab, "from=2020-01-01").await["step_seconds"], 28 * 86_400);
    assert_eq!(counts(&lab, "from=2029-12-01").await["step_seconds"], 86_400);
}

/// What is counted, where anything is.
async fn counted(lab: &Lab) -> Vec<(i64, String, i64, String, String, i64)> {
    let mut connection = lab.app.store.read().await.unwrap();
    let rows = sqlx::query("SELECT * FROM audit_counts WHERE calls <> 0 ORDER BY size, field, at, outcome, value")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let row = |row: &sqlx::any::AnyRow| {
        (row.get("size"), row.get("field"), row.get("at"), row.get("outcome"), row.get("value"), row.get("calls"))
    };
    let mut rows: Vec<_> = rows.iter().map(row).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn what_is_counted_is_what_the_records_hold_also_by_the_migration() {
    let (lab, _, gate) = lab().await;
    let (_, second) = lab.gate().await;
    let key = text(&lab.key().await["id"]);
    let intent = |id: &str| json!({"kind": "intent", "decision_id": id, "outcome": "unknown", "model": "sale.order", "key_id": key});
    let outcome = |id: &str, outcome: &str| json!({"kind": "outcome", "decision_id": id, "outcome": outcome, "key_id": key, "model": "sale.order"});
    let batch = vec![
        at(1, json!({"model": "res.partner", "method": "read", "key_id": key})),
        at(1, intent("one")),
        at(2, intent("two")),
        at(2, outcome("two", "allowed")),
        at(23, denied("ip_denied")),
    ];
    report(&gate, "b", batch.clone()).await;
    // Sent again, nothing counts twice.
    report(&gate, "b", batch.clone()).await;
    report(&second, "b", batch).await;
    // Completed later, with the time of the intent; and one whose outcome comes first.
    report(&gate, "c", vec![at(3, outcome("one", "faulted")), at(4, outcome("three", "allowed"))]).await;
    report(&gate, "d", vec![at(3, intent("three"))]).await;
    let as_recorded = counted(&lab).await;
    assert!(as_recorded.len() > 20, "{as_recorded:?}");
    let migration = include_str!("../../migrations/0015_audit_counts.sql");
    let (_, fill) = migration.split_once("INSERT INTO").unwrap();
    lab.tamper("DELETE FROM audit_counts").await;
    lab.tamper(format!("INSERT INTO {}", fill.trim().trim_end_matches(';'))).await;
    assert_eq!(counted(&lab).await, as_recorded);
}

#[tokio::test]
async fn names_that_a_client_invents_are_bounded_and_hide_no_call_that_passed() {
    let (lab, _, gate) = lab().await;
    for boot in 0..3 {
        let invented = |number: u64| {
            let mut event = at(1, denied("permission_denied"));
            event["model"] = json!(format!("x.{}", boot * 400 + number));
            event
        };
        report(&gate, &format!("b{boot}"), (0..400).map(invented).collect()).await;
    }
    report(&gate, "c", vec![at(1, json!({"model": "res.partner"}))]).await;
    let rows = lab.number("SELECT COUNT(*) FROM audit_counts WHERE field = 'model' AND size = 3600").await;
    assert_eq!(rows, 502);
    let all = counts(&lab, "by=model").await;
    assert_eq!((&all["total"], &all["other"]["total"]), (&json!(1201), &json!(1191)));
    assert_eq!(counts(&lab, "by=model&outcome=allowed").await["series"][0]["name"], "res.partner");
    // The bound is of a period: the next hour has names of its own again.
    report(&gate, "d", vec![at(2, json!({"model": "y", "outcome": "denied", "reason": "permission_denied"}))]).await;
    assert_eq!(lab.number("SELECT calls FROM audit_counts WHERE value = 'y' AND size = 3600").await, 1);
}

#[tokio::test]
async fn counts_go_with_the_records() {
    let (lab, _, gate) = lab().await;
    report(&gate, "b", vec![at(1, json!({"model": "res.partner"}))]).await;
    lab.pass(40 * 24 * 3600);
    report(&gate, "c", vec![at(40 * 24, json!({"model": "res.users"}))]).await;
    assert_eq!(lab.run("audit_cleanup").await["last_outcome"], "succeeded");
    let hours = "SELECT COUNT(*) FROM audit_counts WHERE size = 3600 AND field = 'model'";
    let days = "SELECT COUNT(*) FROM audit_counts WHERE size = 86400 AND field = 'model'";
    assert_eq!((lab.number(hours).await, lab.number(days).await), (1, 2));
    lab.admin.patch("/api/v1/settings", json!({"audit": {"retention_days": 5}})).await;
    lab.run("audit_cleanup").await;
    assert_eq!((lab.number(hours).await, lab.number(days).await), (1, 1));
    lab.pass(DAY / 1_000_000 * 10);
    lab.run("audit_cleanup").await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit_counts").await, 0);
}

#[tokio::test]
async fn facets_are_the_values_with_the_most_calls() {
    let (lab, gate_id, gate) = lab().await;
    let key = text(&lab.key().await["id"]);
    let of = |model: &str| at(1, json!({"model": model, "method": "search_read", "key_id": key}));
    let mut events: Vec<_> = (0..30).map(|number| of(&format!("x_{number:02}"))).collect();
    events.extend([of("res.partner"), of("res.partner"), of("Res_Users"), at(2, denied("ip_denied"))]);
    report(&gate, "b", events).await;
    let user = lab.caller("user").await;
    let facets = async |query: &str| {
        let answer = user.get(&format!("/api/v1/audit/facets?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["values"].as_array().unwrap().clone()
    };
    let models = facets("field=model").await;
    assert_eq!((models.len(), &models[0]), (20, &json!({"value": "res.partner", "label": null, "count": 2})));
    assert_eq!(facets("field=model&q=RES").await.len(), 2);
    assert_eq!(facets("field=model&q=s_u").await.len(), 1, "an underscore is one");
    assert_eq!(facets("field=model&q=%25").await.len(), 0);
    assert_eq!(facets("field=key&q=K").await, [json!({"value": key, "label": "k", "count": 33})]);
    assert_eq!(facets("field=key&q=zz").await.len(), 0);
    assert_eq!(facets("field=gate").await[0]["value"], gate_id);
    assert_eq!(facets("field=reason").await, [json!({"value": "ip_denied", "label": null, "count": 1})]);
    assert_eq!(facets("field=method&from=2030-01-03&to=2030-01-04").await.len(), 0);
}
