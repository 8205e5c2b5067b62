//! `audit`: what became of each call.

use axum::Json;
use axum::extract::State;
use lictor_policy::operation::Operation;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Outcome;
use serde::Deserialize;

use crate::api::extract::Query;
use crate::api::page::{Page, Window};
use crate::app::App;
use crate::error::Result;
use crate::store::event_list::{self, Filter, TextColumn};
use crate::store::events::{Record, outcome_name};
use crate::time::Moment;

/// Which records are wanted: each parameter that is given must match.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    from: Option<Moment>,
    to: Option<Moment>,
    id: Option<String>,
    gate: Option<String>,
    decision_id: Option<String>,
    request_id: Option<String>,
    key_id: Option<String>,
    user_id: Option<String>,
    client_ip: Option<String>,
    road: Option<String>,
    database: Option<String>,
    model: Option<String>,
    method: Option<String>,
    operation: Option<Operation>,
    record_id: Option<i64>,
    outcome: Option<Outcome>,
    reason: Option<Reason>,
    fault_code: Option<i64>,
}

/// `GET /api/v1/audit`: newest first.
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<Record>>> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    let texts = [
        (TextColumn::Id, query.id),
        (TextColumn::Gate, query.gate),
        (TextColumn::DecisionId, query.decision_id),
        (TextColumn::RequestId, query.request_id),
        (TextColumn::KeyId, query.key_id),
        (TextColumn::UserId, query.user_id),
        (TextColumn::ClientIp, query.client_ip),
        (TextColumn::Road, query.road),
        (TextColumn::Database, query.database),
        (TextColumn::Model, query.model),
        (TextColumn::Method, query.method),
        (TextColumn::Outcome, query.outcome.map(|outcome| outcome_name(outcome).to_owned())),
        (TextColumn::Reason, query.reason.map(|reason| reason.row().name.to_owned())),
    ];
    let filter = Filter {
        texts: texts.into_iter().filter_map(|(column, text)| Some((column, text?))).collect(),
        fault_code: query.fault_code,
        operation: query.operation.map(Operation::name),
        record_id: query.record_id,
        from: query.from,
        to: query.to,
    };
    let found = event_list::list(&mut *app.store.read().await?, &filter, window.after.as_ref(), window.reach()).await?;
    Ok(Json(window.page(found, |record| (record.at.0, record.id.clone(), record.gate.clone()))))
}
