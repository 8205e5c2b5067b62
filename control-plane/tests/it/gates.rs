use axum::http::StatusCode;
use lictor_control_plane::api::router;
use lictor_policy::wire;
use serde_json::json;

use crate::support::{Caller, Lab, event, send, text};

#[tokio::test]
async fn a_gate_shows_what_it_acknowledged_and_when_it_was_seen() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    assert_eq!(lab.admin.get(&path).await.json["last_seen_at"], json!(null));
    let before = lab.revision().await;
    gate.get("/gate/v1/policy?epoch=e&since=3").await;
    let shown = lab.admin.get(&path).await.json;
    assert_eq!(
        (&shown["revision"], &shown["epoch"], &shown["wire_version"]),
        (&json!(3), &json!("e"), &json!(wire::VERSION))
    );
    assert_eq!(shown["last_seen_at"], "2030-01-01T00:00:00Z");
    assert_eq!(lab.admin.get("/api/v1/gates").await.json["items"], json!([shown]));
    assert_eq!(lab.number("SELECT COUNT(*) FROM gates WHERE last_seen_at IS NOT NULL").await, 0);
    lab.app.presence.flush(&lab.app.store).await.unwrap();
    assert_eq!(lab.number("SELECT revision FROM gates").await, 3);
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn a_gate_that_could_not_use_a_policy_shows_it_until_it_can() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    for (told, shown) in [("", false), ("&refused=true", true), ("&refused=false", false), ("&refused=true", true)] {
        gate.get(&format!("/gate/v1/policy?epoch=e&since=3{told}")).await;
        assert_eq!(lab.admin.get(&format!("/api/v1/gates/{id}")).await.json["policy_refused"], shown, "{told}");
    }
    lab.app.presence.flush(&lab.app.store).await.unwrap();
    assert_eq!(lab.number("SELECT policy_refused FROM gates").await, 1);
    assert_eq!(gate.get("/gate/v1/policy?refused=maybe").await.problem().0, 422);
}

#[tokio::test]
async fn a_gate_that_lost_filters_shows_them_and_raises_an_alert_for_each_once() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let poll = async |boot: &str, lost: &str| {
        let path = format!("/gate/v1/policy?epoch=e&since=3&boot={boot}&next=0");
        gate.send("GET", &path, None, &[("x-lictor-filters-lost", lost)]).await
    };
    for (boot, lost, shown) in [("a", "1", 1), ("a", "1", 1), ("a", "3", 3), ("a", "2", 3), ("b", "1", 4)] {
        poll(boot, lost).await;
        assert_eq!(lab.admin.get(&format!("/api/v1/gates/{id}")).await.json["filters_lost"], shown, "{boot} {lost}");
    }
    let alerts = lab.admin.get("/api/v1/alerts").await.json;
    let [alert] = alerts["items"].as_array().unwrap().as_slice() else { panic!("{alerts}") };
    assert_eq!(
        (&alert["type"], &alert["gate"], &alert["count"]),
        (&json!("suspicious_activity"), &json!(id), &json!(3))
    );
    assert_eq!(alert["rules"], json!(["filter_lost"]));
    for wrong in ["-1", "many", "4294967296"] {
        assert_eq!(poll("a", wrong).await.problem(), (422, "invalid_field", "x-lictor-filters-lost"), "{wrong}");
    }
}

#[tokio::test]
async fn a_gate_is_renamed_and_its_name_is_unique() {
    let lab = Lab::new().await;
    let (id, _) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    assert_eq!(lab.admin.patch(&path, json!({"name": "edge"})).await.json["name"], "edge");
    assert_eq!(lab.admin.post("/api/v1/gates", json!({"name": "edge"})).await.problem(), (409, "name_taken", "name"));
    assert_eq!(lab.admin.patch(&path, json!({"token": "x"})).await.problem(), (422, "unknown_field", "token"));
}

#[tokio::test]
async fn a_deleted_gate_is_refused() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    assert_eq!(lab.admin.delete(&format!("/api/v1/gates/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(gate.get("/gate/v1/policy").await.problem(), (401, "not_authenticated", ""));
}

#[tokio::test]
async fn accounts_and_gates_cannot_stand_in_for_each_other() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let as_account = Caller { token: gate.token.clone(), ..lab.admin.clone() };
    assert_eq!(as_account.get("/api/v1/audit").await.status, StatusCode::UNAUTHORIZED);
    let as_gate = Caller { token: lab.admin.token.clone(), ..gate };
    assert_eq!(as_gate.get("/gate/v1/policy").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(as_gate.get("/api/v1/audit").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_gap_in_a_gates_count_is_shown_also_after_a_restart() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    let skipped = async |lab: &Lab| {
        let shown = lab.admin.get(&path).await.json;
        (shown["pending_events"].clone(), shown["missing_events"].clone())
    };
    send(&gate, "b", [0, 1, 5].map(|number| event(number, json!({}))).to_vec()).await;
    send(&gate, "c", [0, 2].map(|number| event(number, json!({}))).to_vec()).await;
    assert_eq!(skipped(&lab).await, (json!(4), json!(0)), "calls may still be under way");
    send(&gate, "b", vec![event(3, json!({})), event(3, json!({}))]).await;
    assert_eq!(skipped(&lab).await, (json!(3), json!(0)));
    lab.pass(3600);
    assert_eq!(skipped(&lab).await, (json!(0), json!(3)));
    let restarted = Caller { router: router::api(&lab.restarted().await), token: lab.admin.token.clone() };
    assert_eq!(restarted.get(&path).await.json["missing_events"], json!(3));
    send(&gate, "b", vec![event(2, json!({})), event(4, json!({}))]).await;
    assert_eq!(skipped(&lab).await, (json!(0), json!(1)), "late is not lost");
    lab.admin.delete(&path).await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM arrivals").await, 0);
}

#[tokio::test]
async fn a_rotated_token_takes_over_at_once_or_after_the_overlap() {
    let lab = Lab::new().await;
    let (id, first) = lab.gate().await;
    let lets_in = async |gate: &Caller| gate.get("/gate/v1/policy").await.status != StatusCode::UNAUTHORIZED;
    let rotate = async |overlap: u32| {
        let body = json!({"overlap_seconds": overlap});
        let made = lab.admin.post(&format!("/api/v1/gates/{id}/rotate"), body).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        Caller { token: text(&made.json["token"]), ..first.clone() }
    };
    let second = rotate(0).await;
    assert_eq!((lets_in(&first).await, lets_in(&second).await), (false, true));
    let third = rotate(60).await;
    assert_eq!((lets_in(&first).await, lets_in(&second).await, lets_in(&third).await), (false, true, true));
    lab.pass(60);
    assert_eq!((lets_in(&second).await, lets_in(&third).await), (false, true));
    let too_long = lab.admin.post(&format!("/api/v1/gates/{id}/rotate"), json!({"overlap_seconds": 604_801})).await;
    assert_eq!(too_long.problem(), (422, "invalid_field", "overlap_seconds"));
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_never_comes_back() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let path = format!("/api/v1/gates/{id}");
    let revoked = lab.admin.post(&format!("{path}/revoke"), json!({})).await;
    assert_eq!((revoked.status, &revoked.json["revoked_at"]), (StatusCode::OK, &json!("2030-01-01T00:00:00Z")));
    assert_eq!(gate.get("/gate/v1/policy").await.problem(), (401, "not_authenticated", ""));
    let made = lab.admin.post(&format!("{path}/rotate"), json!({"overlap_seconds": 3600})).await.json;
    assert_eq!(made["revoked_at"], json!(null));
    let again = Caller { token: text(&made["token"]), ..gate.clone() };
    assert_ne!(again.get("/gate/v1/policy").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gate.get("/gate/v1/policy").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn events_that_die_with_their_envoy_are_missed_although_no_later_one_comes() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let skipped = async || {
        let shown = lab.admin.get(&format!("/api/v1/gates/{id}")).await.json;
        (shown["pending_events"].clone(), shown["missing_events"].clone())
    };
    let poll = async |count: &str| gate.get(&format!("/gate/v1/policy?epoch=e&since=1{count}")).await;
    send(&gate, "b", [0, 1].map(|number| event(number, json!({}))).to_vec()).await;
    for count in ["", "&boot=b", "&next=9", "&boot=b&next=2"] {
        poll(count).await;
        assert_eq!(skipped().await, (json!(0), json!(0)), "{count}");
    }
    poll("&boot=b&next=5").await;
    assert_eq!(skipped().await, (json!(3), json!(0)), "they may be on their way");
    send(&gate, "b", vec![event(3, json!({}))]).await;
    assert_eq!(skipped().await, (json!(2), json!(0)));
    // Another run of the same gate has another count.
    poll("&boot=c&next=0").await;
    send(&gate, "c", vec![event(0, json!({}))]).await;
    lab.pass(3600);
    assert_eq!(skipped().await, (json!(0), json!(2)));
    for (count, field) in [("&boot=&next=1", "boot"), ("&boot=b&next=9223372036854775808", "next")] {
        assert_eq!(poll(count).await.problem(), (422, "invalid_field", field));
    }
}

#[tokio::test]
async fn the_runs_of_a_gate_are_bounded_and_what_they_lost_is_not_forgotten() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    let missing = async || {
        let shown = lab.admin.get(&format!("/api/v1/gates/{id}")).await.json;
        shown["pending_events"].as_u64().unwrap() + shown["missing_events"].as_u64().unwrap()
    };
    // A run of which one event is missing, and then as many others as a gate's token likes to name.
    for boot in 0..250 {
        lab.pass(1);
        if boot % 2 == 0 {
            gate.get(&format!("/gate/v1/policy?epoch=e&since=1&boot=r{boot}&next=1")).await;
        } else {
            send(&gate, &format!("r{boot}"), vec![event(1, json!({}))]).await;
        }
        // The one that is in use stays.
        send(&gate, "own", vec![event(boot, json!({}))]).await;
    }
    assert_eq!(lab.number("SELECT COUNT(*) FROM arrivals").await, 101);
    assert_eq!(missing().await, 250);
    assert_eq!(lab.number("SELECT next FROM arrivals WHERE boot = 'own'").await, 250);
}
