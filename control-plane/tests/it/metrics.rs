use lictor_policy::wire;
use serde_json::json;

use crate::support::{Caller, Lab, event, send};

#[tokio::test]
async fn prometheus_sees_what_the_service_does() {
    let lab = Lab::new().await;
    let (id, gate) = lab.gate().await;
    lab.admin.patch(&format!("/api/v1/gates/{id}"), json!({"name": "a\"b\\c"})).await;
    let revision = lab.revision().await;
    let epoch = crate::support::text(&lab.policy(revision).await["epoch"]);
    gate.get(&format!("{}?epoch={epoch}&since={}", wire::POLICY_PATH, revision - 2)).await;
    send(&gate, "b", vec![event(0, json!({})), event(2, json!({}))]).await;
    send(&gate, "b", vec![event(0, json!({}))]).await;
    lab.pass(3600);
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    nobody.get("/api/v1/keys/secret-in-a-path").await;
    nobody.get("/secret-in-a-path").await;
    let answer = nobody.get("/metrics").await;
    for line in [
        r#"lictor_http_requests_total{method="GET",route="/api/v1/keys/{id}",status="401"} 1"#.to_owned(),
        r#"lictor_http_requests_total{method="GET",route="none",status="404"} 1"#.to_owned(),
        r#"lictor_http_requests_total{method="POST",route="/gate/v1/events",status="200"} 2"#.to_owned(),
        "lictor_events_stored_total 2".to_owned(),
        format!("lictor_revision {revision}"),
        format!("lictor_published_revision {revision}"),
        "lictor_gates 1".to_owned(),
        "lictor_gates_connected 0".to_owned(),
        r#"lictor_gate_lag_revisions{gate="a\"b\\c"} 2"#.to_owned(),
        r#"lictor_gate_missing_events{gate="a\"b\\c"} 1"#.to_owned(),
        r#"lictor_gate_last_seen_timestamp_seconds{gate="a\"b\\c"} 1893456000"#.to_owned(),
        "# TYPE lictor_snapshot_bytes gauge".to_owned(),
        "# TYPE lictor_snapshot_build_seconds gauge".to_owned(),
    ] {
        assert!(answer.text.lines().any(|found| found == line), "{line} is not in\n{}", answer.text);
    }
    assert!(!answer.text.contains("secret-in-a-path"));
}
