use axum::http::StatusCode;
use lictor_control_plane::app::App;
use lictor_control_plane::domain::job::Job;
use lictor_control_plane::tasks::jobs;
use serde_json::{Value, json};

use crate::support::{Lab, START, event, send, text};

const PATH: &str = "/api/v1/jobs";

async fn job(lab: &Lab, name: &str) -> Value {
    lab.admin.get(&format!("{PATH}/{name}")).await.json
}

/// Runs what is due and waits for it.
async fn due(app: &App) {
    jobs::runner::run_due(app).await.unwrap();
    app.runs.ended().await;
}

async fn ends_of(lab: &Lab, job: &str) -> f64 {
    let page = lab.admin.get("/metrics").await.text;
    let runs = page.lines().filter(|line| line.starts_with("lictor_job_runs_total") && line.contains(job));
    runs.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[tokio::test]
async fn the_jobs_are_listed_with_when_they_run() {
    let lab = Lab::new().await;
    let list = lab.admin.get(PATH).await.json;
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|job| text(&job["name"])).collect();
    let mut expected = Job::ALL.map(Job::name);
    expected.sort_unstable();
    assert_eq!(names, expected);
    let job = job(&lab, "session_cleanup").await;
    assert_eq!((&job["cron"], &job["next_run_at"]), (&json!("*/15 * * * *"), &json!("2030-01-01T00:15:00Z")));
    assert_eq!((&job["running"], &job["last_outcome"], &job["last_report"]), (&json!(false), &json!(null), &json!({})));
    assert_eq!(lab.admin.get(&format!("{PATH}/none")).await.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn a_job_runs_when_it_is_due_and_once_for_all_runs_that_were_missed() {
    let lab = Lab::new().await;
    due(&lab.app).await;
    assert_eq!(job(&lab, "session_cleanup").await["last_outcome"], json!(null), "not due yet");
    lab.pass(3 * 24 * 3600 + 60);
    due(&lab.app).await;
    let done = job(&lab, "session_cleanup").await;
    assert_eq!((&done["last_outcome"], &done["next_run_at"]), (&json!("succeeded"), &json!("2030-01-04T00:15:00Z")));
    assert_eq!(done["last_started_at"], "2030-01-04T00:01:00Z");
    due(&lab.app).await;
    assert_eq!(ends_of(&lab, "session_cleanup").await, 1.0);
}

#[tokio::test]
async fn an_administrator_says_when_a_job_runs() {
    let lab = Lab::new().await;
    let path = format!("{PATH}/session_cleanup");
    let changed = lab.admin.patch(&path, json!({"cron": "30 4 * * MON"})).await;
    assert_eq!((changed.status, &changed.json["next_run_at"]), (StatusCode::OK, &json!("2030-01-07T04:30:00Z")));
    for (patch, code, field) in [
        (json!({"cron": "often"}), "invalid_field", "cron"),
        (json!({"cron": "0 0 31 2 *"}), "invalid_field", "cron"),
        (json!({"cron": "0 0 * * * Asia/Tokyo"}), "invalid_field", "cron"),
        (json!({"cron": 5}), "invalid_field", "cron"),
        (json!({"next_run_at": "2031-01-01T00:00:00Z"}), "unknown_field", "next_run_at"),
    ] {
        assert_eq!(lab.admin.patch(&path, patch.clone()).await.problem(), (422, code, field), "{patch}");
    }
    let restarted = lab.restarted().await;
    due(&restarted).await;
    assert_eq!(job(&lab, "session_cleanup").await["cron"], "30 4 * * MON");
}

#[tokio::test]
async fn one_replica_runs_a_job_and_a_dead_one_loses_it() {
    let lab = Lab::new().await;
    let other = lab.restarted().await;
    let mut tx = other.store.write().await.unwrap();
    let dead = jobs::runner::claim(&mut tx, Job::SessionCleanup, None).await.unwrap();
    tx.commit().await.unwrap();
    assert!(dead.is_some());
    let again = lab.admin.post(&format!("{PATH}/session_cleanup/run"), json!({})).await;
    assert_eq!(again.problem(), (409, "job_running", ""));
    assert_eq!(job(&lab, "session_cleanup").await["running"], true);
    due(&lab.app).await;
    assert_eq!(ends_of(&lab, "session_cleanup").await, 0.0);
    lab.pass(60);
    due(&lab.app).await;
    let done = job(&lab, "session_cleanup").await;
    assert_eq!((&done["running"], &done["last_outcome"]), (&json!(false), &json!("succeeded")), "{done}");

    // The one that was thought dead comes back: what it says counts no more.
    jobs::runner::start(&other, dead.unwrap()).await.unwrap();
    assert_eq!(job(&lab, "session_cleanup").await, done);
}

#[tokio::test]
async fn a_run_now_answers_how_it_ended() {
    let lab = Lab::new().await;
    let done = lab.run("session_cleanup").await;
    let report = json!({"expired_sessions": 0, "ended_terminations": 0});
    assert_eq!((&done["last_outcome"], &done["last_report"]), (&json!("succeeded"), &report));
    assert_eq!(done["next_run_at"], "2030-01-01T00:15:00Z");
    assert_eq!(lab.admin.post(&format!("{PATH}/none/run"), json!({})).await.problem(), (404, "not_found", ""));
    assert_eq!(lab.number("SELECT COUNT(*) FROM admin_audit WHERE action = 'job.run'").await, 1);
}

#[tokio::test]
async fn a_job_that_fails_says_why_and_is_tried_again() {
    let lab = Lab::new().await;
    lab.tamper("ALTER TABLE sessions RENAME TO elsewhere").await;
    let failed = lab.run("session_cleanup").await;
    assert_eq!((&failed["last_outcome"], &failed["running"]), (&json!("failed"), &json!(false)));
    assert!(failed["last_message"].as_str().unwrap().contains("log"), "{failed}");
    assert_eq!(failed["next_run_at"], "2030-01-01T00:10:00Z");
    assert!(lab.admin.get("/metrics").await.text.contains("lictor_job_failed{job=\"session_cleanup\"} 1\n"));
    lab.tamper("ALTER TABLE elsewhere RENAME TO sessions").await;
    lab.pass(600);
    due(&lab.app).await;
    assert_eq!(job(&lab, "session_cleanup").await["last_outcome"], "succeeded");
}

#[tokio::test]
async fn a_run_ends_with_the_service_and_goes_on_at_the_next_start() {
    let lab = Lab::new().await;
    lab.tamper(
        "INSERT INTO sessions (id, key_id, client_ip, started_at, last_seen_at, requests) \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2499) \
         SELECT 's' || i, 'k', '192.0.2.1', 0, 0, 1 FROM n",
    )
    .await;
    lab.app.stopping.send_replace(true);
    let stopped = lab.run("session_cleanup").await;
    assert_eq!(
        (&stopped["last_outcome"], &stopped["last_report"]["expired_sessions"]),
        (&json!("continues"), &json!(1000))
    );
    assert_eq!(stopped["next_run_at"], "2030-01-01T00:00:00Z", "at once");
    let restarted = lab.restarted().await;
    due(&restarted).await;
    let done = job(&lab, "session_cleanup").await;
    assert_eq!((&done["last_outcome"], &done["last_report"]["expired_sessions"]), (&json!("succeeded"), &json!(1500)));
}

#[tokio::test]
async fn expired_keys_become_inactive() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    for expires_at in [json!("2030-01-02T00:00:00Z"), json!("2030-01-03T00:00:00Z"), json!(null)] {
        lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user, "expires_at": expires_at})).await;
    }
    lab.pass(24 * 3600);
    assert_eq!(lab.run("expired_key_cleanup").await["last_report"], json!({"deactivated_keys": 1, "deleted_links": 0}));
    let keys = lab.admin.get("/api/v1/keys").await.json;
    let active: Vec<_> = keys["items"].as_array().unwrap().iter().map(|key| key["active"] == true).collect();
    assert_eq!(active, [false, true, true]);
    assert_eq!(lab.policy(lab.revision().await).await["keys"].as_array().unwrap().len(), 2);
    let before = lab.revision().await + 1;
    assert_eq!(lab.run("expired_key_cleanup").await["last_report"], json!({"deactivated_keys": 0, "deleted_links": 0}));
    assert_eq!(lab.revision().await, before, "only the order to run");
}

#[tokio::test]
async fn the_slots_of_keys_that_are_gone_are_free_and_a_key_that_comes_back_gets_one() {
    let lab = Lab::new().await;
    let (inactive, active) = (lab.key().await, lab.key().await);
    let path = format!("/api/v1/keys/{}", text(&inactive["id"]));
    lab.admin.patch(&path, json!({"active": false})).await;
    assert_eq!(lab.run("rate_limiter_cleanup").await["last_report"], json!({"freed_slots": 1}));
    let third = lab.key().await;
    lab.admin.patch(&path, json!({"active": true})).await;
    let expected = [(&inactive, 2), (&active, 1), (&third, 0)].map(|(key, slot)| (text(&key["id"]), slot));
    assert_eq!(lab.slots().await, expected.into());
    assert_eq!(lab.run("rate_limiter_cleanup").await["last_report"], json!({"freed_slots": 0}));
}

#[tokio::test]
async fn a_session_that_timed_out_stays_so_and_is_deleted_in_the_end() {
    let lab = Lab::new().await;
    let (key, (_, gate)) = (lab.key().await, lab.gate().await);
    let call = |sequence: u64, at: u64| event(sequence, json!({"key_id": key["id"], "session": "s", "at": at}));
    send(&gate, "b", vec![call(0, START)]).await;
    lab.pass(1800);
    assert_eq!(lab.run("session_cleanup").await["last_report"]["expired_sessions"], 1);
    lab.admin.patch("/api/v1/settings", json!({"sessions": {"timeout_seconds": 7200, "retention_days": 2}})).await;
    let session = "/api/v1/sessions/s";
    assert_eq!(lab.admin.get(session).await.json["state"], "expired");
    assert_eq!(lab.admin.get("/api/v1/sessions?state=active").await.json["items"], json!([]));
    assert_eq!(lab.admin.get("/api/v1/sessions?state=expired").await.json["items"].as_array().unwrap().len(), 1);

    send(&gate, "b", vec![call(1, START + 1_000_000)]).await;
    assert_eq!(lab.admin.get(session).await.json["state"], "active", "a call that was reported late");
    lab.pass(7200);
    lab.run("session_cleanup").await;
    assert_eq!(lab.run("old_session_deletion").await["last_report"], json!({"deleted_sessions": 0}));
    lab.pass(2 * 24 * 3600);
    assert_eq!(lab.run("old_session_deletion").await["last_report"], json!({"deleted_sessions": 1}));
    assert_eq!(lab.admin.get(session).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn audit_records_are_deleted_after_their_retention() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let day = 24 * 3600;
    lab.pass(day);
    send(&gate, "b", vec![event(0, json!({})), event(1, json!({"at": START + day * 1_000_000}))]).await;
    lab.admin.patch("/api/v1/settings", json!({"audit": {"retention_days": 2}})).await;
    lab.pass(day + 1);
    assert_eq!(lab.run("audit_cleanup").await["last_report"], json!({"deleted_records": 1}));
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit").await, 1);
}
