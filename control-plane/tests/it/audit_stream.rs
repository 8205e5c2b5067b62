//! `audit/stream`: records as they are written, without a hole.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::support::{Caller, Lab, event, send, text};

/// Longer than any event takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream that is read.
struct Follower {
    body: Body,
    buffer: String,
}

impl Follower {
    async fn open(caller: &Caller, query: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(format!("/api/v1/audit/stream{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", caller.token));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = caller.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[header::CONTENT_TYPE]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self { body: answer.into_body(), buffer: String::new() }
    }

    /// The next event: its id and its record; none once the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let found = field("id: ").zip(field("data: "));
                self.buffer = rest.to_owned();
                if let Some((id, data)) = found {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    }

    async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(text(&self.next().await.unwrap().1["id"]));
        }
        ids
    }
}

#[tokio::test]
async fn a_stream_has_what_is_written_from_now_on_as_the_list_has_it() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", vec![event(0, json!({}))]).await;
    let user = lab.caller("user").await;
    let mut all = Follower::open(&user, "", None).await;
    let mut partners = Follower::open(&user, "?model=res.partner&outcome=allowed", None).await;
    let mut of_record = Follower::open(&user, "?record_id=7", None).await;
    let named = json!({"model": "res.partner", "record_ids": [1, 7]});
    send(&gate, "b", vec![event(1, json!({"model": "res.users"})), event(2, named)]).await;
    assert_eq!(all.ids(2).await, ["b-1", "b-2"]);
    let (id, record) = partners.next().await.unwrap();
    assert_eq!(id, "3");
    assert_eq!(record, lab.admin.get("/api/v1/audit?model=res.partner").await.json["items"][0]);
    assert_eq!(of_record.ids(1).await, ["b-2"]);
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_event_without_a_hole() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for first in [0, 300] {
        send(&gate, "b", (first..first + 300).map(|number| event(number, json!({}))).collect()).await;
    }
    let mut begun = Follower::open(&lab.admin, "", Some("0")).await;
    let (mut last, mut seen) = (String::new(), Vec::new());
    for _ in 0..250 {
        let (id, record) = begun.next().await.unwrap();
        seen.push(text(&record["id"]));
        last = id;
    }
    drop(begun);
    let mut again = Follower::open(&lab.admin, "", Some(&last)).await;
    seen.extend(again.ids(350).await);
    let expected: Vec<_> = (0..600).map(|number| format!("b-{number}")).collect();
    assert_eq!(seen, expected);
    // A call that is completed comes once more.
    let intent = json!({"kind": "intent", "decision_id": "one", "outcome": "unknown"});
    send(&gate, "c", vec![event(0, intent)]).await;
    assert_eq!(again.next().await.unwrap().1["outcome"], "unknown");
    send(&gate, "c", vec![event(1, json!({"kind": "outcome", "decision_id": "one"}))]).await;
    let (id, record) = again.next().await.unwrap();
    assert_eq!((id.as_str(), &record["id"], &record["outcome"]), ("602", &json!("one"), &json!("allowed")));
    // An id of another database has nothing behind it.
    let mut other = Follower::open(&lab.admin, "", Some("99999")).await;
    send(&gate, "c", vec![event(2, json!({}))]).await;
    assert_eq!(other.ids(1).await, ["c-2"]);
    let wrong = lab.admin.send("GET", "/api/v1/audit/stream", None, &[("last-event-id", "x")]).await;
    assert_eq!(wrong.problem(), (422, "invalid_field", "Last-Event-ID"));
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_service() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let user = lab.caller("user").await;
    let token = text(&user.get("/api/v1/me").await.json["token"]["id"]);
    let (mut ended, mut other) = (Follower::open(&user, "", None).await, Follower::open(&lab.admin, "", None).await);
    send(&gate, "b", vec![event(0, json!({}))]).await;
    assert_eq!((ended.ids(1).await, other.ids(1).await), (vec!["b-0".to_owned()], vec!["b-0".to_owned()]));
    lab.admin.delete(&format!("/api/v1/tokens/{token}")).await;
    send(&gate, "b", vec![event(1, json!({}))]).await;
    assert_eq!(ended.next().await, None, "nothing is sent to a token that was removed");
    assert_eq!(other.ids(1).await, ["b-1"]);
    lab.app.stopping.send_replace(true);
    assert_eq!(other.next().await, None);
}

#[tokio::test]
async fn an_account_has_few_streams() {
    let lab = Lab::new().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Follower::open(&lab.admin, "", None).await);
    }
    let refused = lab.admin.get("/api/v1/audit/stream").await;
    assert_eq!(refused.problem(), (429, "too_many_streams", ""));
    Follower::open(&lab.caller("user").await, "", None).await;
    open.pop();
    Follower::open(&lab.admin, "", None).await;
}
