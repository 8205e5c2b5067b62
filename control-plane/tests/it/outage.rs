//! A database that cannot do its work for a while: 503, nothing half done, and no restart afterwards.

use std::time::Duration;

use lictor_control_plane::store::{Database, Store};
use lictor_policy::wire;
use serde_json::json;
use sqlx::Executor as _;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{Lab, event};

#[tokio::test]
async fn while_another_process_holds_the_writer_changes_answer_503_and_change_nothing() {
    let lab = Lab::impatient(Duration::from_millis(1)).await;
    let (_, gate) = lab.gate().await;
    lab.app.store.write().await.unwrap().commit().await.unwrap();
    let other = Store::open(&lab.url).await.unwrap();
    let (revision, held) = (lab.revision().await, other.write().await.unwrap());
    let batch = json!({"version": wire::VERSION, "boot": "b", "events": [event(0, json!({}))]});
    // The first has the connection and waits for the lock, the others wait for the connection.
    let answers = tokio::join!(
        lab.admin.put("/api/v1/permissions/a", json!({})),
        lab.admin.put("/api/v1/permissions/b", json!({})),
        gate.post("/gate/v1/events", batch.clone()),
    );
    for answer in [&answers.0, &answers.1, &answers.2] {
        assert_eq!(answer.problem(), (503, "database_unavailable", ""), "{}", answer.text);
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert_eq!(lab.admin.get("/api/v1/permissions").await.json["items"], json!([]), "reading goes on");
    held.rollback().await.unwrap();
    assert_eq!(lab.admin.put("/api/v1/permissions/a", json!({})).await.status, 201);
    assert_eq!(lab.revision().await, revision + 1);
    assert_eq!(gate.post("/gate/v1/events", batch).await.json, json!({"stored": 1}));
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit").await, 1);
    other.close().await;
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_by_itself_does_not_stop_the_writer() {
    let lab = Lab::new().await;
    let mut tx = lab.app.store.write().await.unwrap();
    tx.execute(sqlx::raw_sql("ROLLBACK")).await.unwrap();
    drop(tx);
    assert_eq!(lab.admin.put("/api/v1/permissions/m", json!({})).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_whose_clients_went_away_leave_the_connections_as_they_were() {
    let lab = Lab::new().await;
    let mut requests = JoinSet::new();
    for n in 0..400 {
        let admin = lab.admin.clone();
        // From none to 65 ms: before, in and after each statement.
        let patience = Duration::from_micros(n * 7919 % 65_000);
        requests.spawn(async move {
            let path = format!("/api/v1/permissions/m{n}");
            match n % 4 {
                0 => timeout(patience, admin.get("/api/v1/permissions")).await.ok(),
                3 => Some(admin.put(&path, json!({})).await),
                _ => timeout(patience, admin.put(&path, json!({}))).await.ok(),
            }
        });
    }
    let mut given_up = 0;
    for answer in requests.join_all().await {
        match answer {
            Some(answer) => assert!(matches!(answer.status.as_u16(), 200 | 201 | 503), "{}", answer.text),
            None => given_up += 1,
        }
    }
    assert!(given_up > 50, "{given_up}");
    assert_eq!(lab.admin.put("/api/v1/permissions/last", json!({})).await.status, 201);
    let revision = i64::try_from(lab.revision().await).unwrap();
    assert_eq!(lab.number("SELECT COUNT(*) FROM admin_audit WHERE revision IS NOT NULL").await, revision);
}

#[tokio::test]
async fn a_full_disk_is_503_until_there_is_room_and_leaves_nothing_half_done() {
    let lab = Lab::new().await;
    if lab.app.store.database() == Database::Postgres {
        return; // Its disk is the server's.
    }
    lab.tamper("PRAGMA max_page_count = 1").await; // No page more than there are.
    let mut made = 0;
    let refused = loop {
        let answer = lab.admin.put(&format!("/api/v1/permissions/m{made}"), json!({})).await;
        if answer.status != 201 {
            break answer;
        }
        made += 1;
    };
    assert_eq!(refused.problem(), (503, "database_unavailable", ""), "{}", refused.text);
    lab.tamper("PRAGMA max_page_count = 1000000").await;
    assert_eq!(lab.admin.put("/api/v1/permissions/last", json!({})).await.status, 201);
    let revision = i64::try_from(lab.revision().await).unwrap();
    assert_eq!(lab.number("SELECT COUNT(*) FROM admin_audit WHERE revision IS NOT NULL").await, revision);
    assert_eq!(lab.number("SELECT COUNT(*) FROM permissions").await, made + 1);
}
