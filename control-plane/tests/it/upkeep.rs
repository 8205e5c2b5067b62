use std::time::Duration;

use lictor_control_plane::app::App;
use lictor_control_plane::tasks::{self, live_gates};
use lictor_policy::wire;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Caller, Lab};

async fn limits(lab: &Lab) -> (Value, Value) {
    let policy = lab.policy(lab.revision().await).await;
    (
        policy["settings"]["rate_limit"]["per_minute"].clone(),
        policy["keys"][0]["record"]["rate_limit_per_minute"].clone(),
    )
}

async fn poll(gate: &Caller) {
    gate.get(&format!("{}?epoch=e&since=1", wire::POLICY_PATH)).await;
}

/// A limit of 100, a key's own of 7, divided by the gates.
async fn divided() -> Lab {
    let lab = Lab::new().await;
    let user = lab.user().await;
    lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user, "rate_limit_per_minute": 7})).await;
    let rate_limit = json!({"enabled": true, "per_minute": 100, "divide_by_gates": true});
    lab.admin.patch("/api/v1/settings", json!({"rate_limit": rate_limit})).await;
    lab
}

async fn upkeep(app: &App) {
    live_gates::once(app).await.unwrap();
}

#[tokio::test]
async fn limits_are_divided_by_the_gates_that_are_live() {
    let lab = divided().await;
    assert_eq!(limits(&lab).await, (json!(100), json!(7)), "no gate is taken for one");
    let gates = [lab.gate().await.1, lab.gate().await.1, lab.gate().await.1];
    for gate in &gates {
        poll(gate).await;
    }
    upkeep(&lab.app).await;
    assert_eq!(limits(&lab).await, (json!(33), json!(2)));
    let before = lab.revision().await;
    upkeep(&lab.app).await;
    assert_eq!(lab.revision().await, before, "nothing changed, so nothing is pushed");
    lab.pass(61);
    poll(&gates[0]).await;
    poll(&gates[1]).await;
    upkeep(&lab.app).await;
    assert_eq!(limits(&lab).await, (json!(50), json!(3)));
    lab.admin.patch("/api/v1/settings", json!({"rate_limit": {"divide_by_gates": false}})).await;
    assert_eq!(limits(&lab).await, (json!(100), json!(7)));
    assert_eq!(lab.admin.get("/api/v1/settings").await.json["rate_limit"]["per_minute"], 100);
}

#[tokio::test]
async fn the_gates_are_counted_when_the_setting_is_made() {
    let lab = Lab::new().await;
    for _ in 0..2 {
        poll(&lab.gate().await.1).await;
    }
    lab.admin.patch("/api/v1/settings", json!({"rate_limit": {"per_minute": 1, "divide_by_gates": true}})).await;
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["settings"]["rate_limit"]["per_minute"], json!(1), "a limit never becomes nothing");
    lab.admin.patch("/api/v1/settings", json!({"rate_limit": {"per_minute": 9}})).await;
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["settings"]["rate_limit"]["per_minute"], json!(4));
}

#[tokio::test]
async fn a_start_of_the_control_plane_does_not_widen_limits_while_gates_come_back() {
    let lab = divided().await;
    for _ in 0..2 {
        poll(&lab.gate().await.1).await;
    }
    upkeep(&lab.app).await;
    lab.pass(3600);
    let restarted = lab.restarted().await;
    let before = lab.revision().await;
    upkeep(&restarted).await;
    assert_eq!(lab.revision().await, before);
    lab.pass(60);
    upkeep(&restarted).await;
    assert_eq!(lab.number("SELECT live_gates FROM meta").await, 1);
}

#[tokio::test]
async fn every_task_goes_on_until_the_service_is_to_end_and_then_ends() {
    let lab = Lab::new().await;
    let mut tasks = tasks::start(&lab.app);
    assert!(timeout(Duration::from_millis(100), tasks.join_next()).await.is_err());
    lab.app.stopping.send_replace(true);
    while let Some(ended) = timeout(Duration::from_secs(60), tasks.join_next()).await.unwrap() {
        ended.unwrap().unwrap();
    }
}
