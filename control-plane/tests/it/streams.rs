//! Recorded streams of events, and the alerts that must come of them. A file's first line says what it is about, which
//! settings hold, so many seconds after the beginning the events are received and the gate's count is looked at, and the
//! alerts; the others are events as a gate sends them.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use lictor_control_plane::alerts::{self, TYPES, type_name};
use serde_json::{Value, json};

use crate::support::{Lab, send, text};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/streams");

fn names() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = files.map(|file| file.strip_suffix(".jsonl").unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Plays a stream into a control plane of its own, each batch twice, and compares the alerts.
async fn play(name: &str, batch: usize) {
    let file = fs::read_to_string(Path::new(FOLDER).join(format!("{name}.jsonl"))).unwrap();
    let mut lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (head, events) = (lines.next().unwrap(), lines.collect::<Vec<_>>());
    let lab = Lab::new().await;
    let (gate_id, gate) = lab.gate().await;
    if !head["settings"].is_null() {
        let answer = lab.admin.patch("/api/v1/settings", json!({"alerts": head["settings"]})).await;
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
    alerts::once(&lab.app).await.unwrap();
    alerts::once(&lab.app).await.unwrap();
    let page = lab.admin.get("/api/v1/alerts").await.json;
    let found: Vec<_> = page["items"].as_array().unwrap().iter().map(|alert| told(alert, &gate_id)).collect();
    assert_eq!(json!(found), head["alerts"], "{name}, {batch} at once: {}", text(&head["about"]));
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
async fn each_stream_makes_the_alerts_that_it_names_however_it_is_cut_into_batches() {
    for name in names() {
        for batch in [500, 1] {
            play(&name, batch).await;
        }
    }
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
