use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use lictor_control_plane::app::first_admin;
use serde_json::json;

use crate::support::{Caller, Lab, START, text};

#[tokio::test]
async fn the_last_way_in_for_an_administrator_cannot_be_closed() {
    let lab = Lab::new().await;
    let account = &lab.admin.get("/api/v1/accounts").await.json["items"][0];
    let token = &lab.admin.get("/api/v1/tokens").await.json["items"][0];
    let account = format!("/api/v1/accounts/{}", text(&account["id"]));
    let token = format!("/api/v1/tokens/{}", text(&token["id"]));
    let last = (409, "last_admin", "");
    assert_eq!(lab.admin.delete(&account).await.problem(), last);
    assert_eq!(lab.admin.delete(&token).await.problem(), last);
    assert_eq!(lab.admin.patch(&account, json!({"role": "manager"})).await.problem(), last);
    assert_eq!(lab.admin.patch(&account, json!({"active": false})).await.problem(), last);
    let other = lab.caller("admin").await;
    assert_eq!(other.delete(&account).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.get("/api/v1/users").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_may_do_what_both_it_and_its_account_may() {
    let lab = Lab::new().await;
    let account = lab.admin.post("/api/v1/accounts", json!({"name": "Bo", "role": "manager"})).await.json;
    let token = |role: &str| json!({"account_id": account["id"], "name": "t", "role": role});
    let too_much = lab.admin.post("/api/v1/tokens", token("admin")).await;
    assert_eq!(too_much.problem(), (422, "invalid_field", "role"));
    let made = lab.admin.post("/api/v1/tokens", token("manager")).await.json;
    let bo = Caller { token: text(&made["token"]), ..lab.admin.clone() };
    assert_eq!(bo.get("/api/v1/keys").await.status, StatusCode::OK);
    let path = format!("/api/v1/accounts/{}", text(&account["id"]));
    lab.admin.patch(&path, json!({"role": "user"})).await;
    assert_eq!(bo.get("/api/v1/keys").await.problem(), (403, "role_required", ""));
    lab.admin.patch(&path, json!({"active": false})).await;
    assert_eq!(bo.get("/api/v1/audit").await.problem(), (401, "not_authenticated", ""));
}

#[tokio::test]
async fn an_expired_or_deleted_token_is_refused() {
    let lab = Lab::new().await;
    let account = &lab.admin.get("/api/v1/accounts").await.json["items"][0]["id"];
    let given = json!({"account_id": account, "name": "t", "role": "user", "expires_at": "2030-01-01T00:00:10Z"});
    let made = lab.admin.post("/api/v1/tokens", given).await.json;
    let caller = Caller { token: text(&made["token"]), ..lab.admin.clone() };
    assert_eq!(caller.get("/api/v1/audit").await.status, StatusCode::OK);
    lab.clock.store(START + 10_000_000, Ordering::Relaxed);
    assert_eq!(caller.get("/api/v1/audit").await.status, StatusCode::UNAUTHORIZED);
    lab.clock.store(START, Ordering::Relaxed);
    lab.admin.delete(&format!("/api/v1/tokens/{}", text(&made["id"]))).await;
    assert_eq!(caller.get("/api/v1/audit").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn names_are_unique() {
    let lab = Lab::new().await;
    let taken = lab.admin.post("/api/v1/accounts", json!({"name": "admin", "role": "user"})).await;
    assert_eq!(taken.problem(), (409, "name_taken", "name"));
}

#[tokio::test]
async fn who_has_lost_every_way_in_makes_another_administrator() {
    let lab = Lab::new().await;
    let made = first_admin::another_admin(&lab.app).await.unwrap();
    let caller = Caller { token: made.token.expose().to_owned(), ..lab.admin.clone() };
    assert_eq!(caller.get("/api/v1/accounts").await.json["items"][1]["name"], made.name);
    let rows = caller.get(&format!("/api/v1/admin-audit?object={}", made.account_id)).await.json;
    assert_eq!(rows["items"][0]["actor"], "system");
}
