//! Sessions, as the calls that gates report make them.

use std::collections::BTreeMap;

use lictor_policy::wire::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::time::Moment;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::{Columns as _, saturating_i64, values};
use crate::store::{ChangeTx, Connection, StoreError, WriteTx};

/// One line of keys, used from one client.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Session {
    /// As gates name it.
    pub id: String,
    /// The key that was last used in it.
    pub key_id: String,
    /// The client's address.
    pub client_ip: String,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Its first call.
    pub started_at: Moment,
    /// Its last call.
    pub last_seen_at: Moment,
    /// How many calls.
    pub requests: u64,
    /// What it is now.
    pub state: State,
    /// When an administrator ended it.
    pub terminated_at: Option<Moment>,
    /// The line of keys; none if the key was gone when the first call was reported.
    #[serde(skip)]
    pub line: Option<String>,
}

/// What a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SessionState")]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In use.
    Active,
    /// Silent for longer than the timeout.
    Expired,
    /// Ended by an administrator.
    Terminated,
}

/// A session that was last seen at this moment or before has timed out.
#[derive(Clone, Copy, Debug)]
pub struct Cutoff(pub Moment);

fn read(row: &AnyRow, Cutoff(cutoff): Cutoff) -> Result<Session, StoreError> {
    let (last_seen_at, terminated_at) = (row.moment("last_seen_at")?, row.optional_moment("terminated_at")?);
    let is_marked = row.optional_moment("expired_at")?.is_some();
    let state = match terminated_at {
        Some(_) => State::Terminated,
        None if is_marked || last_seen_at <= cutoff => State::Expired,
        None => State::Active,
    };
    Ok(Session {
        id: row.text("id")?,
        key_id: row.text("key_id")?,
        client_ip: row.text("client_ip")?,
        user_agent: row.optional_text("user_agent")?,
        started_at: row.moment("started_at")?,
        last_seen_at,
        requests: row.number("requests")?,
        state,
        terminated_at,
        line: row.optional_text("line")?,
    })
}

/// Which sessions are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The key that was last used.
    pub key_id: Option<String>,
    /// The client's address.
    pub client_ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// What it is now.
    pub state: Option<State>,
}

/// A place in the list, for the next page: start and id of the session before it.
pub type Place = (u64, String);

/// A session by its id.
pub async fn find(connection: &mut Connection, id: &str, cutoff: Cutoff) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query("SELECT * FROM sessions WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row, cutoff)).transpose()
}

/// Sessions, the one that started last first, from before a place.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    cutoff: Cutoff,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Session>, StoreError> {
    let mut conditions = Conditions::default();
    let texts =
        [("key_id =", &filter.key_id), ("client_ip =", &filter.client_ip), ("user_agent =", &filter.user_agent)];
    for (condition, text) in texts {
        if let Some(text) = text {
            conditions.compare(condition, Bound::Text(text.clone()));
        }
    }
    match filter.state {
        None => {}
        Some(State::Terminated) => conditions.require("terminated_at IS NOT NULL"),
        Some(state) => {
            conditions.require("terminated_at IS NULL");
            let cutoff = Bound::Number(saturating_i64(cutoff.0.0));
            if state == State::Active {
                conditions.require("expired_at IS NULL");
                conditions.compare("last_seen_at >", cutoff);
            } else {
                conditions.compare_or("expired_at IS NOT NULL", "last_seen_at <=", cutoff);
            }
        }
    }
    if let Some((at, id)) = before {
        conditions.before("started_at, id", [Bound::Number(saturating_i64(*at)), Bound::Text(id.clone())]);
    }
    let rows = conditions.rows(connection, "sessions", "started_at DESC, id DESC", limit).await?;
    rows.iter().map(|row| read(row, cutoff)).collect()
}

/// Calls of one session that were reported together.
pub(crate) struct Visit<'e> {
    key_id: &'e str,
    client_ip: &'e str,
    user_agent: Option<&'e str>,
    first_at: u64,
    last_at: u64,
    calls: u64,
}

impl<'e> Visit<'e> {
    /// No call yet, but the key and the client of this one.
    pub(crate) fn first(key_id: &'e str, event: &'e Event) -> Self {
        let (client_ip, user_agent) = (event.client_ip.as_str(), event.user_agent.as_deref());
        Self { key_id, client_ip, user_agent, first_at: event.at, last_at: event.at, calls: 0 }
    }

    /// One call more.
    pub(crate) fn add(&mut self, event: &'e Event) {
        self.first_at = self.first_at.min(event.at);
        self.last_at = self.last_at.max(event.at);
        self.calls += 1;
    }
}

/// Adds calls to sessions, or begins them with these, all in one statement. Not a change of policy: no new revision.
pub(crate) async fn add(tx: &mut WriteTx, visits: &BTreeMap<&str, Visit<'_>>) -> Result<(), StoreError> {
    if visits.is_empty() {
        return Ok(());
    }
    // SQLite takes no ON CONFLICT right behind a FROM, where ON could belong to a join: hence the condition.
    let sql = format!(
        "WITH visits (id, key_id, client_ip, user_agent, first_at, last_at, calls) AS ({}) \
         INSERT INTO sessions (id, key_id, line, client_ip, user_agent, started_at, last_seen_at, requests) \
         SELECT id, key_id, (SELECT line FROM keys WHERE keys.id = key_id), client_ip, user_agent, first_at, last_at, \
         calls FROM visits WHERE 1 = 1 \
         ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id, line = COALESCE(excluded.line, sessions.line), \
         started_at = CASE WHEN excluded.started_at < sessions.started_at \
         THEN excluded.started_at ELSE sessions.started_at END, \
         last_seen_at = CASE WHEN excluded.last_seen_at > sessions.last_seen_at \
         THEN excluded.last_seen_at ELSE sessions.last_seen_at END, \
         requests = sessions.requests + excluded.requests, \
         expired_at = CASE WHEN excluded.last_seen_at > sessions.last_seen_at THEN NULL ELSE sessions.expired_at END",
        values(visits.len(), 7)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (id, visit) in visits {
        query = query.bind(*id).bind(visit.key_id).bind(visit.client_ip).bind(visit.user_agent);
        query = query
            .bind(saturating_i64(visit.first_at))
            .bind(saturating_i64(visit.last_at))
            .bind(saturating_i64(visit.calls));
    }
    query.execute(tx.connection()).await?;
    Ok(())
}

/// Marks what a termination ends: all sessions of the line from the address that have not timed out, and the one named.
pub async fn terminate(
    tx: &mut ChangeTx,
    id: &str,
    (line, client_ip): (&str, &str),
    Cutoff(cutoff): Cutoff,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sessions SET terminated_at = $1 \
         WHERE id = $2 OR (line = $3 AND client_ip = $4 AND last_seen_at > $5 AND terminated_at IS NULL)",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(id)
    .bind(line)
    .bind(client_ip)
    .bind(saturating_i64(cutoff.0))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Marks sessions that have timed out. Says how many.
pub async fn expire(tx: &mut WriteTx, Cutoff(cutoff): Cutoff, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE sessions SET expired_at = $1 WHERE id IN (SELECT id FROM sessions \
         WHERE terminated_at IS NULL AND expired_at IS NULL AND last_seen_at <= $2 ORDER BY last_seen_at LIMIT $3)",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(cutoff.0))
    .bind(i64::from(limit))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Deletes sessions that have ended and were last seen before a moment. Says how many.
pub async fn delete_ended(tx: &mut WriteTx, before: Moment, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
         WHERE (terminated_at IS NOT NULL OR expired_at IS NOT NULL) AND last_seen_at < $1 \
         ORDER BY last_seen_at LIMIT $2)",
    )
    .bind(saturating_i64(before.0))
    .bind(i64::from(limit))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}
