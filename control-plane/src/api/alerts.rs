//! `alerts`: what somebody should look at, and what was done about it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::refusal::AlertType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::alerts::subject::network;
use crate::domain::alerts::{Alert, State as AlertState};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::severity::Severity;
use crate::domain::time::DayOrMoment;
use crate::domain::validate;
use crate::http::cursor::{Page, Window};
use crate::http::extract::{Body, Id, Query};
use crate::store::alerts::{self, Action, Entry, Filter};
use crate::store::{ChangeTx, Connection, OrAbsent as _, alert_counts};

/// Entries that an alert's history may have before comments are refused.
const MAX_ENTRIES: u64 = 500;

/// Which alerts are wanted: each parameter that is given must match. `from` and `to`: it went on at or after the one and
/// began before the other.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    r#type: Option<AlertType>,
    severity: Option<Severity>,
    state: Option<AlertState>,
    key_id: Option<String>,
    client_ip: Option<String>,
    from: Option<DayOrMoment>,
    to: Option<DayOrMoment>,
}

/// An alert with all that was done and said.
#[derive(Serialize, JsonSchema)]
pub struct Detail {
    /// The alert.
    #[serde(flatten)]
    alert: Alert,
    /// What was done, oldest first, comments among it.
    history: Vec<Entry>,
    /// The comments alone, oldest first.
    comments: Vec<Entry>,
}

/// How an alert was dealt with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    #[schemars(length(max = validate::MAX_PROSE))]
    note: String,
}

/// What somebody has to say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    #[schemars(length(max = validate::MAX_PROSE))]
    text: String,
}

/// `GET /api/v1/alerts`: the one that opened last first.
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<Alert>>> {
    let window: Window<String> = Window::new(query.limit, query.cursor.as_deref())?;
    let (from, to) = (query.from.map(DayOrMoment::moment), query.to.map(DayOrMoment::moment));
    validate::in_order(from, to)?;
    let filter = Filter {
        kind: query.r#type,
        severity: query.severity,
        state: query.state,
        key_id: query.key_id,
        client_ip: query.client_ip.map(|address| network(&address)),
        from,
        to,
    };
    let found =
        alerts::list(&mut *app.store.read().await?, &filter, window.after.as_deref(), window.row_limit()).await?;
    Ok(Json(window.page(found, |alert| alert.id.clone())))
}

/// `GET /api/v1/alerts/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<Detail>> {
    Ok(Json(detail(&mut *app.store.read().await?, &id).await?))
}

/// `POST /api/v1/alerts/{id}/resolve`: a repeat opens another alert, once its threshold is reached anew.
pub async fn resolve(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    Body(given): Body<Resolution>,
) -> Result<Json<Detail>> {
    validate::prose("note", &given.note)?;
    let detail = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        if before.state == AlertState::Resolved {
            return Err(Problem::new(Code::AlertResolved, "It is resolved already; comment on it, or reopen it."));
        }
        alert_counts::delete(tx, before.kind, &before.subject).await?;
        let now = tx.now();
        alerts::set_state(tx, &id, AlertState::Resolved, Some(now)).await?;
        noted(&actor, tx, Action::Resolved, before, Some(given.note)).await
    });
    Ok(Json(detail.await?))
}

/// `POST /api/v1/alerts/{id}/reopen`: repeats raise its count again.
pub async fn reopen(State(app): State<App>, actor: Actor, Id(id): Id) -> Result<Json<Detail>> {
    let detail = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        if before.state == AlertState::Open {
            return Err(Problem::new(Code::AlertOpen, "It is open: there is nothing to do."));
        }
        if alerts::find_open(tx, before.kind, &before.subject).await?.is_some() {
            let detail = "An alert of this type is open on the same subject: go on with that.";
            return Err(Problem::new(Code::AlertOpen, detail));
        }
        alerts::set_state(tx, &id, AlertState::Open, None).await?;
        noted(&actor, tx, Action::Reopened, before, None).await
    });
    Ok(Json(detail.await?))
}

/// `POST /api/v1/alerts/{id}/comments`
pub async fn comment(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    Body(given): Body<Comment>,
) -> Result<(StatusCode, Json<Detail>)> {
    validate::prose("text", &given.text)?;
    let detail = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        if alerts::count_entries(tx, &id).await? >= MAX_ENTRIES {
            return Err(Problem::new(Code::HistoryFull, format!("It has {MAX_ENTRIES} entries: resolve the alert.")));
        }
        noted(&actor, tx, Action::Commented, before, Some(given.text)).await
    });
    Ok((StatusCode::CREATED, Json(detail.await?)))
}

/// Writes what was done into the alert's history and into the administrators' audit log.
async fn noted(
    actor: &Actor,
    tx: &mut ChangeTx,
    action: Action,
    before: Alert,
    text: Option<String>,
) -> Result<(Detail, Done)> {
    let entry = Entry { at: tx.now(), actor: actor.id.clone(), action, text };
    alerts::add_entry(tx, &before.id, &entry).await?;
    let name = match action {
        Action::Resolved => "alert.resolve",
        Action::Reopened => "alert.reopen",
        _ => "alert.comment",
    };
    let after = detail(tx, &before.id).await?;
    let done = Done::new(name, &before.id, Some(&before), Some(&after.alert));
    Ok((after, done))
}

async fn detail(connection: &mut Connection, id: &str) -> Result<Detail> {
    let alert = find(connection, id).await?;
    let history = alerts::entries(connection, id).await?;
    let comments = history.iter().filter(|entry| entry.action == Action::Commented).cloned().collect();
    Ok(Detail { alert, history, comments })
}

async fn find(connection: &mut Connection, id: &str) -> Result<Alert> {
    alerts::find(connection, id).await?.or_absent("alert")
}
