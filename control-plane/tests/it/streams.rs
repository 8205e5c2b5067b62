//! Streams of events, and the alerts that must come of them. A file's first line says what it is about, which settings hold,
//! so many seconds after the beginning the events are received and the gate's count is looked at, and the alerts; the others
//! are events as a gate sends them.
//!
//! Those whose first line says so are recorded: `tests/e2e/support/record_streams.py`, which is run by hand, attacks a real gate, or
//! lets a harmless agent work before it, and writes what the audit log has of it and the alerts that were open then. What
//! takes longer than a few minutes, or is about one rule, is written by hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use lictor_control_plane::domain::alerts::{self, TYPES, type_name};
use serde_json::{Value, json};

use crate::support::{Lab, send, text};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/streams");

fn names() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = files.map(|file| file.strip_suffix(".jsonl").unwrap().to_owned()).collect();
    names.sort();
    names
}

/// A stream's first line and its events.
fn stream(name: &str) -> (Value, Vec<Value>) {
    let file = fs::read_to_string(Path::new(FOLDER).join(format!("{name}.jsonl"))).unwrap();
    let mut lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    (lines.next().unwrap(), lines.collect())
}

/// Plays a stream into a control plane of its own, each batch twice, and tells the alerts.
async fn play(name: &str, batch: usize, settings: &Value) -> Vec<Value> {
    let (head, events) = stream(name);
    let lab = Lab::new().await;
    let (gate_id, gate) = lab.gate().await;
    if !settings.is_null() {
        let answer = lab.admin.patch("/api/v1/settings", json!({"alerts": settings})).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
    }
    let received_at = head["received_at"].as_u64().unwrap();
    lab.pass(received_at);
    for batch in events.chunks(batch) {
        for _ in 0..2 {
            send(&gate, "b", batch.to_vec()).await;
        }
    }
    lab.pass(head["looked_at"].as_u64().map_or(0, |looked_at| looked_at - received_at));
    lictor_control_plane::tasks::alerts::once(&lab.app).await.unwrap();
    lictor_control_plane::tasks::alerts::once(&lab.app).await.unwrap();
    let page = lab.admin.get("/api/v1/alerts").await.json;
    page["items"].as_array().unwrap().iter().map(|alert| told(alert, &gate_id)).collect()
}

/// What a stream's first line tells of an alert.
fn told(alert: &Value, gate_id: &str) -> Value {
    let mut told = json!({});
    for name in ["type", "severity", "count", "first_at", "last_at", "rules", "last_reason"] {
        told[name] = alert[name].clone();
    }
    for name in ["key_id", "client_ip", "user_id", "gate"] {
        if alert[name] == gate_id {
            told[name] = json!("the gate");
        } else if !alert[name].is_null() {
            told[name] = alert[name].clone();
        }
    }
    told
}

#[tokio::test]
async fn each_stream_makes_the_alerts_that_it_names_all_at_once() {
    make_the_alerts_that_they_name(500).await;
}

#[tokio::test]
async fn each_stream_makes_the_alerts_that_it_names_one_by_one() {
    make_the_alerts_that_they_name(1).await;
}

async fn make_the_alerts_that_they_name(batch: usize) {
    let mut wrong = Vec::new();
    for name in names() {
        let (head, _) = stream(&name);
        let found = play(&name, batch, &head["settings"]).await;
        // Of several that open at once the order is nobody's.
        let sorted = |alerts: &[Value]| alerts.iter().map(Value::to_string).collect::<BTreeSet<_>>();
        if sorted(&found) != sorted(head["alerts"].as_array().unwrap()) {
            wrong.push(format!("{name}, {batch} at once: {}\n{}", text(&head["about"]), json!(found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_type_and_each_rule_has_a_stream_and_a_near_miss() {
    let names = names();
    let settings = serde_json::to_value(alerts::settings::Alerts::default()).unwrap();
    let rules = settings["types"]["suspicious_activity"]["rules"].as_object().unwrap();
    let rules = rules.keys().map(|rule| format!("suspicious_activity.{rule}"));
    // The other two are the rules together, and what no stream makes but an administrator.
    let types = TYPES.map(type_name).into_iter().take(5).map(str::to_owned);
    for name in types.chain(rules) {
        for wanted in [name.clone(), format!("{name}.near-miss")] {
            assert!(names.contains(&wanted), "{wanted}.jsonl is missing");
        }
    }
}

/// Where the settings have how many kinds of refusals open an alert.
const KINDS: &str = "/types/suspicious_activity/rules/mixed_refusals/threshold";

/// The defaults with each count that opens an alert `times` as great.
fn defaults(times: f64) -> Value {
    fn scale(value: &mut Value, times: f64) {
        let Value::Object(fields) = value else { return };
        if let Some(count) = fields.get("count").and_then(Value::as_f64) {
            // Of one time there is no half, and of different things there are two at least.
            let least = count.min(2.0);
            fields.insert("count".to_owned(), json!((count * times).ceil().max(least) as u64));
        }
        fields.values_mut().for_each(|value| scale(value, times));
    }
    let mut settings = serde_json::to_value(alerts::settings::Alerts::default()).unwrap();
    let kinds = settings.pointer(KINDS).unwrap().clone();
    scale(&mut settings, times);
    // There are only four, of which a harmless day has two within ten minutes.
    *settings.pointer_mut(KINDS).unwrap() = kinds;
    settings
}

#[tokio::test]
async fn a_harmless_day_opens_nothing_above_low_nor_would_it_if_half_as_much_opened_an_alert() {
    let days: Vec<_> = names().into_iter().filter(|name| name.starts_with("harmless")).collect();
    assert!(!days.is_empty());
    for name in days {
        let (head, events) = stream(&name);
        let refusals = events.iter().filter(|event| event["outcome"] == "denied");
        // Of many within a minute, a gate counts most.
        let refusals: u64 = refusals.map(|event| event["count"].as_u64().unwrap_or(1)).sum();
        assert!(refusals > 80, "{name} is too quiet a day");
        for found in [head["alerts"].as_array().unwrap().clone(), play(&name, 500, &defaults(0.5)).await] {
            let worse: Vec<_> = found.iter().filter(|alert| alert["severity"] != "low").collect();
            assert!(worse.is_empty(), "{name}: {worse:?}");
        }
    }
}

#[tokio::test]
async fn each_attack_is_found_and_would_be_if_half_as_much_again_were_needed() {
    let attacks: Vec<_> = names().into_iter().filter(|name| name.starts_with("attack")).collect();
    assert!(attacks.len() >= 10, "{attacks:?}");
    for name in attacks {
        let (head, _) = stream(&name);
        // The worst of what it opens is what somebody is to look at.
        let of = |alert: &Value| (text(&alert["type"]), text(&alert["severity"]));
        let bad: Vec<_> = head["alerts"].as_array().unwrap().iter().map(of).filter(|(_, bad)| bad != "low").collect();
        assert!(!bad.is_empty(), "{name} opens nothing above low");
        let found: Vec<_> = play(&name, 500, &defaults(1.5)).await.iter().map(of).collect();
        assert!(bad.iter().any(|alert| found.contains(alert)), "{name}: of {bad:?} there is none in {found:?}");
    }
}
