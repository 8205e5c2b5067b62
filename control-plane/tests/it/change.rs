use axum::http::StatusCode;
use lictor_control_plane::app::change::{Done, change};
use lictor_control_plane::domain::actor::Actor;
use lictor_control_plane::domain::problem::{Code, Problem};
use lictor_control_plane::secrets::stored::Hash;
use lictor_control_plane::store::snapshot::Part;
use lictor_control_plane::store::{keys, permissions};
use lictor_policy::wire;
use serde_json::json;

use crate::support::{Lab, text};

async fn state(lab: &Lab) -> [i64; 3] {
    [
        lab.number("SELECT revision FROM meta").await,
        lab.number("SELECT COUNT(*) FROM admin_audit").await,
        lab.number("SELECT COUNT(*) FROM permissions").await,
    ]
}

fn permission() -> wire::Permission {
    wire::Permission { model: "res.partner".to_owned(), ..wire::Permission::default() }
}

#[tokio::test]
async fn a_change_that_fails_in_the_middle_leaves_nothing() {
    let lab = Lab::new().await;
    let before = state(&lab).await;
    let failed: Result<(), _> = change(&lab.app, &Actor::system(), async |tx| {
        permissions::put(tx, &permission()).await?;
        Err(Problem::new(Code::Internal, "the power went"))
    })
    .await;
    assert!(failed.is_err());
    assert_eq!(state(&lab).await, before);
}

#[tokio::test]
async fn a_change_that_is_dropped_in_the_middle_leaves_nothing_and_blocks_nobody() {
    let lab = Lab::new().await;
    let before = state(&lab).await;
    let actor = Actor::system();
    let stuck = change(&lab.app, &actor, async |tx| {
        permissions::put(tx, &permission()).await?;
        std::future::pending::<()>().await;
        Ok(((), Done::new::<()>("permission.put", "res.partner", None, None)))
    });
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), stuck).await.is_err());
    assert_eq!(state(&lab).await, before);
    assert_eq!(lab.admin.put("/api/v1/permissions/res.partner", json!({})).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_change_that_gates_could_not_use_is_refused_before_the_commit() {
    let lab = Lab::new().await;
    let id = text(&lab.key().await["id"]);
    let before = state(&lab).await;
    let refused: Result<(), _> = change(&lab.app, &Actor::system(), async |tx| {
        let mut key = keys::find(tx, &id).await?.unwrap();
        key.hash = Hash::new("not a hash");
        keys::update(tx, &key).await?;
        Ok(((), Done::new::<()>("key.update", &id, None, None).touching(Part::Key(id.clone()))))
    })
    .await;
    assert_eq!(refused.unwrap_err().code, Code::UnusablePolicy);
    assert_eq!(state(&lab).await, before);
}

#[tokio::test]
async fn every_change_makes_one_revision_and_one_audit_row_that_says_what_differs() {
    let lab = Lab::new().await;
    let id = text(&lab.key().await["id"]);
    let [revision, rows, _] = state(&lab).await;
    lab.admin.patch(&format!("/api/v1/keys/{id}"), json!({"name": "new"})).await;
    assert_eq!(state(&lab).await, [revision + 1, rows + 1, 0]);
    let mut connection = lab.app.store.read().await.unwrap();
    let row: (String, String, String) =
        sqlx::query_as("SELECT action, object, difference FROM admin_audit ORDER BY revision DESC LIMIT 1")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
    assert_eq!(row, ("key.update".to_owned(), id, r#"{"name":["k","new"]}"#.to_owned()));
}

#[tokio::test]
async fn changes_at_the_same_time_all_happen() {
    let lab = Lab::new().await;
    let before = lab.revision().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let admin = lab.admin.clone();
        tasks.spawn(async move { admin.put(&format!("/api/v1/permissions/model.n{n}"), json!({})).await.status });
    }
    assert!(tasks.join_all().await.into_iter().all(|status| status == StatusCode::CREATED));
    assert_eq!(lab.revision().await, before + 20);
    assert_eq!(lab.policy(before + 20).await["permissions"].as_array().unwrap().len(), 20);
}
