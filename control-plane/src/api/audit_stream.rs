//! `audit/stream`: records as they are written, as server-sent events.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::api::audit_query::StreamQuery;
use crate::api::auth::Presented;
use crate::app::App;
use crate::app::streams::Place;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::extract::Query;
use crate::http::openapi::describe::{Input, Output};
use crate::http::openapi::operation::Operation;
use crate::store::audit::list::Filter;
use crate::store::audit::record::Record;
use crate::store::audit::tail;
use crate::store::{self, StoreError, in_time, tokens};

/// How often the log is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How often a comment is sent where there is nothing else to send, and how often at least the token is looked at.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Records that are read at once.
const PAGE: i64 = 100;

/// The position of the last record that the client has; none where it begins.
pub struct LastEventId(Option<u64>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(given) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let position = given.to_str().ok().and_then(|text| text.parse().ok());
        let wrong =
            || Problem::invalid("Last-Event-ID", "Send the id of the last event, unchanged, or leave the header out.");
        position.map(|position| Self(Some(position))).ok_or_else(wrong)
    }
}

impl Input for LastEventId {
    fn describe(operation: &mut Operation) {
        let description =
            "The id of the last event that was received: those behind it follow. Without it, new ones only.";
        operation.takes_header("Last-Event-ID", description, &json!({"type": "string", "pattern": "^[0-9]+$"}));
        operation.may_refuse(&[Code::InvalidField]);
    }
}

/// `GET /api/v1/audit/stream`: what is written from now on, or behind the event that the client had last.
pub async fn follow(
    State(app): State<App>,
    reader: Reader,
    LastEventId(last): LastEventId,
    Query(mut query): Query<StreamQuery>,
) -> Result<Tail> {
    let filter = Filter { record_id: query.record_id, ..query.take_filter() };
    let end = tail::end(&mut *app.store.read().await?).await?;
    // A position that was not given yet is of another database: this one has nothing to make up for.
    let position = last.filter(|last| *last <= end).unwrap_or(end);
    let Some(place) = app.streams.take(&reader.account_id) else {
        return Err(Problem::new(Code::TooManyStreams, "Close another one first."));
    };
    Ok(Tail { app, filter, token_id: reader.token_id, position, ready: Vec::new(), looked: None, _place: place })
}

/// Whoever reads a stream: changes nothing.
pub struct Reader {
    account_id: String,
    token_id: String,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let presented = Presented::from_request_parts(parts, state).await?;
        Ok(Self { account_id: actor.id, token_id: presented.token_id })
    }
}

impl Input for Reader {
    fn describe(operation: &mut Operation) {
        operation.may_refuse(&[Code::TooManyStreams]);
    }
}

/// A stream under way. It ends with the service, with the token that opened it, and where the database fails: a client asks
/// again then, from the last event on.
pub struct Tail {
    app: App,
    filter: Filter,
    token_id: String,
    position: u64,
    /// What is to be sent next, the last first.
    ready: Vec<(u64, Record)>,
    /// When the token was last looked at.
    looked: Option<Instant>,
    _place: Place,
}

impl IntoResponse for Tail {
    fn into_response(self) -> Response {
        let events =
            stream::unfold(self, |tail| async { tail.next().await.map(|next| (Ok::<_, Infallible>(next.0), next.1)) });
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
    }
}

impl Output for Tail {
    fn describe(operation: &mut Operation) {
        operation.answers_media("text/event-stream", json!({"type": "string"}));
    }
}

impl Tail {
    async fn next(mut self) -> Option<(Event, Self)> {
        let mut stopping = self.app.stopping.subscribe();
        loop {
            if let Some((position, record)) = self.ready.pop() {
                // A record is strings, numbers and lists of them: that is always JSON.
                let event = Event::default().id(position.to_string()).json_data(record).ok()?;
                return Some((event, self));
            }
            let more = match in_time(self.look()).await {
                Ok(more) => more?,
                Err(error) => {
                    tracing::warn!(%error, "a stream of audit records ends");
                    return None;
                }
            };
            if !self.ready.is_empty() || more {
                continue;
            }
            let stopped = pin!(stopping.wait_for(|stopping| *stopping));
            tokio::select! {
                biased;
                _ = stopped => return None,
                () = sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Reads on. Answers whether there is more, and none once the token is not good any more: nothing is sent then.
    async fn look(&mut self) -> Result<Option<bool>, StoreError> {
        let mut connection = self.app.store.read().await?;
        let step = tail::after(&mut connection, &self.filter, self.position, PAGE).await?;
        if !step.records.is_empty() || self.looked.is_none_or(|looked| looked.elapsed() >= HEARTBEAT) {
            let bearer = tokens::find_usable(&mut connection, &self.token_id, self.app.now()).await;
            if store::if_proven(bearer)?.is_none() {
                return Ok(None);
            }
            self.looked = Some(Instant::now());
        }
        self.position = step.position;
        self.ready = step.records;
        self.ready.reverse();
        Ok(Some(step.more))
    }
}
