use axum::http::StatusCode;
use lictor_control_plane::app::App;
use lictor_control_plane::app::outbox::{self, OutboxMessage};
use lictor_control_plane::domain::message::{Channel, KeyRotated, Message, Test};
use lictor_control_plane::domain::time::Moment;
use lictor_control_plane::store::Database;
use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::smtp::Smtp;
use crate::support::{Lab, START, text};

const KEY: &str = "lct_0123456789abcdefghijABCDEFGHIJ0123456789AbCdEf";

fn test() -> Message {
    Message::Test(Test { asked_by: "admin".to_owned() })
}

fn with_key() -> Message {
    Message::KeyRotated(KeyRotated {
        key_id: "k".to_owned(),
        user_name: "Ada".to_owned(),
        key_name: "k".to_owned(),
        old_prefix: "abcdefgh".to_owned(),
        old_valid_until: Moment(START),
        key: Secret::new(KEY),
        expires_at: None,
    })
}

async fn put(lab: &Lab, event: &str, message: Message) -> u64 {
    let mut tx = lab.app.store.write().await.unwrap();
    let message = OutboxMessage::mail(event, "ada@example.com", message);
    let added = outbox::enqueue(&mut tx, [message]).await.unwrap();
    tx.commit().await.unwrap();
    added
}

async fn send(app: &App) -> usize {
    lictor_control_plane::tasks::outbox::once(app, Channel::Mail).await.unwrap()
}

/// The newest message.
async fn newest(lab: &Lab) -> Value {
    let list = lab.admin.get("/api/v1/outbox").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    list.json["items"][0].clone()
}

fn path(entry: &Value) -> String {
    format!("/api/v1/outbox/{}/resend", text(&entry["id"]))
}

fn message_id(mail: &str) -> &str {
    mail.lines().find(|line| line.starts_with("Message-ID: ")).unwrap()
}

async fn lab() -> (Lab, Smtp) {
    let (lab, smtp) = (Lab::new().await, Smtp::start().await);
    smtp.serves(&lab.app);
    (lab, smtp)
}

/// Whether a text stands in the database's files.
fn is_on_disk(lab: &Lab, text: &str) -> bool {
    let files = std::fs::read_dir(&lab.folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test]
async fn a_message_is_there_with_what_it_tells_of_or_not_at_all() {
    let (lab, smtp) = lab().await;
    let mut tx = lab.app.store.write().await.unwrap();
    outbox::enqueue(&mut tx, [OutboxMessage::mail("e", "ada@example.com", test())]).await.unwrap();
    drop(tx);
    assert_eq!(send(&lab.app).await, 0);
    put(&lab, "e", test()).await;
    assert_eq!((send(&lab.app).await, smtp.taken().len()), (1, 1));
}

#[tokio::test]
async fn an_event_is_told_once() {
    let (lab, smtp) = lab().await;
    assert_eq!((put(&lab, "e", test()).await, put(&lab, "e", test()).await), (1, 0));
    send(&lab.app).await;
    assert_eq!((put(&lab, "e", test()).await, put(&lab, "another", test()).await), (0, 1));
    assert_eq!((send(&lab.app).await, send(&lab.app).await, smtp.taken().len()), (1, 0, 2));
}

#[tokio::test]
async fn a_key_is_encrypted_until_it_is_sent_then_wiped_and_never_shown_or_sent_again() {
    let (lab, smtp) = lab().await;
    put(&lab, "e", with_key()).await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox WHERE sealed IS NOT NULL AND body IS NULL").await, 1);
    // A server that quotes the mail does not get the key into the database.
    for (pause, reply, told) in [
        (5, "451 not now: lct_0123456789abcdefghijABCDEFGHIJ0123456789AbCdEf", "it answered 451"),
        (15, "lct_0123456789abcdefghijABCDEFGHIJ0123456789AbCdEf", "what it answered is not SMTP"),
    ] {
        smtp.reply(&[reply]);
        send(&lab.app).await;
        let waiting = newest(&lab).await;
        assert_eq!(waiting["last_error"], format!("the SMTP server did not take it: {told}"));
        lab.pass(pause);
    }
    send(&lab.app).await;
    let [mail] = smtp.taken().try_into().unwrap();
    assert!(mail.matches(KEY).count() == 2, "in both parts: {mail}");
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox WHERE sealed IS NULL AND body IS NULL").await, 1);
    let sent = newest(&lab).await;
    assert_eq!((&sent["kind"], &sent["state"]), (&json!("key_rotated"), &json!("sent")));
    assert_eq!(lab.admin.post(&path(&sent), json!({})).await.problem(), (409, "not_sendable", ""));
    for answer in [lab.admin.get("/api/v1/outbox").await, lab.admin.get(&path(&sent).replace("/resend", "")).await] {
        assert!(!answer.text.contains("lct_0123") && !answer.text.contains("v1."), "{}", answer.text);
    }
    // PostgreSQL's files are not ours to read.
    if lab.app.store.database() == Database::Sqlite {
        assert!(is_on_disk(&lab, "key_rotated") && !is_on_disk(&lab, KEY));
    }
    assert!(!format!("{:?}", with_key()).contains(KEY));
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_later_with_the_same_message_id_and_delivered_once() {
    let (lab, smtp) = lab().await;
    put(&lab, "e", test()).await;
    smtp.reply(&["451 the disk is full", "250 taken"]);
    send(&lab.app).await;
    let entry = newest(&lab).await;
    assert_eq!((&entry["state"], &entry["attempts"]), (&json!("waiting"), &json!(1)));
    assert_eq!(entry["next_attempt_at"], "2030-01-01T00:00:05Z");
    assert!(text(&entry["last_error"]).contains("451"), "{entry}");
    assert_eq!(send(&lab.app).await, 0, "not before its time");
    lab.pass(5);
    send(&lab.app).await;
    lab.pass(24 * 3600);
    assert_eq!((send(&lab.app).await, smtp.taken().len()), (0, 1));
    let entry = newest(&lab).await;
    let shown =
        (&entry["state"], &entry["attempts"], &entry["last_error"], &entry["next_attempt_at"], &entry["sent_at"]);
    assert_eq!(shown, (&json!("sent"), &json!(2), &json!(null), &json!(null), &json!("2030-01-01T00:00:05Z")));
    let expected = format!("Message-ID: <{}.16@example.com>", text(&entry["id"]));
    assert_eq!(message_id(&smtp.taken()[0]), expected);
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_has_failed_and_is_sent_again_by_hand() {
    let (lab, smtp) = lab().await;
    put(&lab, "e", test()).await;
    smtp.reply(&["550 nobody here"]);
    send(&lab.app).await;
    lab.pass(24 * 3600);
    assert_eq!(send(&lab.app).await, 0);
    let failed = newest(&lab).await;
    assert_eq!((&failed["state"], &failed["attempts"]), (&json!("failed"), &json!(1)));
    assert!(text(&failed["last_error"]).contains("550"), "{failed}");
    let again = lab.admin.post(&path(&failed), json!({})).await;
    assert_eq!((again.status, &again.json["state"]), (StatusCode::OK, &json!("waiting")), "{}", again.text);
    send(&lab.app).await;
    let sent = newest(&lab).await;
    assert_eq!((&sent["state"], smtp.taken().len()), (&json!("sent"), 1));
    // A message without a secret may be sent again even then; readers are to take it for another one.
    lab.admin.post(&path(&sent), json!({})).await;
    send(&lab.app).await;
    let [first, second] = smtp.taken().try_into().unwrap();
    assert_ne!(message_id(&first), message_id(&second));
    let audited = "SELECT COUNT(*) FROM admin_audit WHERE action = 'outbox.resend'";
    assert_eq!(lab.number(audited).await, 2);
}

#[tokio::test]
async fn a_server_that_never_takes_a_message_is_tried_16_times_over_17_hours() {
    let (lab, smtp) = lab().await;
    put(&lab, "e", test()).await;
    for attempt in 1..=16 {
        smtp.reply(&["421 busy"]);
        assert_eq!(send(&lab.app).await, 1, "try {attempt}");
        let pause = (5 * 3_u64.pow(attempt - 1)).min(2 * 3600);
        lab.pass(pause - 1);
        assert_eq!(send(&lab.app).await, 0, "not before its time");
        lab.pass(1);
    }
    assert_eq!(send(&lab.app).await, 0);
    let failed = newest(&lab).await;
    assert_eq!((&failed["state"], &failed["attempts"]), (&json!("failed"), &json!(16)));
}

#[tokio::test]
async fn without_a_server_mail_waits_and_the_api_says_so() {
    let lab = Lab::new().await;
    put(&lab, "e", test()).await;
    assert_eq!(send(&lab.app).await, 0);
    let status = lab.admin.get("/api/v1/outbox/status").await.json;
    let expected = json!({"smtp_configured": false, "smtp_server": null, "mail_from": null, "waiting": 1, "failed": 0});
    assert_eq!(status, expected);
    let refused = lab.admin.post("/api/v1/outbox/test", json!({"mail": "ada@example.com"})).await;
    assert_eq!(refused.problem(), (409, "mail_not_configured", ""));
    let smtp = Smtp::start().await;
    smtp.serves(&lab.app);
    assert_eq!((send(&lab.app).await, smtp.taken().len()), (1, 1));
    let status = lab.admin.get("/api/v1/outbox/status").await.json;
    assert_eq!((&status["smtp_configured"], &status["waiting"]), (&json!(true), &json!(0)));
    assert_eq!(status["mail_from"], "Lictor <lictor@example.com>");
}

#[tokio::test]
async fn several_senders_at_once_send_each_message_once() {
    let (lab, smtp) = lab().await;
    for number in 0..60 {
        put(&lab, &format!("e/{number}"), test()).await;
    }
    let mut senders = vec![lab.app.clone()];
    for _ in 0..3 {
        let replica = lab.restarted().await;
        smtp.serves(&replica);
        senders.push(replica);
    }
    // As the service does it: on SQLite the lock of another may last longer than one has patience.
    let empty = async |app: App| {
        while !matches!(lictor_control_plane::tasks::outbox::once(&app, Channel::Mail).await, Ok(0)) {}
    };
    let tasks: Vec<_> = senders.into_iter().map(|app| tokio::spawn(empty(app))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut ids: Vec<_> = smtp.taken().iter().map(|mail| message_id(mail).to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), smtp.taken().len()), (60, 60));
}

/// What a service leaves that dies while it sends.
async fn claim(lab: &Lab) -> lictor_control_plane::store::outbox::Claim {
    let until = Moment(START + 60_000_000);
    let mut tx = lab.app.store.write().await.unwrap();
    let claims = lictor_control_plane::store::outbox::claim_due(&mut tx, Channel::Mail, until, 1).await;
    tx.commit().await.unwrap();
    claims.unwrap().remove(0)
}

#[tokio::test]
async fn a_sender_that_died_is_succeeded_when_its_lease_has_ended() {
    let (lab, smtp) = lab().await;
    put(&lab, "e", test()).await;
    let dead = claim(&lab).await;
    assert_eq!(send(&lab.app).await, 0);
    let busy = lab.admin.post(&path(&newest(&lab).await), json!({})).await;
    assert_eq!(busy.problem(), (409, "not_sendable", ""), "it may be on its way");
    lab.pass(60);
    assert_eq!((send(&lab.app).await, smtp.taken().len()), (1, 1));
    // It was not dead but slow: what it held is no longer its own.
    lictor_control_plane::tasks::outbox::deliver(&lab.app, &dead).await.unwrap();
    assert_eq!(smtp.taken().len(), 1);
    assert_eq!(newest(&lab).await["attempts"], 2);
}

#[tokio::test]
async fn an_emergency_revocation_kills_keys_that_are_on_their_way() {
    let (lab, smtp) = lab().await;
    put(&lab, "claimed", with_key()).await;
    let claimed = claim(&lab).await;
    put(&lab, "waiting", with_key()).await;
    put(&lab, "harmless", test()).await;
    let order = json!({"reason": "r", "confirm": "REVOKE ALL KEYS"});
    let report = lab.admin.post("/api/v1/emergency-revocation", order).await.json;
    assert_eq!(report["cancelled_messages"], 2);
    lictor_control_plane::tasks::outbox::deliver(&lab.app, &claimed).await.unwrap();
    while send(&lab.app).await > 0 {}
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox WHERE sealed IS NOT NULL").await, 0);
    let [mail] = smtp.taken().try_into().unwrap();
    assert!(mail.contains("This is a test"), "{mail}");
    let cancelled = lab.admin.get("/api/v1/outbox?state=cancelled&kind=key_rotated").await.json;
    assert_eq!(cancelled["items"].as_array().unwrap().len(), 2);
    let resent = lab.admin.post(&path(&cancelled["items"][0]), json!({})).await;
    assert_eq!(resent.problem(), (409, "not_sendable", ""));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_with_the_newest_first() {
    let (lab, smtp) = lab().await;
    for event in ["a", "b", "c"] {
        put(&lab, event, test()).await;
    }
    put(&lab, "d", with_key()).await;
    smtp.reply(&["550 no"]);
    send(&lab.app).await;
    let events = async |query: &str| {
        let page = lab.admin.get(&format!("/api/v1/outbox?{query}")).await.json;
        let events: Vec<_> = page["items"].as_array().unwrap().iter().map(|entry| text(&entry["event"])).collect();
        (events.join(""), page["next_cursor"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(events("kind=test").await.0, "cba");
    assert_eq!(events("state=failed").await.0.len(), 1);
    let (first, cursor) = events("limit=3").await;
    assert_eq!((first.as_str(), events(&format!("limit=3&cursor={cursor}")).await.0.as_str()), ("dcb", "a"));
    let bad = lab.admin.get("/api/v1/outbox?state=lost").await;
    assert_eq!(bad.problem(), (422, "invalid_field", "state"));
    assert_eq!(lab.admin.get("/api/v1/outbox/none").await.problem().0, 404);
}

#[tokio::test]
async fn a_test_says_what_became_of_it() {
    let (lab, smtp) = lab().await;
    smtp.reply(&["554 no", "451 not now"]);
    for (state, error) in [("failed", "554"), ("failed", "451"), ("sent", "")] {
        let entry = lab.admin.post("/api/v1/outbox/test", json!({"mail": "ada@example.com"})).await;
        assert_eq!((entry.status, &entry.json["state"]), (StatusCode::OK, &json!(state)), "{}", entry.text);
        assert!(entry.json["last_error"].as_str().unwrap_or_default().contains(error), "{}", entry.text);
    }
    assert!(smtp.taken()[0].contains("admin"), "who asked for it is named");
    for (body, field) in [
        (json!({"mail": "nobody"}), "mail"),
        (json!({"mail": "Ada <ada@example.com>"}), "mail"),
        (json!({"mail": "ada@example.com\r\nBcc: all@example.com"}), "mail"),
        (json!({"mail": "ada@example.com, all@example.com"}), "mail"),
        (json!({}), "mail"),
        (json!({"mail": "a@b", "webhook": "w"}), "mail"),
        (json!({"webhook": "none"}), "webhook"),
    ] {
        let refused = lab.admin.post("/api/v1/outbox/test", body).await;
        assert_eq!(refused.problem(), (422, "invalid_field", field));
    }
}

#[tokio::test]
async fn old_messages_are_forgotten_but_none_that_waits() {
    let (lab, _) = lab().await;
    put(&lab, "sent", test()).await;
    send(&lab.app).await;
    put(&lab, "waiting", test()).await;
    let mut tx = lab.app.store.write().await.unwrap();
    for (before, gone) in [(START, 0), (START + 1, 1), (START + 1, 0)] {
        let deleted = lictor_control_plane::store::outbox::delete_settled(&mut tx, Moment(before), 10).await.unwrap();
        assert_eq!(deleted, gone);
    }
}
