use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::Level;

use crate::support::{Answer, Lab, RIGHT, text};

/// Everything that is logged, at every level, by every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn secrets_are_in_no_log_and_in_no_answer_but_the_one_that_makes_them() {
    let log = Log::default();
    let writer = log.clone();
    // Global, since sqlx and hyper log from threads of their own; it collects what the other tests log as well.
    tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone()).init();
    let lab = Lab::new().await;
    let secret = format!("{RIGHT}-only-here");
    let credential = json!({"database": "odoo", "login": "ada", "secret": secret});
    let mut answers: Vec<Answer> = Vec::new();

    let user = lab.admin.post("/api/v1/users", json!({"name": "Ada", "upstream": credential})).await;
    let user_path = format!("/api/v1/users/{}", text(&user.json["id"]));
    let key = lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user.json["id"]})).await;
    let key_path = format!("/api/v1/keys/{}", text(&key.json["id"]));
    let again = lab.admin.post(&format!("{key_path}/regenerate"), json!({})).await;
    let gate = lab.admin.post("/api/v1/gates", json!({"name": "g"})).await;
    let account = &lab.admin.get("/api/v1/accounts").await.json["items"][0]["id"];
    let token = json!({"account_id": account, "name": "t", "role": "user"});
    let token = lab.admin.post("/api/v1/tokens", token).await;
    let webhook = lab.admin.post("/api/v1/webhooks", json!({"name": "w", "url": "http://127.0.0.1:1/"})).await;
    answers.push(lab.admin.post("/api/v1/outbox/test", json!({"webhook": webhook.json["id"]})).await);
    let secrets = [
        secret.clone(),
        text(&key.json["key"]),
        text(&again.json["key"]),
        text(&gate.json["token"]),
        text(&token.json["token"]),
        text(&webhook.json["secret"]),
        lab.admin.token.clone(),
    ];
    lab.policy(lab.revision().await).await;

    answers.push(user);
    for path in
        ["users", "keys", "gates", "accounts", "tokens", "outbox", "webhooks", "settings", "audit", "permissions"]
    {
        answers.push(lab.admin.get(&format!("/api/v1/{path}")).await);
    }
    for path in [&user_path, &key_path] {
        answers.push(lab.admin.get(path).await);
        answers.push(lab.admin.patch(path, json!({"name": "n"})).await);
        // Secrets in the wrong place, which an error must not repeat.
        answers.push(lab.admin.patch(path, json!({"name": {"x": secret}})).await);
        answers.push(lab.admin.patch(path, json!({"groups": secret, "models": secret})).await);
    }
    answers.push(lab.admin.patch(&user_path, json!({"upstream": {"secret": [secret]}})).await);
    answers.push(lab.admin.patch(&user_path, json!({"upstream": secret})).await);
    answers.push(lab.admin.patch("/api/v1/settings", json!({"enforcement": secret})).await);
    answers.push(lab.admin.get(&format!("/api/v1/audit?outcome={secret}")).await);

    for answer in &answers {
        for secret in &secrets {
            assert!(!answer.text.contains(secret.as_str()), "{}", answer.text);
        }
        assert!(!answer.text.contains("pbkdf2") && !answer.text.contains("v1."), "{}", answer.text);
    }
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("key.create"), "the log was captured");
    for secret in &secrets {
        assert!(!logged.contains(secret.as_str()), "a secret is in the log");
    }
    assert!(!format!("{:?}", lab.app.vault.key_id()).contains("abab"));
    let rows =
        lab.number("SELECT COUNT(*) FROM admin_audit WHERE difference LIKE '%pbkdf2%' OR difference LIKE '%v1.%'");
    assert_eq!(rows.await, 0);
}
