//! `sessions`: who uses which key from where, and how an administrator ends that.

use axum::Json;
use axum::extract::State;
use lictor_policy::address;
use lictor_policy::wire::Termination;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::sessions::cutoff;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::cursor::{Page, Window};
use crate::http::extract::{Id, Query};
use crate::store::sessions::{self, Cutoff, Filter, Session, State as SessionState};
use crate::store::snapshot::Part;
use crate::store::{Connection, OrAbsent as _, settings, terminations};

/// Which sessions are wanted: each parameter that is given must match.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    key_id: Option<String>,
    client_ip: Option<String>,
    user_agent: Option<String>,
    state: Option<SessionState>,
}

/// `GET /api/v1/sessions`: the one that started last first.
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<Session>>> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    let ListQuery { key_id, client_ip, user_agent, state, .. } = query;
    let filter = Filter { key_id, client_ip, user_agent, state };
    let mut connection = app.store.read().await?;
    let (cutoff, _) = cutoff(&settings::load_or_default(&mut connection).await?, app.now());
    let found = sessions::list(&mut connection, &filter, cutoff, window.after.as_ref(), window.row_limit()).await?;
    Ok(Json(window.page(found, |session| (session.started_at.0, session.id.clone()))))
}

/// `GET /api/v1/sessions/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<Session>> {
    let mut connection = app.store.read().await?;
    let (cutoff, _) = cutoff(&settings::load_or_default(&mut connection).await?, app.now());
    Ok(Json(find(&mut connection, &id, cutoff).await?))
}

/// `POST /api/v1/sessions/{id}/terminate`: the key, and those it is rotated to, are refused from the session's address
/// until the session timeout has passed from now.
pub async fn terminate(State(app): State<App>, actor: Actor, Id(id): Id) -> Result<Json<Session>> {
    let session = change(&app, &actor, async |tx| {
        let (settings, now) = (tx.settings().await?, tx.now());
        let (cutoff, timeout) = cutoff(&settings, now);
        let before = find(tx, &id, cutoff).await?;
        let line = before.line.clone().ok_or_else(|| {
            Problem::new(Code::KeyRevoked, "Nothing is left to end: the session's key was deleted, so it is refused.")
        })?;
        let client_ip = address::client(&before.client_ip).ok_or_else(|| {
            Problem::new(Code::InvalidField, "The session's address is not known: revoke or restrict the key instead.")
        })?;
        let until = now.plus(timeout).0;
        terminations::put(tx, &Termination { line: line.clone(), client_ip: client_ip.to_string(), until }).await?;
        sessions::terminate(tx, &id, (&line, &before.client_ip), cutoff).await?;
        let after = find(tx, &id, cutoff).await?;
        let done = Done::new("session.terminate", &id, Some(&before), Some(&after)).touching(Part::Stops);
        Ok((after, done))
    });
    Ok(Json(session.await?))
}

async fn find(connection: &mut Connection, id: &str, cutoff: Cutoff) -> Result<Session> {
    sessions::find(connection, id, cutoff).await?.or_absent("session")
}
