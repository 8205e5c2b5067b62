//! Audit records of calls.

use std::collections::BTreeMap;

use lictor_policy::operation::Operations;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, EventBatch, EventKind, Outcome};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::event_list::Place;
use super::row::{Columns as _, big, json};
use super::{Connection, StoreError, arrivals, keys, sessions};
use crate::time::Moment;

/// A record, as it is read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditRecord")]
pub struct Record {
    /// Unique at its gate.
    pub id: String,
    /// How many refusals of callers without a key it stands for; 1 for a call.
    pub count: u64,
    /// When the call was decided.
    pub at: Moment,
    /// The gate that reported it.
    pub gate: String,
    /// Named in the refusal that the client saw.
    pub decision_id: String,
    /// Envoy's request id.
    pub request_id: Option<String>,
    /// The key.
    pub key_id: Option<String>,
    /// The key's user.
    pub user_id: Option<String>,
    /// The client's address.
    pub client_ip: String,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The session, if the call got so far.
    pub session: Option<String>,
    /// The path that the call came on.
    pub road: String,
    /// The Odoo database.
    pub database: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// What the call does.
    pub operations: Operations,
    /// The first ids that the call names.
    pub record_ids: Vec<i64>,
    /// What became of it. `unknown` also while an intent waits for its outcome.
    pub outcome: Outcome,
    /// Whether Odoo did the call and then could not write `None` into its answer: a fault that is none.
    pub none_answer: bool,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// The fault code that the client saw.
    pub fault_code: Option<i64>,
    /// Microseconds in the gate.
    pub gate_us: u64,
    /// Microseconds in Odoo.
    pub odoo_us: u64,
    /// Bytes of the client's body.
    pub request_bytes: u64,
    /// Bytes of the answer.
    pub response_bytes: u64,
}

impl Record {
    /// Its place in a list that is ordered by time.
    pub fn place(&self) -> Place {
        (self.at.0, self.id.clone(), self.gate.clone())
    }
}

pub(super) fn read(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        id: row.text("id")?,
        count: row.number("count")?,
        at: row.moment("at")?,
        gate: row.text("gate_id")?,
        decision_id: row.text("decision_id")?,
        request_id: row.optional_text("request_id")?,
        key_id: row.optional_text("key_id")?,
        user_id: row.optional_text("user_id")?,
        client_ip: row.text("client_ip")?,
        user_agent: row.optional_text("user_agent")?,
        session: row.optional_text("session")?,
        road: row.text("road")?,
        database: row.optional_text("database")?,
        model: row.optional_text("model")?,
        method: row.optional_text("method")?,
        operations: row.json("operations")?,
        record_ids: row.json("record_ids")?,
        outcome: row.word("outcome")?,
        none_answer: row.flag("none_answer")?,
        reason: row.optional_word("reason")?,
        fault_code: row.optional_number("fault_code")?,
        gate_us: row.number("gate_us")?,
        odoo_us: row.number("odoo_us")?,
        request_bytes: row.number("request_bytes")?,
        response_bytes: row.number("response_bytes")?,
    })
}

/// Stores the events that are not there yet, and adds them to the use of their keys and to their sessions. Answers those
/// that were new: no event is ever among the answers of two transactions.
pub async fn insert<'b>(
    connection: &mut Connection,
    gate_id: &str,
    batch: &'b EventBatch,
    now: Moment,
) -> Result<Vec<&'b Event>, StoreError> {
    let mut uses: BTreeMap<&str, keys::Use> = BTreeMap::new();
    let mut visits: BTreeMap<&str, sessions::Visit<'_>> = BTreeMap::new();
    let mut new = Vec::new();
    for event in &batch.events {
        match put(connection, gate_id, &batch.boot, event).await? {
            Put::Known => continue,
            Put::Completed => {
                new.push(event);
                continue;
            }
            Put::Call => new.push(event),
        }
        let Some(key_id) = event.key_id.as_deref().filter(|_| is_use(event)) else { continue };
        let used = uses.entry(key_id).or_insert_with(|| keys::Use { count: 0, at: Moment(0), from: String::new() });
        used.count += 1;
        if event.at >= used.at.0 {
            (used.at, used.from) = (Moment(event.at), event.client_ip.clone());
        }
        if let Some(session) = event.session.as_deref() {
            visits.entry(session).or_insert_with(|| sessions::Visit::first(key_id, event)).add(event);
        }
    }
    for (key_id, used) in &uses {
        keys::add_use(connection, key_id, used).await?;
    }
    for (session, visit) in &visits {
        sessions::add(connection, session, visit).await?;
    }
    let sequences = batch.events.iter().map(|event| event.sequence);
    arrivals::add(connection, gate_id, &batch.boot, sequences, now).await?;
    Ok(new)
}

/// Whether the key was used, and not only guessed at: its record was found, but the secret was wrong.
fn is_use(event: &Event) -> bool {
    event.kind != EventKind::Counted && !matches!(event.reason, Some(Reason::InvalidKey | Reason::TooManyFailures))
}

/// What became of an event.
enum Put {
    /// It made the row of a call.
    Call,
    /// It is the other half of a row.
    Completed,
    /// It was stored before.
    Known,
}

/// Stores one event. An intent and its outcome make one row under the decision id, whichever comes first and however
/// often: the halves are told apart by `kind`, and a whole row takes nothing more.
async fn put(connection: &mut Connection, gate_id: &str, boot: &str, event: &Event) -> Result<Put, StoreError> {
    let (id, outcome) = match event.kind {
        EventKind::Call | EventKind::Counted => (format!("{boot}-{}", event.sequence), event.outcome),
        EventKind::Intent => (event.decision_id.clone(), Outcome::Unknown),
        EventKind::Outcome => (event.decision_id.clone(), event.outcome),
    };
    let row = sqlx::query(
        "INSERT INTO audit (gate_id, id, kind, count, at, decision_id, request_id, key_id, user_id, client_ip, \
         user_agent, session, road, database, model, method, operations, record_ids, outcome, none_answer, reason, \
         fault_code, gate_us, odoo_us, request_bytes, response_bytes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26) \
         ON CONFLICT (gate_id, id) DO UPDATE SET kind = 'call', \
         at = CASE excluded.kind WHEN 'intent' THEN excluded.at ELSE audit.at END, \
         request_id = COALESCE(audit.request_id, excluded.request_id), \
         key_id = COALESCE(audit.key_id, excluded.key_id), \
         user_id = COALESCE(audit.user_id, excluded.user_id), \
         user_agent = COALESCE(audit.user_agent, excluded.user_agent), \
         session = COALESCE(audit.session, excluded.session), \
         database = COALESCE(audit.database, excluded.database), \
         model = COALESCE(audit.model, excluded.model), \
         method = COALESCE(audit.method, excluded.method), \
         operations = CASE audit.operations WHEN '[]' THEN excluded.operations ELSE audit.operations END, \
         record_ids = CASE WHEN excluded.record_ids = '[]' OR (audit.kind = 'outcome' AND audit.record_ids <> '[]') \
         THEN audit.record_ids ELSE excluded.record_ids END, \
         outcome = CASE excluded.kind WHEN 'outcome' THEN excluded.outcome ELSE audit.outcome END, \
         none_answer = audit.none_answer + excluded.none_answer, \
         reason = COALESCE(audit.reason, excluded.reason), \
         fault_code = COALESCE(audit.fault_code, excluded.fault_code), \
         gate_us = CASE WHEN excluded.gate_us > audit.gate_us THEN excluded.gate_us ELSE audit.gate_us END, \
         odoo_us = CASE WHEN excluded.odoo_us > audit.odoo_us THEN excluded.odoo_us ELSE audit.odoo_us END, \
         request_bytes = CASE WHEN excluded.request_bytes > audit.request_bytes \
         THEN excluded.request_bytes ELSE audit.request_bytes END, \
         response_bytes = CASE WHEN excluded.response_bytes > audit.response_bytes \
         THEN excluded.response_bytes ELSE audit.response_bytes END \
         WHERE (audit.kind = 'intent' AND excluded.kind = 'outcome') \
         OR (audit.kind = 'outcome' AND excluded.kind = 'intent') RETURNING kind",
    )
    .bind(gate_id)
    .bind(id)
    .bind(kind_name(event.kind))
    .bind(big(event.count))
    .bind(big(event.at))
    .bind(event.decision_id.as_str())
    .bind(event.request_id.as_deref())
    .bind(event.key_id.as_deref())
    .bind(event.user_id.as_deref())
    .bind(event.client_ip.as_str())
    .bind(event.user_agent.as_deref())
    .bind(event.session.as_deref())
    .bind(event.road.as_str())
    .bind(event.database.as_deref())
    .bind(event.model.as_deref())
    .bind(event.method.as_deref())
    .bind(json(&event.operations)?)
    .bind(json(&event.record_ids)?)
    .bind(outcome_name(outcome))
    .bind(i64::from(event.none_answer))
    .bind(event.reason.map(|reason| reason.row().name))
    .bind(event.fault_code)
    .bind(big(event.gate_us))
    .bind(big(event.odoo_us))
    .bind(big(event.request_bytes))
    .bind(big(event.response_bytes))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(Put::Known) };
    Ok(if row.text("kind")? == kind_name(event.kind) { Put::Call } else { Put::Completed })
}

const fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Call => "call",
        EventKind::Intent => "intent",
        EventKind::Outcome => "outcome",
        EventKind::Counted => "counted",
    }
}

/// The name of an outcome, as in JSON.
pub const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Denied => "denied",
        Outcome::Faulted => "faulted",
        Outcome::Unknown => "unknown",
    }
}
