//! What gates ask for: the policy, as a long poll, and a place for their audit events.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gate_report::Accepted;
use lictor_policy::wire::{self, EventBatch, Stored};
use serde::Deserialize;

use crate::api::auth::GateIdentity;
use crate::app::App;
use crate::app::alerts::{evaluate, raise};
use crate::app::audit::events::record;
use crate::app::publisher::Published;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::gate_report;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::extract::{Query, Wire};
use crate::store::audit::sequences;
use crate::store::gates::Seen;
use crate::store::{StoreError, in_time};
use crate::tasks::{credentials, schema};

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
            let (form, body) = in_form(policy, takes_compact(&headers)).await?;
            Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(form))], Body::from(body)).into_response())
        }
    }
}

/// Whether a gate has said that it takes the compact form.
fn takes_compact(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|form| form.trim() == wire::COMPACT_TYPE)
}

/// A policy in the form that a gate takes, and that form's name.
async fn in_form(policy: Arc<Published>, compact: bool) -> Result<(&'static str, Bytes)> {
    if compact {
        return Ok((wire::COMPACT_TYPE, policy.compact.clone()));
    }
    let written = tokio::task::spawn_blocking(move || policy.json());
    let json = written.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let too_large =
        || Problem::new(Code::NotReady, "The policy is too large for this version of the filter: update it.");
    json.map(|json| ("application/json", json)).ok_or_else(too_large)
}

/// Takes how many events a gate has numbered: those that never arrive are missing one day, also if their gate was
/// killed and sends no later ones. A gate gets its policy even if the database cannot take that now.
async fn take_count(app: &App, gate_id: &str, boot: &str, next: u64) -> Result<()> {
    gate_report::boot(boot)?;
    gate_report::next(next)?;
    if let Err(error) = sequences::record_report(&app.store, gate_id, boot, next).await {
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
        let new = sequences::take_filters_lost(&mut tx, gate_id, boot, lost.into()).await?;
        if new > 0 {
            let note = format!(
                "{new} of its threads lost the filter, and with it the requests that it had: their clients got no answer of \
                 Odoo's, and what was forwarded may have been done. Envoy's log says where the filter failed."
            );
            raise::notice(&mut tx, Rule::FilterLost, Subject::Gate(gate_id.to_owned()), &note).await?;
        }
        tx.commit().await
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
    let new = record(&mut tx, &gate.id, &batch).await?;
    evaluate::evaluate(&mut tx, &gate.id, &new).await?;
    credentials::take_note(&mut tx, &batch.events).await?;
    schema::take_note(&mut tx, &batch.events).await?;
    tx.commit().await?;
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

/// The version in the header; a gate that sends none is taken to speak this one.
fn spoken_version(headers: &HeaderMap) -> Result<u32> {
    let Some(value) = headers.get(wire::VERSION_HEADER) else { return Ok(wire::VERSION) };
    let version = value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    if version == wire::VERSION { Ok(version) } else { Err(unsupported(version)) }
}

fn unsupported(version: u32) -> Problem {
    let detail = format!("Version {version} is not served here, {} is: update the filter or Lictor.", wire::VERSION);
    Problem::new(Code::UnsupportedWireVersion, detail)
}
