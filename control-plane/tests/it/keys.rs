use axum::http::StatusCode;
use lictor_policy::key::{Key, KeyHash, Presented};
use serde_json::{Value, json};

use crate::support::{Lab, text};

fn path(key: &Value) -> String {
    format!("/api/v1/keys/{}", key["id"].as_str().unwrap())
}

async fn verifies(lab: &Lab, key: &Value) -> bool {
    let policy = lab.policy(lab.revision().await).await;
    let Presented::Key(plain) = Key::recognise(key["key"].as_str().unwrap()) else { panic!("not a key") };
    let keys = policy["keys"].as_array().unwrap();
    let stored = keys.iter().find(|stored| stored["prefix"] == plain.prefix());
    stored.is_some_and(|stored| KeyHash::parse(stored["record"]["hash"].as_str().unwrap()).unwrap().verify(&plain))
}

#[tokio::test]
async fn the_plain_text_is_shown_once_and_gates_can_verify_it() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    assert!(verifies(&lab, &key).await);
    let shown = lab.admin.get(&path(&key)).await;
    assert_eq!(shown.json.get("key"), None);
    assert_eq!((&shown.json["use_count"], &shown.json["active"]), (&json!(0), &json!(true)));
    assert!(!shown.text.contains("pbkdf2"), "{}", shown.text);
}

#[tokio::test]
async fn a_new_secret_ends_the_old_one_and_keeps_the_record() {
    let lab = Lab::new().await;
    let old = lab.key().await;
    let new = lab.admin.post(&format!("{}/regenerate", path(&old)), json!({})).await.json;
    assert_eq!(new["id"], old["id"]);
    assert!(verifies(&lab, &new).await);
    assert!(!verifies(&lab, &old).await);
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(
        (&policy["keys"][0]["record"]["version"], &policy["keys"][0]["record"]["line"]),
        (&json!(2), &old["id"])
    );
}

#[tokio::test]
async fn a_revoked_key_is_gone_from_the_policy_for_ever() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    let revoked = lab.admin.post(&format!("{}/revoke", path(&key)), json!({})).await;
    assert_eq!((revoked.status, &revoked.json["active"]), (StatusCode::OK, &json!(false)));
    assert_eq!(lab.policy(lab.revision().await).await["keys"], json!([]));
    assert_eq!(lab.admin.patch(&path(&key), json!({"active": true})).await.problem(), (409, "key_revoked", ""));
    let again = lab.admin.post(&format!("{}/regenerate", path(&key)), json!({})).await;
    assert_eq!(again.problem(), (409, "key_revoked", ""));
}

#[tokio::test]
async fn an_inactive_key_leaves_the_policy_and_comes_back() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    for (active, count) in [(false, 0), (true, 1)] {
        lab.admin.patch(&path(&key), json!({"active": active})).await;
        assert_eq!(lab.policy(lab.revision().await).await["keys"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn slots_are_small_and_used_again() {
    let lab = Lab::new().await;
    let keys = [lab.key().await, lab.key().await, lab.key().await];
    lab.admin.delete(&path(&keys[0])).await;
    lab.admin.post(&format!("{}/revoke", path(&keys[1])), json!({})).await;
    let (third, fourth) = (lab.key().await, lab.key().await);
    let expected = [(&keys[2], 2), (&third, 0), (&fourth, 1)].map(|(key, slot)| (text(&key["id"]), slot));
    assert_eq!(lab.slots().await, expected.into());
}

#[tokio::test]
async fn restrictions_reach_the_gates_and_null_clears_them() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    let terms = json!({
        "name": "agent", "scopes": ["read", "call"], "models": ["res.partner"], "ip_allow_list": ["10.0.0.0/8", "::1"],
        "rate_limit_per_minute": 5, "session_limit": 0, "expires_at": "2031-01-01T00:00:00Z",
    });
    let patched = lab.admin.patch(&path(&key), terms.clone()).await.json;
    for (name, value) in terms.as_object().unwrap() {
        assert_eq!(&patched[name], value, "{name}");
    }
    let stored = &lab.policy(lab.revision().await).await["keys"][0]["record"];
    assert_eq!((&stored["rate_limit_per_minute"], &stored["session_limit"]), (&json!(5), &json!(0)));
    assert_eq!(stored["expires_at"], json!(1_924_992_000_000_000_u64));
    let cleared = lab.admin.patch(&path(&key), json!({"expires_at": null, "rate_limit_per_minute": null})).await.json;
    assert_eq!((&cleared["expires_at"], &cleared["rate_limit_per_minute"]), (&json!(null), &json!(null)));
    assert_eq!(cleared["models"], json!(["res.partner"]));
}

#[tokio::test]
async fn each_wrong_field_is_named_and_changes_nothing() {
    let lab = Lab::new().await;
    let key = lab.key().await;
    let before = lab.revision().await;
    for (terms, code, field) in [
        (json!({"name": " "}), "invalid_field", "name"),
        (json!({"name": "a\nb"}), "invalid_field", "name"),
        (json!({"scopes": ["unlink"]}), "invalid_field", "scopes"),
        (json!({"models": ["Res Partner"]}), "invalid_field", "models"),
        (json!({"models": [""]}), "invalid_field", "models"),
        (json!({"ip_allow_list": ["10.0.0.1/8"]}), "invalid_field", "ip_allow_list"),
        (json!({"ip_allow_list": ["example.com"]}), "invalid_field", "ip_allow_list"),
        (json!({"rate_limit_per_minute": 0}), "invalid_field", "rate_limit_per_minute"),
        (json!({"rate_limit_per_minute": -1}), "invalid_field", "rate_limit_per_minute"),
        (json!({"session_limit": 10_001}), "invalid_field", "session_limit"),
        (json!({"expires_at": "2029-12-31T23:59:59Z"}), "invalid_field", "expires_at"),
        (json!({"expires_at": "soon"}), "invalid_field", "expires_at"),
        (json!({"rate_limit": 3}), "unknown_field", "rate_limit"),
    ] {
        let patched = lab.admin.patch(&path(&key), terms.clone()).await;
        assert_eq!(patched.problem().1, code, "{terms}: {}", patched.text);
        assert!(patched.problem().2.starts_with(field), "{terms}: {}", patched.text);
        let mut body = json!({"name": "k", "user_id": key["user_id"]});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let made = lab.admin.post("/api/v1/keys", body).await;
        assert_eq!(made.problem(), patched.problem(), "{terms}: {}", made.text);
    }
    let nobody = lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": "nobody"})).await;
    assert_eq!(nobody.problem(), (422, "invalid_field", "user_id"));
    assert_eq!(lab.admin.post("/api/v1/keys", json!({"name": "k"})).await.problem(), (422, "missing_field", "user_id"));
    assert_eq!(lab.revision().await, before);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps_or_repeats() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(text(&lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user})).await.json["id"]));
    }
    let (mut found, mut next) = (Vec::new(), format!("/api/v1/keys?limit=2&user_id={user}"));
    loop {
        let page = lab.admin.get(&next).await.json;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(items.iter().map(|key| text(&key["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/api/v1/keys?limit=2&user_id={user}&cursor={cursor}");
    }
    assert_eq!(found, made);
    for bad in ["limit=0", "limit=501", "limit=x", "cursor=%20"] {
        let field = bad.split('=').next().unwrap();
        assert_eq!(lab.admin.get(&format!("/api/v1/keys?{bad}")).await.problem(), (422, "invalid_field", field));
    }
}

#[tokio::test]
async fn an_update_of_what_has_changed_meanwhile_is_refused() {
    let lab = Lab::new().await;
    let path = path(&lab.key().await);
    let read = lab.admin.get(&path).await.etag();
    let change = |etag: String| {
        let (admin, path) = (lab.admin.clone(), path.clone());
        async move { admin.send("PATCH", &path, Some(r#"{"name":"n"}"#.to_owned()), &[("if-match", &etag)]).await }
    };
    let first = change(read.clone()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert_eq!(change(read.clone()).await.problem(), (412, "precondition_failed", ""));
    assert_eq!(lab.admin.send("DELETE", &path, None, &[("if-match", &read)]).await.status.as_u16(), 412);
    assert_eq!(change(first.etag()).await.status, StatusCode::OK);
    assert_eq!(change("*".to_owned()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_is_found_by_its_prefix() {
    let lab = Lab::new().await;
    let (one, _) = (lab.key().await, lab.key().await);
    let prefix = text(&one["prefix"]);
    let found = lab.admin.get(&format!("/api/v1/keys?prefix={prefix}")).await.json;
    assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["id"]), (1, &one["id"]));
    let none = lab.admin.get(&format!("/api/v1/keys?prefix={prefix}&user_id=other")).await.json;
    assert_eq!(none["items"], json!([]));
}
