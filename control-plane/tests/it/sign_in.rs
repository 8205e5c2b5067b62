//! Passwords, sign-in and its brake, and what administrators see of them.

use axum::http::StatusCode;
use lictor_control_plane::api::router::{self, api_table};
use lictor_control_plane::app::entrance::Entrance;
use lictor_control_plane::http::route::Access;
use lictor_policy::secret::Secret;
use serde_json::json;

use crate::support::{Answer, Caller, Lab, text};

const PASSWORD: &str = "correct horse battery";
const REFUSED: (u16, &str, &str) = (401, "sign_in_refused", "");

/// An account with a password: its path.
async fn account(lab: &Lab, name: &str, role: &str) -> String {
    let account = lab.admin.post("/api/v1/accounts", json!({"name": name, "role": role})).await;
    assert_eq!(account.json["has_password"], false);
    let path = format!("/api/v1/accounts/{}", text(&account.json["id"]));
    let set = lab.admin.put(&format!("{path}/password"), json!({"password": PASSWORD})).await;
    assert_eq!((set.status, &set.json["has_password"]), (StatusCode::OK, &json!(true)), "{}", set.text);
    path
}

async fn sign_in(lab: &Lab, name: &str, password: &str) -> Answer {
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    nobody.post("/api/v1/sign-in", json!({"name": name, "password": password})).await
}

async fn signed_in(lab: &Lab, name: &str, password: &str) -> Caller {
    let answer = sign_in(lab, name, password).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    Caller { token: text(&answer.json["token"]), ..lab.admin.clone() }
}

#[tokio::test]
async fn a_password_gives_a_token_with_the_accounts_role_until_it_ends() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "manager").await;
    let bo = signed_in(&lab, "Bo", PASSWORD).await;
    assert_eq!(bo.get("/api/v1/keys").await.status, StatusCode::OK);
    assert_eq!(bo.get("/api/v1/users").await.problem(), (403, "role_required", ""));
    let me = bo.get("/api/v1/me").await.json;
    assert_eq!((&me["account"]["name"], &me["role"]), (&json!("Bo"), &json!("manager")));
    assert_eq!(me["token"]["expires_at"], "2030-01-01T08:00:00Z");
    lab.pass(8 * 3600);
    assert_eq!(bo.get("/api/v1/me").await.problem(), (401, "not_authenticated", ""));
    signed_in(&lab, "Bo", PASSWORD).await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM tokens WHERE of_sign_in = 1").await, 1, "what has ended is removed");
}

#[tokio::test]
async fn a_sign_out_ends_the_token_and_no_other() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let (one, other) = (signed_in(&lab, "Bo", PASSWORD).await, signed_in(&lab, "Bo", PASSWORD).await);
    assert_eq!(one.post("/api/v1/sign-out", json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(one.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_name_a_wrong_password_no_password_and_an_inactive_account_are_answered_alike() {
    let lab = Lab::new().await;
    let path = account(&lab, "Bo", "user").await;
    let wrong = sign_in(&lab, "Bo", "correct horse batterz").await;
    assert_eq!(wrong.problem(), REFUSED);
    for (name, password) in [("Nobody", PASSWORD), ("admin", PASSWORD), ("Bo", ""), ("Bo", &"x".repeat(100_000))] {
        let answer = sign_in(&lab, name, password).await;
        assert_eq!((answer.problem(), &answer.text), (REFUSED, &wrong.text), "{name}");
    }
    lab.admin.patch(&path, json!({"active": false})).await;
    assert_eq!(sign_in(&lab, "Bo", PASSWORD).await.text, wrong.text);
}

#[tokio::test]
async fn guesses_are_braked_at_every_replica_until_the_window_ends() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let replica = Caller { router: router::api(&lab.restarted().await), ..lab.admin.clone() };
    for _ in 0..5 {
        assert_eq!(sign_in(&lab, "Bo", "wrong").await.problem(), REFUSED);
    }
    let given = json!({"name": "Bo", "password": PASSWORD});
    for caller in [&lab.admin, &replica] {
        let braked = caller.post("/api/v1/sign-in", given.clone()).await;
        assert_eq!(braked.problem(), (429, "too_many_attempts", ""), "the right password too");
        assert_eq!(braked.headers["retry-after"], "900");
    }
    assert_eq!(sign_in(&lab, "Else", "wrong").await.problem(), REFUSED, "other names are not braked");
    lab.pass(900);
    signed_in(&lab, "Bo", PASSWORD).await;
}

#[tokio::test]
async fn signing_in_often_is_no_guessing() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    for _ in 0..7 {
        signed_in(&lab, "Bo", PASSWORD).await;
    }
}

#[tokio::test]
async fn attempts_at_once_are_braked_like_those_that_follow_each_other() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let attempts = (0..12).map(|_| sign_in(&lab, "Bo", "wrong"));
    let statuses: Vec<_> = futures_util::future::join_all(attempts).await.iter().map(|answer| answer.status).collect();
    let looked_at = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(looked_at, 5, "{statuses:?}");
}

#[tokio::test]
async fn what_is_remembered_of_attempts_goes_when_their_window_has_ended() {
    let lab = Lab::new().await;
    for name in ["a", "b", "c"] {
        sign_in(&lab, name, "wrong").await;
    }
    lab.pass(900);
    sign_in(&lab, "d", "wrong").await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM sign_in_attempts").await, 3, "those of the last attempt");
}

#[tokio::test]
async fn the_own_password_is_changed_with_the_one_before_and_signs_everybody_else_out() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let (one, other) = (signed_in(&lab, "Bo", PASSWORD).await, signed_in(&lab, "Bo", PASSWORD).await);
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/me/password";
    let wrong = one.put(path, change("wrong", "another horse battery")).await;
    assert_eq!(wrong.problem(), (422, "invalid_field", "current_password"));
    let short = one.put(path, change(PASSWORD, "short")).await;
    assert_eq!(short.problem(), (422, "invalid_field", "new_password"));
    let changed = one.put(path, change(PASSWORD, "another horse battery")).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text);
    assert_eq!(one.get("/api/v1/me").await.status, StatusCode::OK);
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&lab, "Bo", PASSWORD).await.problem(), REFUSED);
    signed_in(&lab, "Bo", "another horse battery").await;
}

#[tokio::test]
async fn an_administrator_sets_and_removes_passwords_and_a_deactivated_account_stays_signed_out() {
    let lab = Lab::new().await;
    let path = account(&lab, "Bo", "user").await;
    let bo = signed_in(&lab, "Bo", PASSWORD).await;
    lab.admin.patch(&path, json!({"active": false})).await;
    assert_eq!(bo.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    lab.admin.patch(&path, json!({"active": true})).await;
    assert_eq!(bo.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED, "it does not come back");
    let bo = signed_in(&lab, "Bo", PASSWORD).await;
    let removed = lab.admin.delete(&format!("{path}/password")).await;
    assert_eq!(removed.json["has_password"], false);
    assert_eq!(bo.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&lab, "Bo", PASSWORD).await.problem(), REFUSED);
}

#[tokio::test]
async fn who_is_looked_at_while_the_account_changes_is_not_let_in() {
    let lab = Lab::new().await;
    let path = account(&lab, "Bo", "user").await;
    // The sign-in waits for its turn behind these.
    let busy = || lab.app.passwords.hash(Secret::new(PASSWORD));
    let others = futures_util::future::join_all((0..12).map(|_| busy()));
    let change = async {
        while lab.number("SELECT COUNT(*) FROM sign_in_attempts").await == 0 {}
        assert_eq!(lab.admin.delete(&format!("{path}/password")).await.status, StatusCode::OK);
    };
    let (_, answer, ()) = tokio::join!(others, sign_in(&lab, "Bo", PASSWORD), change);
    assert_eq!(answer.problem(), REFUSED);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tokens WHERE of_sign_in = 1").await, 0);
}

#[tokio::test]
async fn a_password_is_a_way_in_for_the_last_administrator() {
    let lab = Lab::new().await;
    let account = &lab.admin.get("/api/v1/accounts").await.json["items"][0];
    let account = format!("/api/v1/accounts/{}", text(&account["id"]));
    lab.admin.put(&format!("{account}/password"), json!({"password": PASSWORD})).await;
    let signed_in = signed_in(&lab, "admin", PASSWORD).await;
    assert_eq!(lab.admin.post("/api/v1/sign-out", json!({})).await.status, StatusCode::NO_CONTENT);
    let last = signed_in.delete(&format!("{account}/password")).await;
    assert_eq!(last.problem(), (409, "last_admin", ""));
}

#[tokio::test]
async fn administrators_see_who_did_what_and_every_sign_in() {
    let lab = Lab::new().await;
    let path = account(&lab, "Bo", "user").await;
    let bo = path.rsplit('/').next().unwrap();
    signed_in(&lab, "Bo", PASSWORD).await;
    sign_in(&lab, "Bo", "wrong").await;
    sign_in(&lab, "hunter2-in-the-wrong-field", "wrong").await;
    let all = lab.admin.get("/api/v1/admin-audit?limit=500").await;
    for secret in [PASSWORD, "hunter2", "argon2"] {
        assert!(!all.text.contains(secret), "{secret}");
    }
    let of = async |query: &str| {
        let rows = lab.admin.get(&format!("/api/v1/admin-audit?{query}")).await.json;
        rows["items"].as_array().unwrap().iter().map(|row| text(&row["action"])).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&format!("object={bo}")).await,
        ["account.sign_in_refused", "account.sign_in", "account.password_set", "account.create"]
    );
    assert_eq!(of(&format!("actor={bo}")).await, ["account.sign_in"]);
    assert_eq!(of("actor=nobody&object=unknown").await, ["account.sign_in_refused"]);
    assert_eq!(of("actor=system&action=account.create").await, ["account.create"]);
    assert_eq!(of("from=2030-01-02").await, Vec::<String>::new());
    let first = lab.admin.get("/api/v1/admin-audit?limit=1").await.json;
    assert_eq!(first["items"][0]["revision"], json!(null), "a refused sign-in changes nothing");
    let cursor = text(&first["next_cursor"]);
    let second = lab.admin.get(&format!("/api/v1/admin-audit?limit=1&cursor={cursor}")).await.json;
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
}

/// The name and value of a cookie that an answer gives, and all that is said of it.
fn cookie(answer: &Answer) -> (String, String) {
    let line = answer.headers["set-cookie"].to_str().unwrap();
    let (pair, said) = line.split_once("; ").unwrap();
    (pair.to_owned(), said.to_owned())
}

/// Signs in as a browser does: its cookie, and the CSRF token.
async fn browser(lab: &Lab, name: &str) -> (String, String) {
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    let answer = nobody.post("/api/v1/sign-in", json!({"name": name, "password": PASSWORD, "cookie": true})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.json.get("token").is_none() && !answer.text.contains("lat_"), "{}", answer.text);
    (cookie(&answer).0, text(&answer.json["csrf_token"]))
}

#[tokio::test]
async fn a_browser_signs_in_by_cookie_and_out() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    let answer = nobody.post("/api/v1/sign-in", json!({"name": "Bo", "password": PASSWORD, "cookie": true})).await;
    let (pair, said) = cookie(&answer);
    assert!(pair.starts_with("lictor=lat_"), "{pair}");
    assert_eq!(said, "Path=/; HttpOnly; SameSite=Strict; Max-Age=28800");
    let me = nobody.send("GET", "/api/v1/me", None, &[("cookie", &pair)]).await;
    assert_eq!((&me.json["account"]["name"], &me.json["csrf_token"]), (&json!("Bo"), &answer.json["csrf_token"]));
    assert_eq!(me.json["token"]["expires_at"], answer.json["expires_at"]);
    assert!(lab.admin.get("/api/v1/me").await.json.get("csrf_token").is_none(), "a token needs none");
    let csrf = text(&answer.json["csrf_token"]);
    let out = nobody.send("POST", "/api/v1/sign-out", None, &[("cookie", &pair), ("x-csrf-token", &csrf)]).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT, "{}", out.text);
    assert_eq!(cookie(&out), ("lictor=".to_owned(), "Path=/; HttpOnly; SameSite=Strict; Max-Age=0".to_owned()));
    let after = nobody.send("GET", "/api/v1/me", None, &[("cookie", &pair)]).await;
    assert_eq!(after.problem(), (401, "not_authenticated", ""));
}

#[tokio::test]
async fn by_https_the_cookie_is_for_https_and_this_host_only() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let public_url = Some("https://lictor.example.com".to_owned());
    assert!(lab.app.entrance.set(Entrance { public_url, ..Entrance::default() }).is_ok());
    let (pair, _) = browser(&lab, "Bo").await;
    assert!(pair.starts_with("__Host-lictor=lat_"), "{pair}");
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    assert_eq!(nobody.send("GET", "/api/v1/me", None, &[("cookie", &pair)]).await.status, StatusCode::OK);
    let plain = pair.trim_start_matches("__Host-");
    assert_eq!(nobody.send("GET", "/api/v1/me", None, &[("cookie", plain)]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_change_by_cookie_needs_the_csrf_token_of_its_session() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "admin").await;
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    let (pair, csrf) = browser(&lab, "Bo").await;
    let (_, others) = browser(&lab, "Bo").await;
    let cookie = ("cookie", pair.as_str());
    let before = lab.revision().await;
    let mut changes = 0;
    for route in api_table() {
        let Access::Role(_) = route.access else { continue };
        let (verb, path) = (route.verb.name(), route.path.replace(['{', '}'], ""));
        if verb == "GET" {
            if path.ends_with("/stream") {
                continue; // Its answer does not end.
            }
            let read = nobody.send(verb, &path, None, &[cookie]).await;
            assert_ne!(read.json["code"], "csrf", "{verb} {path}");
            continue;
        }
        changes += 1;
        for sent in ["", "0", others.as_str(), &csrf[1..]] {
            let refused = nobody.send(verb, &path, None, &[cookie, ("x-csrf-token", sent)]).await;
            assert_eq!(refused.problem(), (403, "csrf", ""), "{verb} {path} {sent}");
        }
        let refused = nobody.send(verb, &path, None, &[cookie]).await;
        assert_eq!(refused.problem(), (403, "csrf", ""), "{verb} {path}");
    }
    assert!(changes > 30 && lab.revision().await == before, "{changes}");
    let body = json!({"name": "n", "role": "user"}).to_string();
    let made = nobody.send("POST", "/api/v1/accounts", Some(body), &[cookie, ("x-csrf-token", &csrf)]).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

#[tokio::test]
async fn a_token_in_the_header_goes_before_the_cookie() {
    let lab = Lab::new().await;
    account(&lab, "Bo", "user").await;
    let (pair, csrf) = browser(&lab, "Bo").await;
    let cookie = ("cookie", pair.as_str());
    let me = lab.admin.send("GET", "/api/v1/me", None, &[cookie]).await;
    assert_eq!((&me.json["account"]["name"], me.json.get("csrf_token")), (&json!("admin"), None));
    let body = json!({"name": "n", "role": "user"}).to_string();
    let made = lab.admin.send("POST", "/api/v1/accounts", Some(body), &[cookie]).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    // A proxy in front may want a password of its own: that is no token.
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    let me = nobody.send("GET", "/api/v1/me", None, &[cookie, ("authorization", "Basic YTpi")]).await;
    assert_eq!(me.json["account"]["name"], "Bo", "{}", me.text);
    let wrong = Caller { token: "lat_unknown".to_owned(), ..lab.admin.clone() };
    for method in ["GET", "PUT"] {
        let path = if method == "GET" { "/api/v1/me" } else { "/api/v1/me/password" };
        let refused = wrong.send(method, path, None, &[cookie, ("x-csrf-token", &csrf)]).await;
        assert_eq!(refused.problem(), (401, "not_authenticated", ""), "the cookie does not stand in for it");
    }
}

#[tokio::test]
async fn without_a_provider_there_is_the_password_only() {
    let lab = Lab::new().await;
    let nobody = Caller { token: String::new(), ..lab.admin.clone() };
    assert_eq!(nobody.get("/api/v1/sign-in").await.json, json!({"password": true, "oidc": null}));
    for path in ["start", "callback?state=s&code=c"] {
        assert_eq!(nobody.get(&format!("/api/v1/oidc/{path}")).await.problem(), (404, "not_found", ""));
    }
}
