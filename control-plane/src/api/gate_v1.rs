//! What gates ask for: the policy, as a long poll, and a place for their audit events.

use crate::app::alerts::evaluate;
use crate::app::alerts::raise;
use crate::domain::gate_report;
use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lictor_policy::wire::{self, EventBatch, Stored};
use serde::Deserialize;
use tokio::sync::{Notify, watch};

use crate::api::auth::GateIdentity;
use crate::app::App;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::http::extract::{Query, Wire};
use crate::store::audit::{insert, sequences};
use crate::store::gates::{Gate, Seen};
use crate::store::{Connection, Database, News, StoreError, gates as rows, in_time};
use crate::tasks::credentials;

use gate_report::Accepted;

/// How often what gates told is written to the database.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// A gate that was heard within this time is live: polls are held for a third of it.
pub const LIVE: Duration = Duration::from_secs(60);

/// When each gate was last heard by this process, and what it runs. Kept here and written now and then, for the other
/// replicas and for the next start: a poll must not cost a write. Holds only gates that have shown a token, so it is as
/// small as their list.
#[derive(Default)]
pub struct Presence {
    gates: Mutex<BTreeMap<String, (Seen, Unsaved)>>,
    news: watch::Sender<()>,
    acknowledged: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Unsaved(bool);

impl Presence {
    /// What a gate told since the service started.
    pub fn of(&self, gate_id: &str) -> Option<Seen> {
        self.lock().get(gate_id).map(|(seen, _)| seen.clone())
    }

    /// Changes whenever a gate is heard, here or by another replica that says so.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Writes what is new. What could not be written is tried again next time.
    pub async fn flush(&self, app: &App) -> Result<(), StoreError> {
        let unsaved: Vec<_> = {
            let mut gates = self.lock();
            let unsaved = gates.iter_mut().filter(|(_, (_, unsaved))| *unsaved == Unsaved(true));
            unsaved
                .map(|(id, (seen, unsaved))| (id.clone(), seen.clone(), mem::replace(unsaved, Unsaved(false))))
                .collect()
        };
        if unsaved.is_empty() {
            return Ok(());
        }
        let written: Result<(), StoreError> = in_time(async {
            let mut tx = app.store.write().await?;
            for (id, seen, _) in &unsaved {
                rows::write_seen(&mut tx, id, seen).await?;
            }
            app.store.tell(&mut tx, News::Gates).await?;
            Ok(tx.commit().await?)
        })
        .await;
        written.inspect_err(|_| {
            let mut gates = self.lock();
            for (id, _, _) in &unsaved {
                gates.entry(id.clone()).and_modify(|(_, unsaved)| *unsaved = Unsaved(true));
            }
        })
    }

    /// Another replica may have heard a gate.
    pub fn told(&self) {
        self.news.send_replace(());
    }

    fn heard(&self, gate_id: &str, seen: Seen) {
        let runs = |seen: &Seen| (seen.epoch.clone(), seen.revision);
        let now_runs = runs(&seen);
        let before = self.lock().insert(gate_id.to_owned(), (seen, Unsaved(true)));
        self.news.send_replace(());
        if before.is_none_or(|(before, _)| runs(&before) != now_runs) {
            self.acknowledged.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Seen, Unsaved)>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A gate with what it told since the database last heard of it.
pub fn current(app: &App, gate: Gate) -> Gate {
    let later = app.presence.of(&gate.id).filter(|seen| seen.last_seen_at >= gate.seen.last_seen_at);
    Gate { seen: later.unwrap_or_else(|| gate.seen.clone()), ..gate }
}

/// All gates, as they are now.
pub async fn all(app: &App, connection: &mut Connection) -> Result<Vec<Gate>, StoreError> {
    let gates = rows::list(connection, "", i64::MAX).await?;
    Ok(gates.into_iter().map(|gate| current(app, gate)).collect())
}

/// Whether a gate was heard within [`LIVE`], and may be heard again.
pub fn is_live(gate: &Gate, now: Moment) -> bool {
    gate.revoked_at.is_none() && gate.seen.last_seen_at.is_some_and(|seen| seen.plus(LIVE) > now)
}

/// How many gates are live.
pub async fn count_live(app: &App, connection: &mut Connection) -> Result<u32, StoreError> {
    let live = all(app, connection).await?.iter().filter(|gate| is_live(gate, app.now())).count();
    Ok(u32::try_from(live).unwrap_or(u32::MAX))
}

/// Writes what gates told every few seconds, and at once where another replica may wait for a gate that has taken a
/// policy, until the task is dropped.
pub async fn keep_presence(app: App) {
    let has_replicas = app.store.database() == Database::Postgres;
    loop {
        tokio::select! {
            () = tokio::time::sleep(FLUSH_EVERY) => {}
            () = app.presence.acknowledged.notified(), if has_replicas => {}
        }
        if let Err(error) = app.presence.flush(&app).await {
            tracing::warn!(%error, "when gates were last seen could not be stored");
        }
    }
}

/// What a gate has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Of the policy that it runs; empty if it has none.
    #[serde(default)]
    epoch: String,
    /// The same.
    #[serde(default)]
    since: u64,
    /// Which run of Envoy it is.
    boot: Option<String>,
    /// How many events that has numbered.
    next: Option<u64>,
    /// Whether it could not use the policy that it was sent last.
    #[serde(default)]
    refused: bool,
}

/// `GET /gate/v1/policy`: answers at once if there is a newer policy than the gate's, or one of another epoch.
pub async fn policy(
    State(app): State<App>,
    gate: GateIdentity,
    headers: HeaderMap,
    Query(has): Query<Since>,
) -> Result<Response> {
    let wire_version = spoken_version(&headers)?;
    gate_report::epoch(&has.epoch)?;
    if let (Some(boot), Some(next)) = (&has.boot, has.next) {
        take_count(&app, &gate.id, boot, next).await?;
        take_filters_lost(&app, &gate.id, boot, &headers).await?;
    }
    app.presence.heard(
        &gate.id,
        Seen {
            last_seen_at: Some(app.now()),
            wire_version: Some(wire_version),
            epoch: Some(has.epoch.clone()),
            revision: Some(has.since),
            policy_refused: has.refused,
        },
    );
    let mut policies = app.publisher.subscribe();
    let mut stopping = app.stopping.subscribe();
    // Three answers within the policy's maximum age: one that is lost must not make a gate refuse.
    let hold = policies.borrow().as_ref().map_or(app.waits.poll, |policy| app.waits.poll.min(policy.max_age / 3));
    let newer = policies.wait_for(|policy| {
        policy.as_ref().is_some_and(|policy| policy.epoch != has.epoch || policy.revision.0 > has.since)
    });
    tokio::select! {
        _ = newer => {}
        () = tokio::time::sleep(hold) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    gate.still_valid(&app).await?;
    let newest = app.publisher.subscribe().borrow().clone();
    match newest {
        // A gate without a policy must not be told that what it has is current: it has nothing.
        None => Err(Problem::new(Code::NotReady, "There is no policy yet; ask again.")),
        Some(policy) if policy.epoch == has.epoch && policy.revision.0 == has.since => {
            // What has changed since, a revocation perhaps, cannot be sent: what the gate has grows old then, and ends.
            if !app.publisher.is_healthy() {
                return Err(Problem::new(Code::NotReady, "The newest policy is not published yet; ask again."));
            }
            Ok(StatusCode::NOT_MODIFIED.into_response())
        }
        // An earlier one too, which the gate ignores: it heard a replica that is ahead, or the database was put back
        // without a new epoch, and then its policy must become too old.
        Some(policy) => {
            let json = HeaderValue::from_static("application/json");
            Ok(([(header::CONTENT_TYPE, json)], Body::from(policy.json.clone())).into_response())
        }
    }
}

/// Takes how many events a gate has numbered: those that never arrive are missing one day, also if their gate was
/// killed and sends no later ones. A gate gets its policy even if the database cannot take that now.
async fn take_count(app: &App, gate_id: &str, boot: &str, next: u64) -> Result<()> {
    gate_report::boot(boot)?;
    gate_report::next(next)?;
    if let Err(error) = sequences::told(&app.store, gate_id, boot, next, app.now()).await {
        tracing::warn!(%error, "how many events a gate has numbered could not be stored");
    }
    Ok(())
}

/// Takes how many of a gate's filters have ended without a word, and raises an alert for those that are new. A gate gets its
/// policy even if the database cannot take that now: it says so again.
async fn take_filters_lost(app: &App, gate_id: &str, boot: &str, headers: &HeaderMap) -> Result<()> {
    let Some(lost) = headers.get(wire::FILTERS_LOST_HEADER) else { return Ok(()) };
    let lost: Option<u32> = lost.to_str().ok().and_then(|text| text.parse().ok());
    let lost = lost.ok_or_else(|| Problem::invalid(wire::FILTERS_LOST_HEADER, "Send a number below 2^32."))?;
    let taken: Result<(), StoreError> = in_time(async {
        let mut tx = app.store.write().await?;
        let new = sequences::take_filters_lost(&mut tx, gate_id, boot, lost.into(), app.now()).await?;
        if new > 0 {
            let note = format!(
                "{new} of its threads lost the filter, and with it the requests that it had: their clients got no answer of \
                 Odoo's, and what was forwarded may have been done. Envoy's log says where the filter failed."
            );
            raise::notice(app, &mut tx, Rule::FilterLost, Subject::Gate(gate_id.to_owned()), &note).await?;
        }
        Ok(tx.commit().await?)
    })
    .await;
    if let Err(error) = taken {
        tracing::warn!(%error, "how many filters a gate has lost could not be stored");
    }
    Ok(())
}

/// `POST /gate/v1/events`: answers when every event is in the database, now or since an earlier try.
pub async fn events(
    State(app): State<App>,
    gate: GateIdentity,
    headers: HeaderMap,
    Wire(batch): Wire<EventBatch>,
) -> Result<Json<Stored>> {
    spoken_version(&headers)?;
    if batch.version != wire::VERSION {
        return Err(unsupported(batch.version));
    }
    let Accepted { batch, corrected } = gate_report::accept(batch, app.now())?;
    let mut tx = app.store.write().await?;
    let new = insert::insert(&mut tx, app.signer(), &gate.id, &batch, app.now()).await?;
    evaluate::evaluate(&app, &mut tx, &gate.id, &new).await?;
    credentials::take_note(&mut tx, &batch.events, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    app.metrics.events_stored(new.len() as u64);
    if corrected > 0 {
        app.metrics.events_corrected(corrected);
        tracing::warn!(
            gate = gate.id,
            corrected,
            "events held what no gate can know, such as a time to come: they are stored without it; look at the gate's clock, \
             and at who has its token"
        );
    }
    Ok(Json(Stored { stored: u64::try_from(batch.events.len()).unwrap_or_default() }))
}

/// Puts [`wire::VERSION_HEADER`] on every answer of the gates' listener.
pub async fn version_header(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(wire::VERSION_HEADER, HeaderValue::from(wire::VERSION));
    response
}

/// The version in the header; a gate that sends none speaks the first.
fn spoken_version(headers: &HeaderMap) -> Result<u32> {
    let Some(value) = headers.get(wire::VERSION_HEADER) else { return Ok(wire::VERSION) };
    let version = value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    if version == wire::VERSION { Ok(version) } else { Err(unsupported(version)) }
}

fn unsupported(version: u32) -> Problem {
    let detail = format!("Version {version} is not served here, {} is: update the filter or Lictor.", wire::VERSION);
    Problem::new(Code::UnsupportedWireVersion, detail)
}
