use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use lictor_policy::wire;
use serde_json::json;

use crate::support::{Lab, text};

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(60);

fn poll(epoch: &str, since: u64) -> String {
    format!("{}?epoch={epoch}&since={since}", wire::POLICY_PATH)
}

#[tokio::test]
async fn a_gate_without_a_policy_or_with_another_one_gets_the_newest_at_once() {
    let lab = Lab::holding(LONG).await;
    let (_, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let policy = lab.policy(revision).await;
    let epoch = text(&policy["epoch"]);
    for path in [
        wire::POLICY_PATH.to_owned(),
        poll("", 0),
        poll("other", revision),
        poll("other", revision + 1),
        poll(&epoch, revision - 1),
    ] {
        let answer = gate.get(&path).await;
        assert_eq!((answer.status, &answer.json), (StatusCode::OK, &policy), "{path}");
        assert_eq!(answer.headers[wire::VERSION_HEADER], "2");
    }
    serde_json::from_value::<wire::Snapshot>(policy).unwrap();
}

#[tokio::test]
async fn a_gate_that_takes_the_compact_form_gets_the_same_policy_in_it() {
    let lab = Lab::holding(LONG).await;
    let (_, gate) = lab.gate().await;
    for _ in 0..3 {
        lab.key().await;
    }
    let policy = lab.policy(lab.revision().await).await;
    let other = "application/vnd.lictor.policy.0";
    for (accept, form) in [
        (wire::COMPACT_TYPE.to_owned(), wire::COMPACT_TYPE),
        (format!("{other}, {}", wire::COMPACT_TYPE), wire::COMPACT_TYPE),
        (other.to_owned(), "application/json"),
        ("*/*".to_owned(), "application/json"),
    ] {
        let answer = gate.send("GET", wire::POLICY_PATH, None, &[("accept", &accept)]).await;
        assert_eq!(
            (answer.status, &answer.headers[CONTENT_TYPE]),
            (StatusCode::OK, &form.parse().unwrap()),
            "{accept}"
        );
        let sent = match form {
            wire::COMPACT_TYPE => wire::Snapshot::of_compact(answer.bytes).unwrap(),
            _ => serde_json::from_value(answer.json).unwrap(),
        };
        assert_eq!((sent.keys.len(), serde_json::to_value(sent).unwrap()), (3, policy.clone()), "{accept}");
    }
}

#[tokio::test]
async fn an_unchanged_policy_is_answered_with_304_after_the_hold() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let epoch = text(&lab.policy(revision).await["epoch"]);
    let answer = gate.get(&poll(&epoch, revision)).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.headers[wire::VERSION_HEADER], "2");
}

/// It got that from another replica, or the database was put back without a new epoch: it would ask again at once, and
/// must not be told that what it has is the newest.
#[tokio::test]
async fn a_gate_with_a_later_policy_than_the_newest_gets_it_after_the_hold() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let policy = lab.policy(revision).await;
    let later = poll(&text(&policy["epoch"]), revision + 1);
    let answer = gate.get(&later).await;
    assert_eq!((answer.status, &answer.json), (StatusCode::OK, &policy));

    let lab = Lab::holding(LONG).await;
    let (id, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let later = poll(&text(&lab.policy(revision).await["epoch"]), revision + 1);
    let held = tokio::spawn(async move { gate.get(&later).await });
    while lab.app.presence.of(&id).is_none() {
        tokio::task::yield_now().await;
    }
    for mode in ["block", "secure"] {
        assert!(!held.is_finished(), "{mode}");
        lab.admin.patch("/api/v1/settings", json!({"enforcement": mode})).await;
    }
    assert_eq!(held.await.unwrap().json["revision"], revision + 2);
}

#[tokio::test]
async fn a_poll_is_answered_long_before_the_policy_is_too_old() {
    let lab = Lab::holding(LONG).await;
    let (_, gate) = lab.gate().await;
    lab.admin.patch("/api/v1/settings", json!({"snapshot_max_age_seconds": 6})).await;
    let revision = lab.revision().await;
    let epoch = text(&lab.policy(revision).await["epoch"]);
    let asked = Instant::now();
    assert_eq!(gate.get(&poll(&epoch, revision)).await.status, StatusCode::NOT_MODIFIED);
    assert!(asked.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_held_poll_wakes_as_soon_as_the_policy_changes() {
    const CHANGES: u64 = 10;
    let lab = Lab::holding(LONG).await;
    let (id, gate) = lab.gate().await;
    let first = lab.revision().await;
    let epoch = text(&lab.policy(first).await["epoch"]);
    let mut waited = Duration::ZERO;
    for revision in first..first + CHANGES {
        let (gate, path) = (gate.clone(), poll(&epoch, revision));
        let held = tokio::spawn(async move { (gate.get(&path).await, Instant::now()) });
        while lab.app.presence.of(&id).is_none_or(|seen| seen.revision != Some(revision)) {
            tokio::task::yield_now().await;
        }
        let enforcement = if revision % 2 == 0 { "require" } else { "block" };
        lab.admin.patch("/api/v1/settings", json!({"enforcement": enforcement})).await;
        let committed = Instant::now();
        let (answer, woken) = held.await.unwrap();
        assert_eq!(answer.json["revision"], revision + 1);
        assert_eq!(answer.json["settings"]["enforcement"], enforcement);
        waited += woken.saturating_duration_since(committed);
    }
    // Without being woken, the publisher looks once a second, and each change would just have missed the look before.
    assert!(waited < Duration::from_secs(CHANGES / 2), "{waited:?}");
}

#[tokio::test]
async fn a_gate_that_is_removed_while_it_waits_gets_no_policy() {
    let lab = Lab::holding(LONG).await;
    let (id, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let epoch = text(&lab.policy(revision).await["epoch"]);
    let held = tokio::spawn(async move { gate.get(&poll(&epoch, revision)).await });
    while lab.app.presence.of(&id).is_none() {
        tokio::task::yield_now().await;
    }
    lab.admin.delete(&format!("/api/v1/gates/{id}")).await;
    assert_eq!(held.await.unwrap().problem(), (401, "not_authenticated", ""));
}

#[tokio::test]
async fn held_polls_end_when_the_service_ends() {
    let lab = Lab::holding(LONG).await;
    let (_, gate) = lab.gate().await;
    let revision = lab.revision().await;
    let epoch = text(&lab.policy(revision).await["epoch"]);
    lab.app.stopping.send_replace(true);
    assert_eq!(gate.get(&poll(&epoch, revision)).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn another_version_of_the_wire_is_refused() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for version in ["1", "0", "x"] {
        let answer = gate.send("GET", wire::POLICY_PATH, None, &[(wire::VERSION_HEADER, version)]).await;
        assert_eq!(answer.problem(), (400, "unsupported_wire_version", ""), "{version}");
    }
}

#[tokio::test]
async fn a_policy_that_gates_could_not_use_is_not_pushed_and_shows_in_readyz() {
    let lab = Lab::new().await;
    lab.key().await;
    let good = lab.revision().await;
    lab.policy(good).await;
    assert_eq!(lab.admin.get("/readyz").await.status, StatusCode::OK);
    lab.edit("UPDATE keys SET hash = 'broken'").await;
    lab.admin.patch("/api/v1/settings", json!({"enforcement": "block"})).await;
    while lab.admin.get("/readyz").await.status == StatusCode::OK {
        tokio::task::yield_now().await;
    }
    let (_, gate) = lab.gate().await;
    let last = gate.get(wire::POLICY_PATH).await.json;
    assert_eq!(last["revision"], good);
    // The age of what a gate has is not renewed: the change might be a revocation.
    assert_eq!(gate.get(&poll(&text(&last["epoch"]), good)).await.problem(), (503, "not_ready", ""));
    lab.edit("DELETE FROM keys").await;
    lab.app.publisher.wake();
    assert_eq!(lab.policy(good + 1).await["settings"]["enforcement"], "block");
}
