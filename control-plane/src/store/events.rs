//! Audit records of calls.

use std::collections::BTreeMap;

use lictor_policy::operation::Operations;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, EventBatch, Outcome};
use serde::Serialize;
use sqlx::any::AnyRow;

use super::row::{Columns as _, big, json};
use super::{Connection, StoreError, keys};
use crate::time::Moment;

/// A record, as it is read.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Unique at its gate.
    pub id: String,
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
    /// What became of it.
    pub outcome: Outcome,
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

pub(super) fn read(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        id: row.text("id")?,
        at: row.moment("at")?,
        gate: row.text("gate_id")?,
        decision_id: row.text("decision_id")?,
        request_id: row.optional_text("request_id")?,
        key_id: row.optional_text("key_id")?,
        user_id: row.optional_text("user_id")?,
        client_ip: row.text("client_ip")?,
        road: row.text("road")?,
        database: row.optional_text("database")?,
        model: row.optional_text("model")?,
        method: row.optional_text("method")?,
        operations: row.json("operations")?,
        record_ids: row.json("record_ids")?,
        outcome: row.word("outcome")?,
        reason: row.optional_word("reason")?,
        fault_code: row.optional_number("fault_code")?,
        gate_us: row.number("gate_us")?,
        odoo_us: row.number("odoo_us")?,
        request_bytes: row.number("request_bytes")?,
        response_bytes: row.number("response_bytes")?,
    })
}

/// Stores the events that are not there yet, and adds them to the use of their keys.
pub async fn insert(connection: &mut Connection, gate_id: &str, batch: &EventBatch) -> Result<(), StoreError> {
    let mut uses: BTreeMap<&str, keys::Use> = BTreeMap::new();
    for event in &batch.events {
        let new = insert_one(connection, gate_id, &batch.boot, event).await?;
        if let (true, Some(key_id)) = (new && is_use(event), &event.key_id) {
            let used = uses.entry(key_id).or_insert_with(|| keys::Use { count: 0, at: Moment(0), from: String::new() });
            used.count += 1;
            if event.at >= used.at.0 {
                (used.at, used.from) = (Moment(event.at), event.client_ip.clone());
            }
        }
    }
    for (key_id, used) in &uses {
        keys::add_use(connection, key_id, used).await?;
    }
    Ok(())
}

/// Whether the key was used, and not only guessed at: its record was found, but the secret was wrong.
fn is_use(event: &Event) -> bool {
    !matches!(event.reason, Some(Reason::InvalidKey | Reason::TooManyFailures))
}

async fn insert_one(connection: &mut Connection, gate_id: &str, boot: &str, event: &Event) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO audit (gate_id, id, at, decision_id, request_id, key_id, user_id, client_ip, road, database, \
         model, method, operations, record_ids, outcome, reason, fault_code, gate_us, odoo_us, request_bytes, \
         response_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
         $20, $21) ON CONFLICT (gate_id, id) DO NOTHING",
    )
    .bind(gate_id)
    .bind(format!("{boot}-{}", event.sequence))
    .bind(big(event.at))
    .bind(event.decision_id.as_str())
    .bind(event.request_id.as_deref())
    .bind(event.key_id.as_deref())
    .bind(event.user_id.as_deref())
    .bind(event.client_ip.as_str())
    .bind(event.road.as_str())
    .bind(event.database.as_deref())
    .bind(event.model.as_deref())
    .bind(event.method.as_deref())
    .bind(json(&event.operations)?)
    .bind(json(&event.record_ids)?)
    .bind(outcome_name(event.outcome))
    .bind(event.reason.map(|reason| reason.row().name))
    .bind(event.fault_code)
    .bind(big(event.gate_us))
    .bind(big(event.odoo_us))
    .bind(big(event.request_bytes))
    .bind(big(event.response_bytes))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
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
