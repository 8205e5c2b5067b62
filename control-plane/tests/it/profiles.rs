use axum::http::StatusCode;
use lictor_control_plane::domain::template::Template;
use serde_json::{Value, json};

use crate::support::{Lab, text};

const SALES: &str = "/api/v1/profiles/sales";
const PARTNER_OF_SALES: &str = "/api/v1/profiles/sales/permissions/res.partner";

async fn names(lab: &Lab) -> Vec<String> {
    let listed = lab.admin.get("/api/v1/profiles").await.json;
    listed["items"].as_array().unwrap().iter().map(|profile| text(&profile["name"])).collect()
}

async fn permissions(lab: &Lab) -> Value {
    lab.policy(lab.revision().await).await["permissions"].clone()
}

#[tokio::test]
async fn a_profile_is_made_described_listed_and_deleted() {
    let lab = Lab::new().await;
    let made = lab.admin.post("/api/v1/profiles", json!({"name": "sales", "description": "Who sells."})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json, json!({"name": "sales", "description": "Who sells."}));
    lab.admin.post("/api/v1/profiles", json!({"name": "audit"})).await;
    assert_eq!(names(&lab).await, ["audit", "default", "sales"]);
    let page = lab.admin.get("/api/v1/profiles?limit=1").await.json;
    let next = lab.admin.get(&format!("/api/v1/profiles?limit=1&cursor={}", text(&page["next_cursor"]))).await.json;
    assert_eq!((&page["items"][0]["name"], &next["items"][0]["name"]), (&json!("audit"), &json!("default")));
    assert_eq!(lab.admin.patch(SALES, json!({"description": ""})).await.json["description"], "");
    assert_eq!(lab.admin.delete(SALES).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.get(SALES).await.problem(), (404, "not_found", ""));
    assert_eq!(names(&lab).await, ["audit", "default"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_profile_is_told() {
    let lab = Lab::new().await;
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    for (name, problem) in [
        ("sales", (409, "name_taken", "")),
        ("default", (409, "name_taken", "")),
        ("", (422, "invalid_field", "name")),
        ("Sales", (422, "invalid_field", "name")),
        ("a_b", (422, "invalid_field", "name")),
        ("a/b", (422, "invalid_field", "name")),
    ] {
        let answer = lab.admin.post("/api/v1/profiles", json!({"name": name})).await;
        assert_eq!(answer.problem(), problem, "{name}");
    }
    let of_default = "/api/v1/profiles/default";
    assert_eq!(lab.admin.delete(of_default).await.problem(), (422, "invalid_field", "profile"));
    assert_eq!(lab.admin.patch(of_default, json!({})).await.problem(), (422, "invalid_field", "profile"));
    let nowhere = "/api/v1/profiles/none/permissions";
    assert_eq!(lab.admin.get(nowhere).await.problem(), (404, "not_found", ""));
    assert_eq!(lab.admin.put(&format!("{nowhere}/a.b"), json!({})).await.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn a_profile_has_permissions_of_its_own_which_go_with_it() {
    let lab = Lab::new().await;
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    assert_eq!(lab.admin.put(PARTNER_OF_SALES, json!({"read": true})).await.status, StatusCode::CREATED);
    lab.admin.put("/api/v1/permissions/res.partner", json!({"write": true})).await;
    // The same one by both paths.
    let of_default = lab.admin.get("/api/v1/profiles/default/permissions/res.partner").await.json;
    assert_eq!(of_default, lab.admin.get("/api/v1/permissions/res.partner").await.json);
    assert_eq!((&of_default["profile"], &of_default["write"]), (&json!("default"), &json!(true)));
    let pushed = permissions(&lab).await;
    assert_eq!((&pushed[0]["profile"], &pushed[0]["operations"]), (&Value::Null, &json!(["write"])));
    assert_eq!((&pushed[1]["profile"], &pushed[1]["operations"]), (&json!("sales"), &json!(["read"])));
    assert_eq!(lab.admin.patch(PARTNER_OF_SALES, json!({"create": true})).await.json["read"], true);
    let log = lab.admin.get("/api/v1/admin-audit").await.json;
    assert_eq!(log["items"][0]["object"], "sales/res.partner");
    assert_eq!(lab.admin.get("/api/v1/profiles/sales/permissions").await.json["items"].as_array().unwrap().len(), 1);
    assert_eq!(lab.admin.delete(SALES).await.status, StatusCode::NO_CONTENT);
    assert_eq!(permissions(&lab).await.as_array().unwrap().len(), 1);
    assert_eq!(lab.admin.delete("/api/v1/permissions/res.partner").await.status, StatusCode::NO_CONTENT);
    assert_eq!(permissions(&lab).await, json!([]));
}

#[tokio::test]
async fn a_key_names_profiles_that_there_are_and_keeps_them_from_being_deleted() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let make = async |profiles: Value| {
        lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user, "profiles": profiles})).await
    };
    assert_eq!(make(json!(["sales"])).await.problem(), (422, "invalid_field", "profiles"));
    assert_eq!(make(json!(vec!["default"; 11])).await.problem(), (422, "invalid_field", "profiles"));
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    let key = make(json!(["sales", "default"])).await;
    assert_eq!(key.json["profiles"], json!(["sales", "default"]), "{}", key.text);
    let pushed = lab.policy(lab.revision().await).await;
    assert_eq!(pushed["keys"][0]["record"]["profiles"], json!(["sales", "default"]));
    assert_eq!(lab.admin.delete(SALES).await.problem(), (409, "profile_has_keys", ""));
    let path = format!("/api/v1/keys/{}", text(&key.json["id"]));
    // A replaced key has the same.
    let rotated = lab.admin.post(&format!("{path}/rotate"), json!({"overlap_seconds": 60})).await;
    assert_eq!(rotated.json["profiles"], json!(["sales", "default"]), "{}", rotated.text);
    assert_eq!(
        lab.admin.patch(&path, json!({"profiles": ["none"]})).await.problem(),
        (422, "invalid_field", "profiles")
    );
    assert_eq!(lab.admin.patch(&path, json!({"profiles": []})).await.json["profiles"], json!([]));
    assert_eq!(lab.admin.delete(SALES).await.problem(), (409, "profile_has_keys", ""));
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&rotated.json["id"])), json!({})).await;
    assert_eq!(lab.admin.delete(SALES).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_template_is_a_profile_at_once() {
    let lab = Lab::new().await;
    for template in Template::ALL {
        let name = template.name();
        let made = lab.admin.post("/api/v1/profiles", json!({"name": name, "template": name})).await;
        let content = template.content().unwrap();
        assert_eq!(made.json["description"], content.description, "{}", made.text);
        let path = format!("/api/v1/profiles/{name}/permissions");
        let listed = lab.admin.get(&path).await.json;
        let models: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| text(&one["model"])).collect();
        assert!(models.iter().eq(content.permissions.keys()), "{models:?}");
    }
    let own = json!({"name": "own", "template": "n8n", "description": "Our flows."});
    assert_eq!(lab.admin.post("/api/v1/profiles", own).await.json["description"], "Our flows.");
    let wrong = lab.admin.post("/api/v1/profiles", json!({"name": "x", "template": "none"})).await;
    assert_eq!(wrong.problem(), (422, "invalid_field", "template"));
}
