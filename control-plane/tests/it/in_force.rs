//! The revision that a change made, and the gates that run it.

use lictor_policy::wire::POLICY_PATH;
use serde_json::json;

use crate::support::{Lab, text};

#[tokio::test]
async fn each_change_says_which_revision_it_made_and_nothing_else_does() {
    let lab = Lab::new().await;
    let revision = |answer: &crate::support::Answer| {
        answer.headers.get("lictor-revision").map(|value| value.to_str().unwrap().parse::<u64>().unwrap())
    };
    let profile = lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    assert_eq!(revision(&profile), Some(lab.revision().await));
    let deleted = lab.admin.delete("/api/v1/profiles/sales").await;
    assert_eq!((deleted.status.as_u16(), revision(&deleted)), (204, Some(lab.revision().await)));
    assert_eq!(revision(&lab.admin.get("/api/v1/profiles").await), None);
    assert_eq!(revision(&lab.admin.post("/api/v1/profiles", json!({"name": "Not a name"})).await), None);
}

#[tokio::test]
async fn a_revision_is_in_force_where_gates_say_that_they_run_it() {
    let lab = Lab::new().await;
    let ((first, one), (_, other)) = (lab.gate().await, lab.gate().await);
    let user = lab.caller("user").await;
    let before = lab.revision().await;
    let epoch = text(&lab.policy(before).await["epoch"]);
    let polls = async |gate: &crate::support::Caller, revision: u64| {
        let path = format!("{POLICY_PATH}?epoch={epoch}&since={revision}");
        gate.get(&path).await;
    };
    let in_force = async |query: &str| user.get(&format!("/api/v1/gates/in-force{query}")).await.json;
    assert_eq!((&in_force("").await["live"], &in_force("").await["in_force"]), (&json!(0), &json!(0)));
    polls(&one, before).await;
    polls(&other, before).await;
    lab.pass(1);
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    let now = lab.revision().await;
    lab.policy(now).await;
    polls(&one, now).await;
    let seen = in_force("").await;
    assert_eq!((&seen["revision"], &seen["in_force"], &seen["live"]), (&json!(now), &json!(1), &json!(2)));
    assert_eq!(seen["since"], json!(null));
    let gate = seen["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == *first).unwrap();
    assert_eq!((&gate["in_force"], &gate["since"]), (&json!(true), &json!("2030-01-01T00:00:01Z")));
    let earlier = in_force(&format!("?revision={before}")).await;
    assert_eq!((&earlier["in_force"], &earlier["since"]), (&json!(2), &json!("2030-01-01T00:00:00Z")));
    lab.pass(5);
    polls(&other, now).await;
    let seen = in_force(&format!("?revision={now}")).await;
    assert_eq!((&seen["in_force"], &seen["since"]), (&json!(2), &json!("2030-01-01T00:00:06Z")));
    lab.pass(61);
    assert_eq!(in_force("").await["live"], 0);
}
