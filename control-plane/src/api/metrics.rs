//! `/metrics`: how the service does, in Prometheus' text format.
//!
//! Labels come from the table of routes, from statuses and from the names of gates: never from what a caller sends.

use std::fmt::{self, Write as _};
use std::sync::atomic::Ordering;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::app::gates::{all, is_live};
use crate::app::metrics::Answered;
use crate::domain::alerts::{TYPES, type_name};
use crate::domain::job::Outcome;
use crate::domain::problem::Result;
use crate::domain::severity::Severity;
use crate::http::openapi::describe::Output;
use crate::http::openapi::operation::Operation;
use crate::store::audit::sequences;
use crate::store::{Meta, alerts, jobs, outbox};

/// Counts every request by its route and what was answered.
pub async fn count(State(app): State<App>, route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    const KNOWN: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let known = KNOWN.iter().position(|method| method == request.method());
    let method = known.and_then(|at| ["GET", "POST", "PUT", "PATCH", "DELETE"].get(at)).copied().unwrap_or("other");
    let route = route.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    app.metrics.answered(Answered { method, route, status: response.status().as_u16() });
    response
}

/// What Prometheus reads.
pub struct Exposition(String);

const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, MEDIA)], self.0).into_response()
    }
}

impl Output for Exposition {
    fn describe(operation: &mut Operation) {
        operation.answers_media(MEDIA, json!({"type": "string"}));
    }
}

/// `GET /metrics`
pub async fn show(State(app): State<App>) -> Result<Exposition> {
    let mut connection = app.store.read().await?;
    let (meta, now) = (Meta::load(&mut connection).await?, app.now());
    let gates = all(&app, &mut connection).await?;
    let skipped = sequences::skipped(&mut connection, now).await?;
    let jobs = jobs::list(&mut connection, now).await?;
    let open = alerts::count_open(&mut connection).await?;
    let messages = outbox::counts(&mut connection).await?;
    drop(connection);

    let mut page = Page::default();
    let requests = app.metrics.requests().clone();
    page.family("lictor_http_requests_total", "counter", "Requests by route and status.");
    for (Answered { method, route, status }, count) in requests {
        page.sample(&[("method", method), ("route", &route), ("status", &status.to_string())], count);
    }
    page.single(
        "lictor_events_stored_total",
        "counter",
        "Gates' events stored.",
        app.metrics.events.load(Ordering::Relaxed),
    );
    page.single(
        "lictor_events_corrected_total",
        "counter",
        "Gates' events that held what no gate can know, such as a time to come, and are stored without it.",
        app.metrics.corrected.load(Ordering::Relaxed),
    );
    page.single("lictor_revision", "gauge", "The newest revision of the policy.", meta.revision.0);
    let published = app.publisher.subscribe().borrow().clone();
    if let Some(published) = published {
        page.single("lictor_published_revision", "gauge", "The revision that gates get.", published.revision.0);
        page.single("lictor_snapshot_bytes", "gauge", "Size of the snapshot that gates get.", published.compact.len());
        let seconds = published.built_in.as_secs_f64();
        page.single("lictor_snapshot_build_seconds", "gauge", "How long it took to build the snapshot.", seconds);
    }
    page.family("lictor_outbox_messages", "gauge", "Messages that wait to be sent, and that have failed.");
    page.sample(&[("state", "waiting")], messages.waiting);
    page.sample(&[("state", "failed")], messages.failed);
    let unproven = app.proofs.last().count;
    page.single(
        "lictor_unproven_rows",
        "gauge",
        "Rows and tables of the policy that were changed without Lictor.",
        unproven,
    );
    let healthy = u8::from(app.publisher.is_healthy());
    page.single("lictor_publisher_healthy", "gauge", "Whether the newest revision could be published.", healthy);
    let live = gates.iter().filter(|gate| is_live(gate, now)).count();
    page.single("lictor_gates", "gauge", "Gates that have an identity.", gates.len());
    page.single("lictor_gates_connected", "gauge", "Gates heard within the last minute.", live);
    page.family(
        "lictor_gate_lag_revisions",
        "gauge",
        "Revisions that a gate is behind; all of them without this policy.",
    );
    for gate in &gates {
        let has = gate.seen.revision.filter(|_| gate.seen.epoch.as_ref() == Some(&meta.epoch)).unwrap_or_default();
        page.sample(&[("gate", &gate.name)], meta.revision.0.saturating_sub(has));
    }
    page.family("lictor_gate_last_seen_timestamp_seconds", "gauge", "When a gate last polled.");
    for gate in &gates {
        if let Some(seen) = gate.seen.last_seen_at {
            page.sample(&[("gate", &gate.name)], seen.0 / 1_000_000);
        }
    }
    page.family("lictor_gate_missing_events", "gauge", "Events that a gate numbered and that never arrived.");
    for gate in &gates {
        let skipped = skipped.get(&gate.id).copied().unwrap_or_default();
        page.sample(&[("gate", &gate.name)], skipped.missing_events);
    }
    page.family("lictor_gate_filters_lost", "gauge", "Filters of a gate's threads that ended without a word.");
    for gate in &gates {
        let skipped = skipped.get(&gate.id).copied().unwrap_or_default();
        page.sample(&[("gate", &gate.name)], skipped.filters_lost);
    }
    page.family("lictor_job_runs_total", "counter", "Runs of jobs here, by how they ended.");
    for ((job, outcome), count) in app.metrics.jobs().clone() {
        page.sample(&[("job", job.name()), ("outcome", outcome.name())], count);
    }
    page.family("lictor_job_failed", "gauge", "Whether the last run of a job failed, on whichever replica.");
    for job in &jobs {
        page.sample(&[("job", &job.name)], u8::from(job.last_outcome == Some(Outcome::Failed)));
    }
    page.family("lictor_job_last_end_timestamp_seconds", "gauge", "When a run of a job ended last.");
    for job in &jobs {
        if let Some(ended) = job.last_ended_at {
            page.sample(&[("job", &job.name)], ended.0 / 1_000_000);
        }
    }
    page.family("lictor_alerts_open", "gauge", "Alerts that nobody has resolved, by type and severity.");
    for kind in TYPES {
        for severity in Severity::ALL {
            let count = open.iter().find(|found| (found.0, found.1) == (kind, severity)).map_or(0, |found| found.2);
            page.sample(&[("type", type_name(kind)), ("severity", severity.name())], count);
        }
    }
    Ok(Exposition(page.text))
}

#[derive(Default)]
struct Page {
    text: String,
    family: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn single(&mut self, name: &'static str, kind: &str, help: &str, value: impl fmt::Display) {
        self.family(name, kind, help);
        self.sample(&[], value);
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: impl fmt::Display) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{labels} {value}", self.family);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
