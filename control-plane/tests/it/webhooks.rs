use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lictor_control_plane::app::outbox::{self, OutboxMessage};
use lictor_control_plane::domain::message::{AlertOpened, Channel, Message};
use lictor_control_plane::domain::severity::Severity;
use lictor_control_plane::domain::time::Moment;
use lictor_policy::refusal::AlertType;
use serde_json::{Value, json};

use crate::support::{Lab, START, text};

const PATH: &str = "/api/v1/webhooks";

/// A program that is told of alerts, and answers with these statuses, then with 204.
#[derive(Clone, Default)]
struct Receiver {
    statuses: Arc<Mutex<VecDeque<u16>>>,
    heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    async fn start(statuses: &[u16]) -> (Self, String) {
        let receiver = Self::default();
        receiver.statuses.lock().unwrap().extend(statuses);
        let heard = receiver.clone();
        let hook = async move |headers: HeaderMap, body: String| {
            heard.heard.lock().unwrap().push((headers, body));
            let status = heard.statuses.lock().unwrap().pop_front().unwrap_or(204);
            (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")])
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(hook));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn heard(&self) -> Vec<(HeaderMap, String)> {
        self.heard.lock().unwrap().clone()
    }
}

fn alert() -> Message {
    Message::AlertOpened(AlertOpened {
        alert_id: "a".to_owned(),
        alert_type: AlertType::IpBlocked,
        severity: Severity::High,
        about: "key k".to_owned(),
        summary: "Something happened.".to_owned(),
        count: 3,
        first_at: Moment(START),
        last_at: Moment(START),
    })
}

async fn tell(lab: &Lab, severity: Severity) -> u64 {
    let mut tx = lab.app.store.write().await.unwrap();
    let messages = OutboxMessage::webhooks(&mut tx, "alert/a", severity, &alert()).await.unwrap();
    let added = outbox::enqueue(&mut tx, messages).await.unwrap();
    tx.commit().await.unwrap();
    added
}

async fn send(lab: &Lab) -> usize {
    lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Webhook).await.unwrap()
}

async fn make(lab: &Lab, url: &str, severity: &str) -> Value {
    let made = lab.admin.post(PATH, json!({"name": "w", "url": url, "from_severity": severity})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json
}

#[tokio::test]
async fn a_webhook_hears_of_alerts_from_its_severity_on() {
    let lab = Lab::new().await;
    let (receiver, url) = Receiver::start(&[]).await;
    make(&lab, &url, "high").await;
    assert_eq!(tell(&lab, Severity::Medium).await, 0);
    assert_eq!((tell(&lab, Severity::High).await, tell(&lab, Severity::Critical).await), (1, 0), "once an event");
    assert_eq!((send(&lab).await, send(&lab).await), (1, 0));
    let [(headers, body)] = receiver.heard().try_into().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    let data = json!({"alert_id": "a", "alert_type": "ip_blocked", "severity": "high", "about": "key k", "count": 3,
        "summary": "Something happened.", "first_at": "2030-01-01T00:00:00Z", "last_at": "2030-01-01T00:00:00Z"});
    let id = lab.admin.get("/api/v1/outbox").await.json["items"][0]["id"].clone();
    assert_eq!(body, json!({"id": id, "kind": "alert_opened", "at": "2030-01-01T00:00:00Z", "data": data}));
    assert_eq!(headers["x-lictor-event"], text(&id).as_str());
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_with_the_same_event_and_a_fresh_signature() {
    let lab = Lab::new().await;
    let (receiver, url) = Receiver::start(&[500, 302]).await;
    make(&lab, &url, "low").await;
    tell(&lab, Severity::Low).await;
    for (pause, error) in [
        (5, json!("it answered 500")),
        (15, json!("it answered 302; redirects are not followed: give the webhook its last URL")),
        (0, json!(null)),
    ] {
        assert_eq!(send(&lab).await, 1);
        assert_eq!(lab.admin.get("/api/v1/outbox").await.json["items"][0]["last_error"], error);
        lab.pass(pause);
    }
    let heard = receiver.heard();
    let header = |name: &str| heard.iter().map(|(headers, _)| headers[name].to_str().unwrap()).collect::<Vec<_>>();
    let (events, signatures) = (header("x-lictor-event"), header("x-lictor-signature"));
    assert!(heard.len() == 3 && events[0] == events[1] && events[1] == events[2], "{events:?}");
    assert!(signatures[0] != signatures[1] && signatures[1] != signatures[2], "{signatures:?}");
    assert!(signatures.iter().all(|signature| signature.starts_with("t=18934560")), "{signatures:?}");
}

#[tokio::test]
async fn a_deleted_webhook_hears_nothing_and_one_that_is_not_there_is_tried_again() {
    let lab = Lab::new().await;
    let webhook = make(&lab, "http://127.0.0.1:1/", "low").await;
    tell(&lab, Severity::Low).await;
    send(&lab).await;
    let error = async || lab.admin.get("/api/v1/outbox").await.json["items"][0]["last_error"].clone();
    assert_eq!(error().await, "could not connect");
    lab.admin.delete(&format!("{PATH}/{}", text(&webhook["id"]))).await;
    lab.pass(5);
    send(&lab).await;
    assert_eq!(error().await, "the webhook was deleted");
    assert_eq!(lab.admin.get("/api/v1/outbox?state=failed").await.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_secret_of_a_webhook_is_shown_once_and_stored_sealed() {
    let lab = Lab::new().await;
    let made = make(&lab, "https://hooks.example.com/x", "low").await;
    let (secret, path) = (text(&made["secret"]), format!("{PATH}/{}", text(&made["id"])));
    assert!(secret.starts_with("lws_") && secret.len() == 68, "{secret}");
    let shown = lab.admin.get(&path).await;
    let changed = lab.admin.patch(&path, json!({"name": "other", "from_severity": "critical"})).await;
    assert_eq!((&changed.json["name"], &changed.json["from_severity"]), (&json!("other"), &json!("critical")));
    assert_eq!(changed.json["url"], "https://hooks.example.com/x");
    for answer in [shown, changed, lab.admin.get(PATH).await] {
        assert!(!answer.text.contains("secret") && !answer.text.contains("lws_"), "{}", answer.text);
    }
    let sealed = lab.number("SELECT COUNT(*) FROM webhooks WHERE secret LIKE 'v1.%'").await;
    let told = lab.number("SELECT COUNT(*) FROM admin_audit WHERE difference LIKE '%lws%' OR difference LIKE '%v1.%'");
    assert_eq!((sealed, told.await), (1, 0));
    let secret = lab.admin.patch(&path, json!({"secret": "mine"})).await;
    assert_eq!(secret.problem(), (422, "unknown_field", "secret"));
}

#[tokio::test]
async fn a_webhook_needs_a_usable_url_and_there_are_not_too_many() {
    let lab = Lab::new().await;
    for url in ["hooks.example.com", "ftp://a/b", "https://user:password@a/", "javascript:alert(1)"] {
        let refused = lab.admin.post(PATH, json!({"name": "w", "url": url})).await;
        assert_eq!(refused.problem(), (422, "invalid_field", "url"), "{url}");
    }
    let refused = lab.admin.post(PATH, json!({"name": "w", "url": "https://a/", "from_severity": "fatal"})).await;
    assert_eq!(refused.problem(), (422, "invalid_field", "from_severity"));
    for _ in 0..20 {
        make(&lab, "https://hooks.example.com/", "low").await;
    }
    let refused = lab.admin.post(PATH, json!({"name": "w", "url": "https://a/"})).await;
    assert_eq!(refused.problem(), (422, "invalid_field", "url"));
    let first = lab.admin.get(&format!("{PATH}?limit=15")).await.json;
    let rest = lab.admin.get(&format!("{PATH}?limit=15&cursor={}", text(&first["next_cursor"]))).await.json;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (5, &json!(null)));
}

#[tokio::test]
async fn a_test_reaches_a_webhook() {
    let lab = Lab::new().await;
    let (receiver, url) = Receiver::start(&[503]).await;
    let webhook = make(&lab, &url, "critical").await;
    for state in ["failed", "sent"] {
        let entry = lab.admin.post("/api/v1/outbox/test", json!({"webhook": webhook["id"]})).await.json;
        assert_eq!((&entry["state"], &entry["kind"], &entry["attempts"]), (&json!(state), &json!("test"), &json!(1)));
    }
    assert_eq!(receiver.heard().len(), 2);
}

#[tokio::test]
async fn an_alert_reaches_the_webhooks_that_want_its_severity_without_any_mail() {
    let lab = Lab::new().await;
    let (critical, url) = Receiver::start(&[]).await;
    make(&lab, &url, "critical").await;
    lab.key().await;
    let order = json!({"reason": "a laptop was stolen", "confirm": "REVOKE ALL KEYS"});
    lab.admin.post("/api/v1/emergency-revocation", order).await;
    send(&lab).await;
    let [(_, body)] = critical.heard().try_into().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["data"]["alert_type"], &body["data"]["severity"]),
        (&json!("emergency_revocation"), &json!("critical"))
    );
}
