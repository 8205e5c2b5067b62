use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Lab, text};

const PATH: &str = "/api/v1/pauses";

async fn pushed(lab: &Lab) -> Value {
    lab.policy(lab.revision().await).await["pauses"].clone()
}

#[tokio::test]
async fn a_pause_reaches_the_gates_and_leaves_them_when_it_is_lifted() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let mut made = Vec::new();
    for (pause, target, wire) in [
        (json!({"scope": "all", "reason": "r"}), json!(null), json!({"scope": "all"})),
        (json!({"scope": "user", "id": user, "reason": "r"}), json!(user), json!({"scope": "user", "id": user})),
        (
            json!({"scope": "model", "id": "res.partner", "reason": "r"}),
            json!("res.partner"),
            json!({"scope": "model", "id": "res.partner"}),
        ),
        (json!({"scope": "writes", "reason": "r"}), json!(null), json!({"scope": "writes"})),
    ] {
        let answer = lab.admin.post(PATH, pause).await;
        assert_eq!((answer.status, &answer.json["target"]), (StatusCode::CREATED, &target), "{}", answer.text);
        assert!(pushed(&lab).await.as_array().unwrap().contains(&wire), "{wire}");
        made.push(answer.json);
    }
    assert_eq!(lab.admin.get(PATH).await.json["items"], json!(made));
    for pause in made {
        let status = lab.admin.delete(&format!("{PATH}/{}", text(&pause["id"]))).await.status;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    assert_eq!(pushed(&lab).await, json!([]));
}

#[tokio::test]
async fn two_pauses_of_the_same_thing_are_lifted_one_by_one() {
    let lab = Lab::new().await;
    let pause = json!({"scope": "all", "reason": "r"});
    let ids = [lab.admin.post(PATH, pause.clone()).await, lab.admin.post(PATH, pause).await];
    let ids = ids.map(|made| text(&made.json["id"]));
    assert_eq!(pushed(&lab).await, json!([{"scope": "all"}]));
    lab.admin.delete(&format!("{PATH}/{}", ids[0])).await;
    assert_eq!(pushed(&lab).await, json!([{"scope": "all"}]));
    lab.admin.delete(&format!("{PATH}/{}", ids[1])).await;
    assert_eq!(pushed(&lab).await, json!([]));
}

#[tokio::test]
async fn each_wrong_field_is_named_and_changes_nothing() {
    let lab = Lab::new().await;
    let before = lab.revision().await;
    for (pause, code, field) in [
        (json!({"scope": "some", "reason": "r"}), "invalid_field", "scope"),
        (json!({"scope": "all"}), "missing_field", "reason"),
        (json!({"scope": "all", "reason": " "}), "invalid_field", "reason"),
        (json!({"scope": "all", "id": "x", "reason": "r"}), "invalid_field", "id"),
        (json!({"scope": "user", "reason": "r"}), "missing_field", "id"),
        (json!({"scope": "user", "id": "nobody", "reason": "r"}), "invalid_field", "id"),
        (json!({"scope": "model", "reason": "r"}), "missing_field", "id"),
        (json!({"scope": "model", "id": "Res Partner", "reason": "r"}), "invalid_field", "id"),
    ] {
        let answer = lab.admin.post(PATH, pause.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{pause}: {}", answer.text);
    }
    assert_eq!(lab.admin.delete(&format!("{PATH}/none")).await.problem(), (404, "not_found", ""));
    assert_eq!(lab.revision().await, before);
}
