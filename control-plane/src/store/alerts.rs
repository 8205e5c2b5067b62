//! Alerts, and what was done about them.

use std::collections::BTreeMap;

use lictor_policy::refusal::{AlertType, Reason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::alerts::subject::Subject;
use crate::domain::alerts::{Alert, State, type_name};
use crate::domain::severity::Severity;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::store::alert_counts::Place;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::{Columns as _, ROWS, enum_name, json, saturating_i64, values};
use crate::store::{Connection, StoreError, WriteTx};

/// Entries of an alert's history that are read.
const MAX_ENTRIES: i64 = 1000;

/// What was done to an alert, and when.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// The account that did it, or `system`.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// What was said.
    pub text: Option<String>,
}

/// What is done to alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It began.
    Opened,
    /// Another rule of its type was met.
    Widened,
    /// Its severity rose.
    Escalated,
    /// Somebody dealt with it.
    Resolved,
    /// Somebody opened it again.
    Reopened,
    /// Somebody said something about it.
    Commented,
}

fn read(row: &AnyRow) -> Result<Alert, StoreError> {
    let subject = row.text("subject")?;
    Ok(Alert {
        id: row.text("id")?,
        kind: row.parse_enum("kind")?,
        severity: row.parse_enum("severity")?,
        state: row.parse_enum("state")?,
        subject: Subject::parse(&subject).ok_or_else(|| StoreError::Column("subject".to_owned()))?,
        count: row.number("count")?,
        rules: row.json("rules")?,
        first_at: row.moment("first_at")?,
        last_at: row.moment("last_at")?,
        last_reason: row.parse_optional_enum::<Reason>("last_reason")?,
        last_decision_id: row.optional_text("last_decision_id")?,
        opened_at: row.moment("opened_at")?,
        resolved_at: row.optional_moment("resolved_at")?,
        notified: row.flag("notified")?,
    })
}

/// An alert by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Alert>, StoreError> {
    let row = sqlx::query("SELECT * FROM alerts WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The alert of a type that is open on a subject.
pub async fn find_open(
    connection: &mut Connection,
    kind: AlertType,
    subject: &Subject,
) -> Result<Option<Alert>, StoreError> {
    let row = sqlx::query("SELECT * FROM alerts WHERE kind = $1 AND subject = $2 AND state = 'open'")
        .bind(type_name(kind))
        .bind(subject.name())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The alerts that are open at places.
pub async fn find_all_open(
    connection: &mut Connection,
    places: &[&Place],
) -> Result<BTreeMap<Place, Alert>, StoreError> {
    let mut found = BTreeMap::new();
    for places in places.chunks(ROWS) {
        let sql =
            format!("SELECT * FROM alerts WHERE state = 'open' AND (kind, subject) IN ({})", values(places.len(), 2));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (kind, subject) in places {
            query = query.bind(type_name(*kind)).bind(subject.name());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let alert = read(&row)?;
            found.insert((alert.kind, alert.subject.clone()), alert);
        }
    }
    Ok(found)
}

/// How many alerts of a type are open on addresses.
pub async fn count_open_addresses(connection: &mut Connection, kind: AlertType) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS number FROM alerts WHERE kind = $1 AND state = 'open' AND client_ip IS NOT NULL",
    )
    .bind(type_name(kind))
    .fetch_one(connection)
    .await?;
    row.number("number")
}

/// How many alerts are open, of each type and severity of which there are any.
pub async fn count_open(connection: &mut Connection) -> Result<Vec<(AlertType, Severity, u64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, severity, COUNT(*) AS number FROM alerts WHERE state = 'open' GROUP BY kind, severity \
         ORDER BY kind, severity",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.parse_enum("kind")?, row.parse_enum("severity")?, row.number("number")?))).collect()
}

/// Which alerts are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The type.
    pub kind: Option<AlertType>,
    /// The severity.
    pub severity: Option<Severity>,
    /// The state.
    pub state: Option<State>,
    /// The key.
    pub key_id: Option<String>,
    /// The address, as [`crate::domain::alerts::subject::network`] writes it.
    pub client_ip: Option<String>,
    /// Went on at this moment or later.
    pub from: Option<Moment>,
    /// Began before this moment.
    pub to: Option<Moment>,
}

/// Alerts, the one that opened last first, from before an id.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Alert>, StoreError> {
    let mut conditions = Conditions::default();
    let texts = [
        ("kind =", filter.kind.map(|kind| type_name(kind).to_owned())),
        ("severity =", filter.severity.map(|severity| severity.name().to_owned())),
        ("state =", filter.state.map(|state| state.name().to_owned())),
        ("key_id =", filter.key_id.clone()),
        ("client_ip =", filter.client_ip.clone()),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            conditions.compare(condition, Bound::Text(text));
        }
    }
    if let Some(from) = filter.from {
        conditions.compare("last_at >=", Bound::Number(saturating_i64(from.0)));
    }
    if let Some(to) = filter.to {
        conditions.compare("first_at <", Bound::Number(saturating_i64(to.0)));
    }
    if let Some(id) = before {
        conditions.compare("id <", Bound::Text(id.to_owned()));
    }
    let rows = conditions.rows(connection, "alerts", "id DESC", limit).await?;
    rows.iter().map(read).collect()
}

/// Writes what has become of an open alert.
pub async fn update(tx: &mut WriteTx, alert: &Alert) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE alerts SET severity = $2, count = $3, rules = $4, first_at = $5, last_at = $6, last_reason = $7, \
         last_decision_id = $8, notified = $9 WHERE id = $1",
    )
    .bind(alert.id.as_str())
    .bind(alert.severity.name())
    .bind(saturating_i64(alert.count))
    .bind(json(&alert.rules)?)
    .bind(saturating_i64(alert.first_at.0))
    .bind(saturating_i64(alert.last_at.0))
    .bind(alert.last_reason.map(|reason| reason.row().name))
    .bind(alert.last_decision_id.as_deref())
    .bind(i64::from(alert.notified))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes an alert.
pub async fn insert(tx: &mut WriteTx, alert: &Alert) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO alerts (id, kind, subject, key_id, client_ip, severity, state, count, rules, first_at, last_at, \
         last_reason, last_decision_id, opened_at, notified) \
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(alert.id.as_str())
    .bind(type_name(alert.kind))
    .bind(alert.subject.name())
    .bind(alert.subject.key_id())
    .bind(alert.subject.client_ip())
    .bind(alert.severity.name())
    .bind(saturating_i64(alert.count))
    .bind(json(&alert.rules)?)
    .bind(saturating_i64(alert.first_at.0))
    .bind(saturating_i64(alert.last_at.0))
    .bind(alert.last_reason.map(|reason| reason.row().name))
    .bind(alert.last_decision_id.as_deref())
    .bind(saturating_i64(alert.opened_at.0))
    .bind(i64::from(alert.notified))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Closes an open alert, or opens a resolved one, if no other one is open on the subject.
pub async fn set_state(
    tx: &mut WriteTx,
    id: &str,
    state: State,
    resolved_at: Option<Moment>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE alerts SET state = $2, resolved_at = $3 WHERE id = $1")
        .bind(id)
        .bind(state.name())
        .bind(resolved_at.map(|at| saturating_i64(at.0)))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Adds to the history of an alert.
pub async fn add_entry(tx: &mut WriteTx, alert_id: &str, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO alert_entries (id, alert_id, at, actor, action, text) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(random::id())
        .bind(alert_id)
        .bind(saturating_i64(entry.at.0))
        .bind(entry.actor.as_str())
        .bind(enum_name(&entry.action)?)
        .bind(entry.text.as_deref())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The history of an alert, oldest first.
pub async fn entries(connection: &mut Connection, alert_id: &str) -> Result<Vec<Entry>, StoreError> {
    let rows =
        sqlx::query("SELECT at, actor, action, text FROM alert_entries WHERE alert_id = $1 ORDER BY id LIMIT $2")
            .bind(alert_id)
            .bind(MAX_ENTRIES)
            .fetch_all(connection)
            .await?;
    let read = |row: &AnyRow| {
        Ok(Entry {
            at: row.moment("at")?,
            actor: row.text("actor")?,
            action: row.parse_enum("action")?,
            text: row.optional_text("text")?,
        })
    };
    rows.iter().map(read).collect()
}

/// How many entries an alert's history has.
pub async fn count_entries(connection: &mut Connection, alert_id: &str) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS number FROM alert_entries WHERE alert_id = $1")
        .bind(alert_id)
        .fetch_one(connection)
        .await?;
    row.number("number")
}
