use axum::http::StatusCode;
use lictor_control_plane::tasks::credentials;
use lictor_policy::odoo::administrators;
use serde_json::{Value, json};

use crate::odoo::API_KEY;
use crate::support::{Lab, RIGHT, UID, text, user_body};

const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn a_user_gets_the_uid_that_odoo_names_and_its_secret_is_stored_encrypted() {
    let lab = Lab::new().await;
    let made = lab.admin.post("/api/v1/users", user_body()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        made.json["upstream"],
        json!({"database": "odoo", "login": "ada", "uid": UID, "rejected": false,
        "checked_at": "2030-01-01T00:00:00Z", "ends_at": null})
    );
    assert_eq!(made.json["odoo_groups"], json!([]));
    assert_eq!(lab.number("SELECT COUNT(*) FROM users WHERE upstream_secret LIKE 'v1.%'").await, 1);
    assert_eq!(lab.number("SELECT COUNT(*) FROM users WHERE upstream_secret LIKE '%Odoo%'").await, 0);
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["users"][0]["upstream"]["secret"], RIGHT);
}

#[tokio::test]
async fn a_credential_that_odoo_refuses_or_cannot_judge_changes_nothing() {
    let lab = Lab::new().await;
    let before = lab.revision().await;
    for (upstream, problem) in [
        (
            json!({"database": "odoo", "login": "ada", "secret": "wrong"}),
            (422, "upstream_credential_rejected", "upstream.secret"),
        ),
        (json!({"database": "gone", "login": "ada", "secret": RIGHT}), (503, "odoo_unreachable", "")),
        (json!({"database": "odoo", "login": "ada"}), (422, "missing_field", "upstream.secret")),
    ] {
        let answer = lab.admin.post("/api/v1/users", json!({"name": "Ada", "upstream": upstream})).await;
        assert_eq!(answer.problem(), problem, "{}", answer.text);
    }
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let lab = Lab::new().await;
    let path = format!("/api/v1/users/{}", lab.user().await);
    for (patch, code, field) in [
        (json!({"name": ""}), "invalid_field", "name"),
        (json!({"name": null}), "invalid_field", "name"),
        (json!({"email": "ada"}), "invalid_field", "email"),
        (json!({"groups": [""]}), "invalid_field", "groups"),
        (json!({"groups": "sales"}), "invalid_field", "groups"),
        (json!({"upstream": {"uid": 1}}), "unknown_field", "upstream.uid"),
        (json!({"odoo_groups": []}), "unknown_field", "odoo_groups"),
        (json!({"upstream": {"login": "bob"}}), "secret_required", "upstream.secret"),
        (json!({"upstream": {"database": "other"}}), "secret_required", "upstream.secret"),
        (json!({"upstream": {"secret": "wrong"}}), "upstream_credential_rejected", "upstream.secret"),
    ] {
        let answer = lab.admin.patch(&path, patch.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{patch}: {}", answer.text);
    }
}

#[tokio::test]
async fn whoever_makes_keys_finds_users_by_name_and_learns_no_login() {
    let lab = Lab::new().await;
    let manager = lab.caller("manager").await;
    let mut made = Vec::new();
    for name in ["Sales 100%", "sales", "Bookkeeping"] {
        let mut user = user_body();
        user["name"] = json!(name);
        made.push(text(&lab.admin.post("/api/v1/users", user).await.json["id"]));
    }
    let names = async |query: &str| manager.get(&format!("/api/v1/users/names{query}")).await.json;
    let all = names("").await;
    assert_eq!(all["items"][0], json!({"id": made[0], "name": "Sales 100%", "privileged": false}));
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let found = async |query: &str| -> Vec<String> {
        names(query).await["items"].as_array().unwrap().iter().map(|user| text(&user["name"])).collect()
    };
    assert_eq!(found("?q=SALES").await, ["Sales 100%", "sales"]);
    assert_eq!(found("?q=0%25").await, ["Sales 100%"], "a sign of a pattern is a sign");
    assert_eq!(found("?q=nobody").await, [""; 0]);
    let first = names("?q=sales&limit=1").await;
    let rest = format!("?q=sales&limit=1&cursor={}", text(&first["next_cursor"]));
    assert_eq!(found(&rest).await, ["sales"]);
    assert_eq!(names(&rest).await["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_patch_keeps_the_secret_unless_it_is_given_again() {
    let lab = Lab::new().await;
    let path = format!("/api/v1/users/{}", lab.user().await);
    let renamed = lab.admin.patch(&path, json!({"name": "Grace", "email": null})).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
    assert_eq!((&renamed.json["name"], &renamed.json["email"]), (&json!("Grace"), &json!(null)));
    let moved = json!({"upstream": {"login": "grace", "secret": format!("{RIGHT}2")}});
    assert_eq!(lab.admin.patch(&path, moved).await.json["upstream"]["login"], "grace");
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["users"][0]["upstream"]["secret"], format!("{RIGHT}2"));
}

#[tokio::test]
async fn a_user_with_keys_stays_until_they_are_gone() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    let user = format!("/api/v1/users/{}", key["user_id"].as_str().unwrap());
    assert_eq!(lab.admin.delete(&user).await.problem(), (409, "user_has_keys", ""));
    let key = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
    assert_eq!(lab.admin.delete(&key).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.delete(&user).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.get(&user).await.problem(), (404, "not_found", ""));
}

async fn user(lab: &Lab, id: &str) -> Value {
    lab.admin.get(&format!("/api/v1/users/{id}")).await.json
}

async fn groups_in_policy(lab: &Lab) -> Value {
    lab.policy(lab.revision().await).await["users"][0]["groups"].clone()
}

/// The rules of the open alerts, and the kinds of the messages in the outbox.
async fn told(lab: &Lab) -> (Vec<Value>, Value) {
    let alerts = lab.admin.get("/api/v1/alerts").await.json;
    let rules = alerts["items"].as_array().unwrap().iter().map(|alert| alert["rules"].clone()).collect();
    let messages = lab.admin.get("/api/v1/outbox").await.json;
    let is_own = |message: &&Value| message["kind"] != "alert_opened";
    let own = messages["items"].as_array().unwrap().iter().filter(is_own);
    (rules, own.map(|message| json!([message["kind"], message["recipient"]])).collect())
}

#[tokio::test]
async fn odoo_groups_are_read_when_a_user_is_saved_checked_and_once_a_day() {
    let lab = Lab::new().await;
    lab.odoo.answers().groups = vec!["base.group_user", "sales_team.group_sale_salesman"];
    let id = lab.user().await;
    assert_eq!(user(&lab, &id).await["odoo_groups"], json!(["base.group_user", "sales_team.group_sale_salesman"]));
    let all = json!(["sales", "base.group_user", "sales_team.group_sale_salesman"]);
    assert_eq!(groups_in_policy(&lab).await, all);

    lab.odoo.answers().groups = vec!["base.group_user"];
    let checked = lab.admin.post(&format!("/api/v1/users/{id}/check"), json!({})).await;
    assert_eq!(checked.json["odoo_groups"], json!(["base.group_user"]), "{}", checked.text);
    assert_eq!(groups_in_policy(&lab).await, json!(["sales", "base.group_user"]));

    lab.odoo.answers().groups = vec!["base.group_portal"];
    lab.pass(DAY - 1);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(groups_in_policy(&lab).await, json!(["sales", "base.group_user"]), "not due yet");
    lab.pass(1);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(groups_in_policy(&lab).await, json!(["sales", "base.group_portal"]));
    assert_eq!(user(&lab, &id).await["upstream"]["checked_at"], "2030-01-02T00:00:00Z");
    let logins = lab.odoo.answers().logins;
    let revision = lab.revision().await;
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(lab.odoo.answers().logins, logins, "once a day");
    lab.pass(DAY);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(lab.revision().await, revision, "nothing changed, so nothing is pushed");
}

#[tokio::test]
async fn groups_that_odoo_does_not_tell_stay_what_they_were() {
    let lab = Lab::new().await;
    lab.odoo.answers().groups = vec!["base.group_user"];
    let id = lab.user().await;
    lab.odoo.answers().is_silent = true;
    let checked = lab.admin.post(&format!("/api/v1/users/{id}/check"), json!({})).await;
    assert_eq!((checked.status, &checked.json["odoo_groups"]), (StatusCode::OK, &json!(["base.group_user"])));
    let refused = lab.admin.post("/api/v1/users", user_body()).await;
    assert_eq!(refused.problem(), (503, "odoo_unreachable", ""), "nobody knows whether it is an administrator");
    let made = lab.admin.post("/api/v1/users", privileged()).await;
    assert_eq!((made.status, &made.json["odoo_groups"]), (StatusCode::CREATED, &json!([])), "{}", made.text);
    lab.odoo.answers().is_silent = false;
    lab.pass(59);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(user(&lab, &text(&made.json["id"])).await["odoo_groups"], json!([]), "not yet");
    lab.pass(1);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(
        user(&lab, &text(&made.json["id"])).await["odoo_groups"],
        json!(["base.group_user"]),
        "what was never known"
    );
}

/// [`user_body`] of one that may be an administrator of Odoo.
fn privileged() -> Value {
    let mut body = user_body();
    body["privileged"] = json!(true);
    body
}

/// Whether gates refuse the user's calls, by its record and by the policy.
async fn refused(lab: &Lab, id: &str) -> (Value, Value) {
    let policy = lab.policy(lab.revision().await).await;
    let of_policy = policy["users"].as_array().unwrap().iter().find(|user| user["id"] == id).unwrap();
    (user(lab, id).await["refused"].clone(), of_policy["upstream_rejected"].clone())
}

#[tokio::test]
async fn an_administrator_of_odoo_is_taken_only_if_its_record_says_that_it_may_be_one() {
    let lab = Lab::new().await;
    let path = format!("/api/v1/users/{}", lab.user().await);
    for group in administrators::GROUPS {
        lab.odoo.answers().groups = vec!["base.group_user", *group];
        let before = lab.revision().await;
        let secret = json!({"upstream": {"secret": RIGHT}});
        for answer in [lab.admin.post("/api/v1/users", user_body()).await, lab.admin.patch(&path, secret).await] {
            assert_eq!(answer.problem(), (422, "upstream_administrator", "privileged"), "{}", answer.text);
            assert!(answer.text.contains(group) && answer.text.contains("Role / User"), "{}", answer.text);
        }
        assert_eq!(lab.revision().await, before);
        let made = lab.admin.post("/api/v1/users", privileged()).await;
        assert_eq!((made.status, &made.json["privileged"]), (StatusCode::CREATED, &json!(true)), "{}", made.text);
        let id = text(&made.json["id"]);
        assert_eq!(refused(&lab, &id).await, (json!(null), json!(false)));
        let back = lab.admin.patch(&format!("/api/v1/users/{id}"), json!({"privileged": false})).await;
        assert_eq!(back.problem(), (422, "upstream_administrator", "privileged"), "{}", back.text);
        let key = lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": id})).await.json;
        let shown = lab.admin.get(&format!("/api/v1/keys/{}", text(&key["id"]))).await.json;
        assert_eq!(shown["user_privileged"], true);
        let listed = lab.admin.get(&format!("/api/v1/keys?user_id={id}")).await.json;
        assert_eq!(listed["items"][0]["user_privileged"], true);
    }
    lab.odoo.answers().groups = vec!["base.group_user"];
    let key = text(&lab.key().await["id"]);
    assert_eq!(lab.admin.get(&format!("/api/v1/keys/{key}")).await.json["user_privileged"], false);
}

#[tokio::test]
async fn a_user_who_becomes_an_administrator_of_odoo_is_refused_until_it_is_none_or_may_be_one() {
    let lab = Lab::new().await;
    let id = lab.user().await;
    let path = format!("/api/v1/users/{id}");
    lab.odoo.answers().groups = vec!["base.group_user", "base.group_system"];
    for day in 1..=2 {
        lab.pass(DAY);
        credentials::check_due(&lab.app).await.unwrap();
        assert_eq!(refused(&lab, &id).await, (json!("administrator"), json!(true)), "day {day}");
        assert_eq!(told(&lab).await, (vec![json!(["upstream_administrator"])], json!([])), "day {day}");
    }
    let alert = lab.admin.get("/api/v1/alerts").await.json["items"][0].clone();
    let history = lab.admin.get(&format!("/api/v1/alerts/{}", text(&alert["id"]))).await;
    assert!(history.text.contains("base.group_system"), "{}", history.text);
    let renamed = lab.admin.patch(&path, json!({"name": "Grace"})).await;
    assert_eq!(
        (renamed.status, &renamed.json["refused"]),
        (StatusCode::OK, &json!("administrator")),
        "{}",
        renamed.text
    );
    let allowed = lab.admin.patch(&path, json!({"privileged": true})).await;
    assert_eq!(allowed.json["refused"], json!(null), "{}", allowed.text);
    assert_eq!(refused(&lab, &id).await, (json!(null), json!(false)));
    lab.odoo.answers().groups = vec!["base.group_user"];
    lab.admin.post(&format!("{path}/check"), json!({})).await;
    let back = lab.admin.patch(&path, json!({"privileged": false})).await;
    assert_eq!((back.status, &back.json["refused"]), (StatusCode::OK, &json!(null)), "{}", back.text);
}

#[tokio::test]
async fn an_administrator_of_a_version_before_is_refused_from_the_first_start() {
    let lab = Lab::new().await;
    let id = lab.user().await;
    lab.edit("UPDATE users SET privileged = NULL, odoo_groups = '[\"base.group_system\"]'").await;
    lab.restarted().await;
    assert_eq!(user(&lab, &id).await["refused"], "administrator");
    lab.admin.patch(&format!("/api/v1/users/{id}"), json!({"privileged": true})).await;
    assert_eq!(refused(&lab, &id).await, (json!(null), json!(false)));
}

#[tokio::test]
async fn one_replica_checks_a_user() {
    let lab = Lab::new().await;
    for _ in 0..8 {
        lab.user().await;
    }
    let other = lab.restarted().await;
    lab.pass(DAY);
    let before = lab.odoo.answers().logins;
    let (one, two) = tokio::join!(credentials::check_due(&lab.app), credentials::check_due(&other));
    one.unwrap();
    two.unwrap();
    assert_eq!(lab.odoo.answers().logins, before + 8, "five a round, each by one");
}

#[tokio::test]
async fn a_credential_that_odoo_takes_no_more_is_refused_at_the_gates_and_people_are_told() {
    let lab = Lab::new().await;
    let id = lab.user().await;
    lab.odoo.answers().refuses = true;
    lab.pass(DAY);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(user(&lab, &id).await["upstream"]["rejected"], true);
    assert_eq!(lab.policy(lab.revision().await).await["users"][0]["upstream_rejected"], true);
    let told_once = (vec![json!(["credential_rejected"])], json!([["credential_rejected", "ada@example.com"]]));
    assert_eq!(told(&lab).await, told_once);
    let before = lab.odoo.answers().logins;
    lab.pass(DAY);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(lab.odoo.answers().logins, before + 1, "one try a day");
    assert_eq!(told(&lab).await, told_once, "one mail");
    lab.odoo.answers().refuses = false;
    lab.admin.post(&format!("/api/v1/users/{id}/check"), json!({})).await;
    assert_eq!(lab.policy(lab.revision().await).await["users"][0]["upstream_rejected"], false);
}

#[tokio::test]
async fn somebody_is_told_before_an_odoo_api_key_ends() {
    let lab = Lab::new().await;
    let ends = ["2030-03-01 00:00:00", "2030-02-01 12:30:00", "2029-12-01 00:00:00"];
    lab.odoo.answers().ends = ends.map(|end| json!(end)).into_iter().chain([json!(false)]).collect();
    let mut body = user_body();
    body["upstream"]["secret"] = json!(API_KEY);
    let id = text(&lab.admin.post("/api/v1/users", body).await.json["id"]);
    let by_password = lab.user().await;
    assert_eq!(user(&lab, &id).await["upstream"]["ends_at"], "2030-02-01T12:30:00Z", "the first to end");
    assert_eq!(user(&lab, &by_password).await["upstream"]["ends_at"], json!(null), "a password has no end");
    lab.pass(17 * DAY);
    credentials::check_due(&lab.app).await.unwrap();
    assert_eq!(told(&lab).await, (vec![], json!([])));
    for _ in 0..2 {
        lab.pass(DAY);
        credentials::check_due(&lab.app).await.unwrap();
        let once = json!([["odoo_key_expiring", "ada@example.com"]]);
        assert_eq!(told(&lab).await, (vec![json!(["credential_expiring"])], once));
    }
}

#[tokio::test]
async fn a_two_factor_user_and_an_api_key_that_has_ended_are_clear_problems() {
    let lab = Lab::new().await;
    lab.odoo.answers().two_factor = true;
    let answer = lab.admin.post("/api/v1/users", user_body()).await;
    assert_eq!(answer.problem(), (422, "upstream_credential_rejected", "upstream.secret"));
    assert!(answer.text.contains("two-factor"), "{}", answer.text);
    let mut body = user_body();
    body["upstream"]["secret"] = json!("wrong");
    let answer = lab.admin.post("/api/v1/users", body.clone()).await;
    assert!(!answer.text.contains("two-factor"), "{}", answer.text);
    body["upstream"]["secret"] = json!("f".repeat(40));
    let answer = lab.admin.post("/api/v1/users", body.clone()).await;
    assert_eq!(answer.problem(), (422, "upstream_credential_rejected", "upstream.secret"));
    assert!(answer.text.contains("API key: it has expired"), "{}", answer.text);
    body["upstream"]["secret"] = json!(API_KEY);
    assert_eq!(lab.admin.post("/api/v1/users", body).await.status, StatusCode::CREATED, "its API key is taken");
}
