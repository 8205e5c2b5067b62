use axum::http::StatusCode;
use lictor_control_plane::domain::message::Channel;
use lictor_control_plane::secrets::stored::Sealed;
use lictor_control_plane::store::Database;
use lictor_control_plane::store::outbox::owner;
use lictor_policy::key::{Key, KeyHash, Presented};
use serde_json::{Value, json};

use crate::smtp::Smtp;
use crate::support::{Lab, text, user_body};

pub(crate) const DAY: u64 = 24 * 3600;

/// With rotation on, and a mail server that nobody asks.
async fn rotating(rotation: Value) -> Lab {
    let lab = mailless(rotation).await;
    Smtp::start().await.serves(&lab.app);
    lab
}

/// With rotation on.
async fn mailless(rotation: Value) -> Lab {
    let lab = Lab::new().await;
    let mut settings = json!({"enabled": true});
    settings.as_object_mut().unwrap().extend(rotation.as_object().unwrap().clone());
    let answer = lab.admin.patch("/api/v1/settings", json!({"rotation": settings})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    lab
}

/// With links.
pub(crate) async fn linking() -> Lab {
    rotating(json!({"delivery": "link", "public_url": "https://lictor.example.com/"})).await
}

/// A new key of a new user that lives for so many days.
pub(crate) async fn key(lab: &Lab, days: u64) -> Value {
    let user = lab.user().await;
    key_of(lab, &user, days).await
}

async fn key_of(lab: &Lab, user: &str, days: u64) -> Value {
    let end = lab.app.now().plus(std::time::Duration::from_secs(days * DAY)).to_string();
    let body = json!({"name": "agent", "user_id": user, "scopes": ["read"], "models": ["res.partner"],
                      "ip_allow_list": ["192.0.2.0/24"], "rate_limit_per_minute": 7, "session_limit": 2,
                      "expires_at": end});
    let answer = lab.admin.post("/api/v1/keys", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json
}

pub(crate) async fn now(lab: &Lab, key: &Value) -> Value {
    let answer = lab.admin.get(&path(key)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json
}

pub(crate) fn path(key: &Value) -> String {
    format!("/api/v1/keys/{}", text(&key["id"]))
}

pub(crate) async fn rotated(lab: &Lab) -> (Value, Value) {
    let run = lab.run("key_rotation").await;
    assert_ne!(run["last_outcome"], "failed", "{run}");
    let report = &run["last_report"];
    (report["rotated"].clone(), report["not_rotated"].clone())
}

/// The messages in the outbox that carry a secret.
pub(crate) async fn messages(lab: &Lab) -> Vec<Value> {
    let mut connection = lab.app.store.read().await.unwrap();
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, sealed FROM outbox WHERE sealed IS NOT NULL ORDER BY id")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    let open = |(id, sealed): &(String, String)| {
        let message = lab.app.vault.open(&Sealed::new(sealed), &owner(id)).unwrap();
        serde_json::from_str(message.expose()).unwrap()
    };
    rows.iter().map(open).collect()
}

async fn alerts(lab: &Lab) -> Vec<Value> {
    lab.admin.get("/api/v1/alerts").await.json["items"].as_array().unwrap().clone()
}

/// The policy's record of a key.
pub(crate) async fn in_policy(lab: &Lab, key: &Value) -> Option<Value> {
    let policy = lab.policy(lab.revision().await).await;
    let mut records = policy["keys"].as_array().unwrap().iter().map(|found| &found["record"]);
    records.find(|found| found["id"] == key["id"]).cloned()
}

pub(crate) fn verifies(plain: &Value, key: &Value) -> bool {
    let Presented::Key(plain) = Key::recognise(plain.as_str().unwrap()) else { panic!("not a key") };
    KeyHash::parse(key["hash"].as_str().unwrap()).unwrap().verify(&plain)
}

#[tokio::test]
async fn a_key_in_the_window_is_replaced_once_and_its_user_gets_the_new_one() {
    let lab = rotating(json!({})).await;
    let old = key(&lab, 30).await;
    lab.pass(23 * DAY - 1);
    assert_eq!(rotated(&lab).await, (json!(0), json!(0)), "before the window");
    lab.pass(1);
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)));
    let replaced = now(&lab, &old).await;
    assert_eq!(
        (&replaced["expires_at"], &replaced["active"]),
        (&old["expires_at"], &json!(true)),
        "good until its date"
    );
    let new = now(&lab, &json!({"id": replaced["rotated_to"]})).await;
    assert_eq!((&new["rotated_from"], &new["rotated_to"]), (&old["id"], &json!(null)));
    for term in ["name", "user_id", "scopes", "models", "ip_allow_list", "rate_limit_per_minute", "session_limit"] {
        assert_eq!(new[term], old[term], "{term}");
    }
    assert_eq!(new["expires_at"], "2030-02-23T00:00:00Z", "as long a life as its predecessor's");

    let [message] = messages(&lab).await.try_into().unwrap();
    assert_eq!(message["kind"], "key_rotated");
    assert_eq!((&message["old_prefix"], &message["old_valid_until"]), (&old["prefix"], &old["expires_at"]));
    let (before, after) = (in_policy(&lab, &old).await.unwrap(), in_policy(&lab, &new).await.unwrap());
    assert!(verifies(&message["key"], &after));
    assert_eq!((&before["line"], &before["slot"]), (&after["line"], &after["slot"]), "limits and sessions go on");

    lab.pass(DAY);
    assert_eq!(rotated(&lab).await, (json!(0), json!(0)), "once");
    lab.pass(6 * DAY);
    lab.run("expired_key_cleanup").await;
    lab.run("rate_limiter_cleanup").await;
    assert_eq!(in_policy(&lab, &old).await, None);
    assert_eq!(in_policy(&lab, &new).await.unwrap()["slot"], after["slot"], "whether or not the mail was sent by now");
    lab.pass(16 * DAY);
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)), "the new key in its turn");
}

#[tokio::test]
async fn the_window_is_at_most_half_a_keys_life() {
    let lab = rotating(json!({"window_days": 30})).await;
    let short = key(&lab, 4).await;
    lab.pass(2 * DAY - 1);
    assert_eq!(rotated(&lab).await, (json!(0), json!(0)));
    lab.pass(1);
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)));
    assert_eq!(
        now(&lab, &json!({"id": now(&lab, &short).await["rotated_to"]})).await["expires_at"],
        "2030-01-07T00:00:00Z"
    );
}

#[tokio::test]
async fn keys_without_an_end_or_past_it_and_keys_that_may_not_be_used_are_left_alone() {
    let lab = rotating(json!({})).await;
    let user = lab.user().await;
    let [expired, revoked, inactive, paused] = [
        key_of(&lab, &user, 20).await,
        key_of(&lab, &user, 30).await,
        key_of(&lab, &user, 30).await,
        key(&lab, 30).await,
    ];
    lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user})).await;
    lab.admin.post(&format!("{}/revoke", path(&revoked)), json!({})).await;
    lab.admin.patch(&path(&inactive), json!({"active": false})).await;
    let pause = json!({"scope": "user", "id": paused["user_id"], "reason": "on leave"});
    let pause = lab.admin.post("/api/v1/pauses", pause).await.json;
    lab.pass(20 * DAY);
    lab.run("key_rotation").await;
    lab.pass(8 * DAY);
    assert_eq!(rotated(&lab).await, (json!(0), json!(0)));
    for key in [&expired, &revoked, &inactive, &paused] {
        assert_eq!(now(&lab, key).await["rotated_to"], json!(null));
    }
    lab.admin.delete(&format!("/api/v1/pauses/{}", text(&pause["id"]))).await;
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)), "when the pause is over");
    lab.admin.patch("/api/v1/settings", json!({"rotation": {"enabled": false}})).await;
    key(&lab, 2).await;
    lab.pass(DAY);
    assert_eq!(rotated(&lab).await, (json!(0), json!(0)), "rotation is off");
}

#[tokio::test]
async fn a_key_whose_user_cannot_be_mailed_is_not_replaced_and_administrators_are_told() {
    let lab = mailless(json!({})).await;
    let mut body = user_body();
    body["email"] = json!(null);
    let user = text(&lab.admin.post("/api/v1/users", body).await.json["id"]);
    lab.admin.patch("/api/v1/settings", json!({"alerts": {"recipients": ["ops@example.com"]}})).await;
    let old = key_of(&lab, &user, 30).await;
    lab.pass(28 * DAY);
    for _ in 0..2 {
        assert_eq!(rotated(&lab).await, (json!(0), json!(1)));
    }
    let [alert] = alerts(&lab).await.try_into().unwrap();
    assert_eq!((&alert["key_id"], &alert["rules"]), (&old["id"], &json!(["key_not_rotated"])), "{alert}");
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox WHERE kind = 'rotation_failed'").await, 1);
    assert_eq!((now(&lab, &old).await["rotated_to"].clone(), messages(&lab).await.len()), (json!(null), 0));
    lab.admin.patch(&format!("/api/v1/users/{user}"), json!({"email": "ada@example.com"})).await;
    assert_eq!(rotated(&lab).await, (json!(0), json!(1)), "there is no mail server");
    let smtp = Smtp::start().await;
    smtp.serves(&lab.app);
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)), "as soon as there is an address and a server");
    let [message] = messages(&lab).await.try_into().unwrap();
    while lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap() > 0 {}
    assert!(smtp.taken().iter().any(|mail| mail.contains(message["key"].as_str().unwrap())));
    assert_eq!(messages(&lab).await.len(), 0, "wiped once sent");
}

#[tokio::test]
async fn a_new_key_that_does_not_reach_its_user_is_an_alert_and_can_be_sent_again() {
    let lab = mailless(json!({})).await;
    let smtp = Smtp::start().await;
    smtp.serves(&lab.app);
    let old = key(&lab, 30).await;
    lab.pass(28 * DAY);
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)));
    let [message] = messages(&lab).await.try_into().unwrap();
    let mut resend = String::new();
    for count in 1..=2 {
        smtp.reply(&["550 nobody here"]);
        assert_eq!(lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap(), 1);
        let [alert] = alerts(&lab).await.try_into().unwrap();
        let new = &now(&lab, &old).await["rotated_to"];
        let expected = (new, &json!(["key_not_delivered"]), &json!(count));
        assert_eq!((&alert["key_id"], &alert["rules"], &alert["count"]), expected, "{alert}");
        let shown = lab.admin.get(&format!("/api/v1/alerts/{}", text(&alert["id"]))).await;
        let failed = lab.admin.get("/api/v1/outbox?state=failed").await.json["items"][0].clone();
        let note = text(&shown.json["history"][0]["text"]);
        for told in [failed["id"].as_str().unwrap(), "ada@example.com", "550", "resend", "regenerate"] {
            assert!(note.contains(told), "{told}: {note}");
        }
        assert!(!shown.text.contains(message["key"].as_str().unwrap()));
        resend = format!("/api/v1/outbox/{}/resend", text(&failed["id"]));
        assert_eq!(lab.admin.post(&resend, json!({})).await.status, StatusCode::OK);
    }
    lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap();
    assert!(smtp.taken()[0].contains(message["key"].as_str().unwrap()), "the key was kept for it");
    assert_eq!(lab.admin.post(&resend, json!({})).await.problem(), (409, "not_sendable", ""), "wiped once sent");
}

#[tokio::test]
async fn a_key_that_is_worth_nothing_any_more_is_not_sent_to_its_user() {
    for (verb, does) in [("POST", "/regenerate"), ("POST", "/revoke"), ("DELETE", "")] {
        let lab = rotating(json!({})).await;
        let old = key(&lab, 30).await;
        lab.pass(28 * DAY);
        lab.run("key_rotation").await;
        let new = path(&json!({"id": now(&lab, &old).await["rotated_to"]}));
        let done = lab.admin.send(verb, &format!("{new}{does}"), None, &[("if-match", "*")]).await;
        assert!(done.status.is_success(), "{}", done.text);
        assert_eq!(
            lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap(),
            0,
            "{verb} {does}"
        );
        let message = lab.admin.get("/api/v1/outbox").await.json["items"][0].clone();
        assert_eq!(message["state"], "cancelled", "{verb} {does}");
        let resend = format!("/api/v1/outbox/{}/resend", text(&message["id"]));
        assert_eq!(lab.admin.post(&resend, json!({})).await.problem(), (409, "not_sendable", ""));
    }
}

#[tokio::test]
async fn no_step_that_fails_leaves_half_a_rotation() {
    let lab = linking().await;
    let old = key(&lab, 30).await;
    lab.pass(28 * DAY);
    let postgres = lab.app.store.database() == Database::Postgres;
    if postgres {
        let crash = "BEGIN RAISE EXCEPTION 'crash'; END";
        lab.tamper(format!(
            "CREATE OR REPLACE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS '{}'",
            crash.replace('\'', "''")
        ))
        .await;
    }
    for (step, table, when) in [
        ("INSERT", "keys", ""),
        ("UPDATE", "keys", ""),
        ("INSERT", "links", ""),
        ("INSERT", "outbox", ""),
        ("INSERT", "admin_audit", "WHEN (NEW.action = 'key.rotate')"),
    ] {
        let does = if postgres { "EXECUTE FUNCTION crash()" } else { "BEGIN SELECT RAISE(ABORT, 'crash'); END" };
        lab.tamper(format!("CREATE TRIGGER crash BEFORE {step} ON {table} FOR EACH ROW {when} {does}")).await;
        let run = lab.run("key_rotation").await;
        assert_eq!(run["last_outcome"], "failed", "{step} {table}: {run}");
        lab.tamper(if postgres { format!("DROP TRIGGER crash ON {table}") } else { "DROP TRIGGER crash".to_owned() })
            .await;
        assert_eq!(now(&lab, &old).await["rotated_to"], json!(null), "{step} {table}");
        let left =
            "SELECT (SELECT COUNT(*) FROM keys) - 1 + (SELECT COUNT(*) FROM links) + (SELECT COUNT(*) FROM outbox)";
        assert_eq!(lab.number(left).await, 0, "{step} {table}");
    }
    assert_eq!(rotated(&lab).await, (json!(1), json!(0)));
    assert_eq!(messages(&lab).await.len(), 1);
}

#[tokio::test]
async fn many_keys_are_replaced_in_bounded_steps() {
    let lab = rotating(json!({})).await;
    let user = lab.user().await;
    for _ in 0..25 {
        key_of(&lab, &user, 30).await;
    }
    lab.pass(28 * DAY);
    lab.app.stopping.send_replace(true);
    let run = lab.run("key_rotation").await;
    assert_eq!((&run["last_outcome"], &run["last_report"]["rotated"]), (&json!("continues"), &json!(20)));
    assert_eq!(rotated(&lab).await, (json!(5), json!(0)));
}

#[tokio::test]
async fn a_key_is_rotated_by_hand_with_an_overlap() {
    let lab = Lab::new().await;
    let manager = lab.caller("manager").await;
    let old = key(&lab, 30).await;
    lab.pass(DAY);
    let rotate = format!("{}/rotate", path(&old));
    let new = manager.post(&rotate, json!({"overlap_seconds": 3600})).await;
    assert_eq!(new.status, StatusCode::CREATED, "{}", new.text);
    assert_eq!((&new.json["rotated_from"], &new.json["expires_at"]), (&old["id"], &json!("2030-02-01T00:00:00Z")));
    let before = now(&lab, &old).await;
    assert_eq!((&before["rotated_to"], &before["expires_at"]), (&new.json["id"], &json!("2030-01-02T01:00:00Z")));
    let after = in_policy(&lab, &new.json).await.unwrap();
    assert!(verifies(&new.json["key"], &after));
    assert_eq!(in_policy(&lab, &old).await.unwrap()["slot"], after["slot"]);
    assert!(!now(&lab, &new.json).await.as_object().unwrap().contains_key("key"), "shown this once");
    assert_eq!(manager.post(&rotate, json!({"overlap_seconds": 0})).await.problem(), (409, "key_rotated", ""));

    let rotate = format!("{}/rotate", path(&new.json));
    let third = manager.post(&rotate, json!({"overlap_seconds": 0})).await.json;
    assert_eq!(now(&lab, &new.json).await["active"], false, "0 is now");
    assert_eq!(in_policy(&lab, &new.json).await, None);
    assert_eq!(in_policy(&lab, &third).await.unwrap()["slot"], after["slot"]);
    let year = manager.post(&format!("{}/rotate", path(&third)), json!({"overlap_seconds": 31_536_000})).await.json;
    assert_eq!(now(&lab, &third).await["expires_at"], third["expires_at"], "never longer than it was good for");
    assert_eq!(year["rotated_from"], third["id"]);
}

#[tokio::test]
async fn a_key_without_an_end_has_a_successor_without_one() {
    let lab = Lab::new().await;
    let old = lab.key().await;
    let new = lab.admin.post(&format!("{}/rotate", path(&old)), json!({"overlap_seconds": 60})).await.json;
    assert_eq!(new["expires_at"], json!(null));
    assert_eq!(now(&lab, &old).await["expires_at"], "2030-01-01T00:01:00Z");
}

#[tokio::test]
async fn what_cannot_be_rotated_by_hand_is_a_problem_and_changes_nothing() {
    let lab = Lab::new().await;
    let (good, revoked, inactive, expired) =
        (key(&lab, 30).await, lab.key().await, lab.key().await, key(&lab, 1).await);
    lab.admin.post(&format!("{}/revoke", path(&revoked)), json!({})).await;
    lab.admin.patch(&path(&inactive), json!({"active": false})).await;
    lab.pass(DAY);
    let before = lab.revision().await;
    let now = json!({"overlap_seconds": 0});
    for (key, body, problem) in [
        (&good, json!({}), (422, "missing_field", "overlap_seconds")),
        (&good, json!({"overlap_seconds": -1}), (422, "invalid_field", "overlap_seconds")),
        (&good, json!({"overlap_seconds": 40_000_000}), (422, "invalid_field", "overlap_seconds")),
        (&good, json!({"overlap": 1}), (422, "unknown_field", "overlap")),
        (&revoked, now.clone(), (409, "key_revoked", "")),
        (&inactive, now.clone(), (409, "key_inactive", "")),
        (&expired, now.clone(), (409, "key_inactive", "")),
        (&json!({"id": "none"}), now, (404, "not_found", "")),
    ] {
        assert_eq!(lab.admin.post(&format!("{}/rotate", path(key)), body).await.problem(), problem);
    }
    assert_eq!(lab.revision().await, before);
}
