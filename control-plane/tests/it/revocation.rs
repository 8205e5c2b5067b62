//! Whatever sealed secret is damaged in the database, every route that takes rights away does so, and gates hear of it.

use lictor_control_plane::api::router::api_table;
use lictor_control_plane::app::change::{Done, change};
use lictor_control_plane::app::outbox::{self, OutboxMessage};
use lictor_control_plane::app::{App, key_links};
use lictor_control_plane::domain::actor::Actor;
use lictor_control_plane::domain::message::{KeyRotated, Message};
use lictor_control_plane::domain::time::Moment;
use lictor_control_plane::http::route::Route;
use lictor_control_plane::store::sealed;
use lictor_control_plane::tasks::proofs::look;
use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::proofs::furnished;
use crate::support::{Caller, Lab, START, event, send, text, user_body};

/// What the routes are tried on.
struct Records {
    /// Whose secret is damaged; one of them has the keys.
    users: Vec<String>,
    keys: Vec<String>,
    session: String,
    gates: Vec<String>,
    webhook: String,
    accounts: Vec<String>,
    token: String,
    spent: Caller,
}

/// What a route does to rights, and how it is asked to take some: with these in the place of `{id}`, and these bodies.
enum Effect<'r> {
    /// Takes them away, whatever state the database is in.
    Takes(Vec<(&'r str, Value)>),
    /// Edits them, in one way or the other: what it edits must prove itself.
    Edits(Vec<(&'r str, Value)>),
    /// Gives some, or has nothing to do with them.
    TakesNone,
}

/// Every route that is not a `GET` has a line here.
fn effect<'r>(route: &Route<App>, on: &'r Records) -> Effect<'r> {
    use Effect::{Edits, Takes, TakesNone};
    let key = |at: usize| on.keys[at].as_str();
    let with = |id: &'r str, body: Value| vec![(id, body)];
    let one = |id: &'r str| with(id, json!({}));
    match (route.verb.name(), route.path.trim_start_matches("/api/v1")) {
        ("GET", _) => TakesNone,
        ("POST", "/sign-out") => Takes(one("")),
        ("DELETE", "/users/{id}") => Takes(one(&on.users[1])),
        ("DELETE", "/keys/{id}") => Takes(one(key(1))),
        ("POST", "/keys/{id}/revoke") => Takes(one(key(2))),
        ("DELETE", "/permissions/{model}") => Takes(one("res.partner")),
        ("DELETE", "/profiles/{profile}/permissions/{model}") => Takes(one("res.country")),
        ("DELETE", "/profiles/{profile}") => Takes(one("other")),
        ("POST", "/sessions/{id}/terminate") => Takes(one(&on.session)),
        ("POST", "/emergency-revocation") => Takes(with("", json!({"reason": "r", "confirm": "REVOKE ALL KEYS"}))),
        ("POST", "/pauses") => Takes(vec![
            ("", json!({"scope": "user", "id": on.users[0], "reason": "r"})),
            ("", json!({"scope": "all", "reason": "r"})),
        ]),
        ("POST", "/gates/{id}/revoke") => Takes(one(&on.gates[0])),
        ("DELETE", "/gates/{id}") => Takes(one(&on.gates[1])),
        ("DELETE", "/webhooks/{id}") => Takes(one(&on.webhook)),
        ("DELETE", "/accounts/{id}/password") => Takes(one(&on.accounts[1])),
        ("DELETE", "/accounts/{id}") => Takes(one(&on.accounts[0])),
        ("DELETE", "/tokens/{id}") => Takes(one(&on.token)),
        // An account and a key are closed by an edit that depends on nothing but them.
        ("PATCH", "/accounts/{id}") => Takes(with(&on.accounts[1], json!({"active": false}))),
        ("PATCH", "/keys/{id}") => Takes(with(key(3), json!({"active": false}))),

        ("PATCH", "/users/{id}") => Edits(with(&on.users[0], json!({"groups": []}))),
        ("POST", "/keys/{id}/regenerate") => Edits(one(key(4))),
        ("POST", "/keys/{id}/rotate") => Edits(with(key(5), json!({"overlap_seconds": 0}))),
        ("PUT" | "PATCH", "/permissions/{model}") => Edits(one("res.users")),
        ("PUT" | "PATCH", "/profiles/{profile}/permissions/{model}") => Edits(one("res.bank")),
        ("PATCH", "/settings") => Edits(with("", json!({"enforcement": "require"}))),
        ("POST", "/gates/{id}/rotate") => Edits(one(&on.gates[2])),
        ("PUT", "/accounts/{id}/password") => {
            Edits(with(&on.accounts[1], json!({"password": "correct horse battery"})))
        }

        (
            "POST",
            // A bulk action on keys names the plan of its dry run: `keys_bulk.rs` takes rights away with it.
            "/keys/bulk" | "/sign-in" | "/link/{token}" | "/users" | "/users/{id}/check" | "/keys" | "/explain"
            | "/explain/cases" | "/explain/replay" | "/policy/diff",
        )
        | ("PUT", "/me/password")
        | ("POST", "/alerts/{id}/resolve" | "/alerts/{id}/reopen" | "/alerts/{id}/comments")
        | ("DELETE", "/pauses/{id}")
        | ("POST", "/jobs/{name}/run" | "/gates" | "/outbox/test" | "/outbox/{id}/resend")
        | ("POST", "/webhooks" | "/accounts" | "/tokens")
        | ("POST", "/schema/refresh" | "/profiles")
        | ("PATCH", "/profiles/{profile}")
        | ("PATCH", "/jobs/{name}" | "/gates/{id}" | "/webhooks/{id}") => TakesNone,
        (verb, path) => panic!("say here what {verb} {path} does to rights"),
    }
}

async fn with_records() -> (Lab, Records) {
    let lab = Lab::new().await;
    let admin = &lab.admin;
    let id = |answer: &Value| text(&answer["id"]);
    let mut users = Vec::new();
    for _ in 0..2 {
        let mut body = user_body();
        body["name"] = json!("Damaged");
        users.push(id(&admin.post("/api/v1/users", body).await.json));
    }
    let mut keys = vec![id(&lab.key().await)];
    for _ in 1..6 {
        keys.push(id(&admin.post("/api/v1/keys", json!({"name": "k", "user_id": users[0]})).await.json));
    }
    for model in ["res.partner", "res.users"] {
        admin.put(&format!("/api/v1/permissions/{model}"), json!({"read": true})).await;
    }
    for profile in ["sales", "other"] {
        admin.post("/api/v1/profiles", json!({"name": profile})).await;
        for model in ["res.country", "res.bank"] {
            admin.put(&format!("/api/v1/profiles/{profile}/permissions/{model}"), json!({"read": true})).await;
        }
    }
    let (reporter, gate) = lab.gate().await;
    send(&gate, "b", vec![event(0, json!({"key_id": keys[3], "database": "odoo", "session": "s"}))]).await;
    let session = id(&admin.get("/api/v1/sessions").await.json["items"][0]);
    let gates = vec![lab.gate().await.0, lab.gate().await.0, reporter];
    let webhook = json!({"name": "w", "url": "https://example.com/"});
    let webhook = id(&admin.post("/api/v1/webhooks", webhook).await.json);
    let (first, second) = (lab.caller("manager").await, lab.caller("manager").await);
    let [first, second] = [first.get("/api/v1/me").await.json, second.get("/api/v1/me").await.json];
    let (accounts, token) = (vec![id(&first["account"]), id(&second["account"])], id(&second["token"]));
    let spent = lab.caller("user").await;

    // A message and a link with a key, so that every column that holds something sealed has some.
    let (key_id, key) = (keys[0].clone(), Secret::new("lct_0123456789abcdefghijABCDEFGHIJ0123456789AbCdEf"));
    let rotated = Message::KeyRotated(KeyRotated {
        key_id: key_id.clone(),
        user_name: "Ada".to_owned(),
        key_name: "k".to_owned(),
        old_prefix: "abcdefgh".to_owned(),
        old_valid_until: Moment(START),
        key: key.clone(),
        expires_at: None,
    });
    change(&lab.app, &Actor::system(), async |tx| {
        outbox::enqueue(tx, [OutboxMessage::mail("e", "ada@example.com", rotated)]).await?;
        key_links::make(tx, "https://lictor.example.com", &key_id, &key, Moment(START + 1_000_000)).await?;
        Ok(((), Done::new::<()>("test", "test", None, None)))
    })
    .await
    .unwrap();
    let records = Records { users, keys, session, gates, webhook, accounts, token, spent };
    (lab, records)
}

fn key_ids(policy: &Value) -> Vec<String> {
    policy["keys"].as_array().unwrap().iter().map(|key| text(&key["record"]["id"])).collect()
}

/// Tries every route that takes rights away, and those that edit them if what they edit proves itself.
async fn take_everything_away(lab: &Lab, records: &Records, damaged: &str, edits: bool) {
    for route in api_table() {
        let (calls, takes) = match effect(&route, records) {
            Effect::Takes(calls) => (calls, true),
            Effect::Edits(calls) if edits => (calls, false),
            _ => continue,
        };
        for (target, body) in calls {
            let profile = if route.path.contains("{model}") { "sales" } else { target };
            let path = route.path.replace("{id}", target).replace("{model}", target).replace("{profile}", profile);
            let seen = format!("{damaged}: {} {path}", route.verb.name());
            let answer = match (route.verb.name(), route.path) {
                ("POST", "/api/v1/sign-out") => records.spent.post(&path, body).await,
                ("POST", _) => lab.admin.post(&path, body).await,
                ("PUT", _) => lab.admin.put(&path, body).await,
                ("PATCH", _) => lab.admin.patch(&path, body).await,
                _ => lab.admin.delete(&path).await,
            };
            assert!(answer.status.is_success(), "{seen}: {}", answer.text);
            if takes && (route.path.contains("/keys/") || route.path.contains("/permissions/")) {
                let policy = lab.policy(lab.revision().await).await;
                let permissions = policy["permissions"].as_array().unwrap();
                let profile = if route.path.contains("{profile}") { json!("sales") } else { Value::Null };
                let is_open = permissions.iter().any(|one| one["model"] == target && one["profile"] == profile);
                assert!(!is_open && !key_ids(&policy).iter().any(|id| id == target), "{seen}: {policy}");
            }
        }
    }
}

#[tokio::test]
async fn what_takes_rights_away_needs_no_secret_that_opens() {
    // As somebody has left it, and then the users' as an operator has accepted it.
    let columns = sealed::columns().into_iter().map(|column| (column, false));
    for (column, accepted) in columns.chain([("users.upstream_secret".to_owned(), true)]) {
        let (lab, records) = with_records().await;
        let (table, name) = column.split_once('.').unwrap();
        let condition = if table == "users" { "name = 'Damaged'" } else { "1 = 1" };
        let sql = format!("UPDATE {table} SET {name} = 'v1.damaged' WHERE {name} IS NOT NULL AND {condition}");
        if accepted {
            lab.edit(sql).await
        } else {
            lab.tamper(sql).await
        }
        let damaged = format!("{column}, accepted: {accepted}");

        look(&lab.app).await.unwrap();
        let policy = lab.policy(lab.revision().await).await;
        let ids = key_ids(&policy);
        assert!(ids.contains(&records.keys[0]), "{damaged}: the other user's key");
        if table == "users" {
            assert_eq!(ids, [records.keys[0].as_str()], "{damaged}: closed until proven open");
            let alerts = lab.admin.get("/api/v1/alerts").await.json;
            assert_eq!(alerts["items"][0]["rules"], json!(["row_unproven"]), "{damaged}: administrators hear of it");
        }
        take_everything_away(&lab, &records, &damaged, accepted || !["users", "meta"].contains(&table)).await;

        let policy = lab.policy(lab.revision().await).await;
        assert_eq!(policy["keys"], json!([]), "{damaged}");
        assert_eq!(policy["pauses"][0], json!({"scope": "all"}), "{damaged}");
        assert_ne!(policy["terminations"], json!([]), "{damaged}");
        assert_eq!(lab.number("SELECT COUNT(*) FROM keys WHERE active = 1").await, 0, "{damaged}");
    }
}

#[tokio::test]
async fn a_key_whose_users_secret_does_not_open_is_explained_as_gates_see_it() {
    let lab = Lab::new().await;
    let key = text(&lab.key().await["id"]);
    lab.edit("UPDATE users SET upstream_secret = 'v1.damaged'").await;
    let question = json!({"key_id": key, "client_ip": "192.0.2.1", "model": "res.partner", "method": "read"});
    let answer = lab.admin.post("/api/v1/explain", question).await.json;
    assert_eq!((&answer["outcome"], &answer["reason"]), (&json!("denied"), &json!("invalid_key")), "{answer}");
    assert!(text(&answer["checks"][0]["detail"]).contains("cannot be opened"), "{answer}");
}

#[tokio::test]
async fn what_takes_rights_away_depends_on_nothing_else() {
    let broken = [
        "UPDATE settings SET body = '{}'",
        "UPDATE users SET upstream_secret = 'v1.x.y'",
        "UPDATE users SET upstream_login = 'other'",
        "UPDATE keys SET scopes = '[\"read\"]'",
        "UPDATE permissions SET operations = '[]'",
        "UPDATE pauses SET target = 'other'",
        "UPDATE meta SET proof = NULL",
    ];
    for broken in broken {
        let lab = furnished().await;
        let (key, other) = (lab.key().await, lab.key().await);
        let account = lab.caller("manager").await;
        let account = text(&account.get("/api/v1/me").await.json["account"]["id"]);
        let token = json!({"account_id": account, "name": "t", "role": "user"});
        let token = text(&lab.admin.post("/api/v1/tokens", token).await.json["id"]);
        let (gates, _) = (lab.gate().await, lab.gate().await);
        let (_, reporter) = lab.gate().await;
        let used = json!({"key_id": key["id"], "database": "odoo", "session": "t"});
        send(&reporter, "c", vec![event(1, used)]).await;
        let sessions = lab.admin.get(&format!("/api/v1/sessions?key_id={}", text(&key["id"]))).await.json;
        let session = text(&sessions["items"][0]["id"]);
        lab.policy(lab.revision().await).await;
        lab.tamper(broken).await;

        let (key, other) = (text(&key["id"]), text(&other["id"]));
        let admin = &lab.admin;
        for (method, path, body) in [
            ("POST", format!("sessions/{session}/terminate"), json!({})),
            ("POST", "pauses".to_owned(), json!({"scope": "writes", "reason": "r"})),
            ("POST", format!("keys/{key}/revoke"), json!({})),
            ("DELETE", format!("keys/{key}"), json!({})),
            ("DELETE", "permissions/res.partner".to_owned(), json!({})),
            ("DELETE", format!("tokens/{token}"), json!({})),
            ("PATCH", format!("accounts/{account}"), json!({"active": false})),
            ("DELETE", format!("accounts/{account}"), json!({})),
            ("POST", format!("gates/{}/revoke", gates.0), json!({})),
            ("DELETE", format!("gates/{}", gates.0), json!({})),
            ("PATCH", format!("keys/{other}"), json!({"active": false})),
            ("POST", "pauses".to_owned(), json!({"scope": "all", "reason": "r"})),
            ("POST", "emergency-revocation".to_owned(), json!({"reason": "r", "confirm": "REVOKE ALL KEYS"})),
        ] {
            if method == "PATCH" && path.starts_with("keys") && broken.contains("keys SET") {
                continue; // It is not used; it can be revoked.
            }
            let body = (method != "DELETE" && !path.ends_with("/revoke") && !path.ends_with("/terminate"))
                .then(|| body.to_string());
            let whatever: &[_] = if method == "POST" { &[] } else { &[("if-match", "*")] };
            let answer = admin.send(method, &format!("/api/v1/{path}"), body, whatever).await;
            assert!(answer.status.is_success(), "{broken}; {method} {path}: {}", answer.text);
        }
        let policy = lab.policy(lab.revision().await).await;
        assert_eq!(policy["keys"], json!([]), "{broken}");
        assert_eq!(policy["pauses"][0], json!({"scope": "all"}), "{broken}");
        assert_eq!(lab.number("SELECT COUNT(*) FROM keys WHERE active = 1").await, 0, "{broken}");
    }
}
