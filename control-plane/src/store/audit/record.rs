//! An audit record, as it is read.

use lictor_policy::operation::Operations;
use lictor_policy::records::{MAX_READ, RecordIds, digest_of};
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Outcome;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::time::Moment;
use crate::store::StoreError;
use crate::store::engine::row::Columns as _;

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String, String);

/// A record, as it is read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditRecord")]
pub struct Record {
    /// Unique at its gate.
    pub id: String,
    /// How many refusals it stands for, of one key or of all callers without one; 1 for a call.
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
    /// The records that the call names and those that it makes: all of them if it changes any, else the first 100, as of
    /// a refusal.
    pub record_ids: Vec<i64>,
    /// How many that would be; null where only a gate of before 100 could be listed and that many are.
    pub record_count: Option<u64>,
    /// SHA-256, in hexadecimal, of all ids that the call names: sorted, each once, in decimal digits with a line feed behind
    /// it. Null where there are none, and where not even the gate saw all.
    pub record_digest: Option<String>,
    /// The records that commands in the call's values name, of other models.
    pub nested_ids: Vec<i64>,
    /// What became of it. `unknown` also while an intent waits for its outcome.
    pub outcome: Outcome,
    /// Whether Odoo did the call and then could not write `None` into its answer: a fault that is none.
    pub none_answer: bool,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// Why it would have been refused, if the stage were not in shadow.
    pub would_deny: Option<Reason>,
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

pub(crate) fn read(row: &AnyRow) -> Result<Record, StoreError> {
    let ids: RecordIds = row.json("record_ids")?;
    let told: Option<u64> = row.optional_number("record_count")?;
    let record_count = told.or((ids.len() < MAX_READ).then_some(ids.len() as u64));
    let record_ids: Vec<i64> = ids.iter().collect();
    let is_whole = !ids.is_empty() && record_count == Some(ids.len() as u64);
    let record_digest = row.optional_text("record_digest")?.or_else(|| is_whole.then(|| digest_of(&record_ids)));
    let nested_ids: Option<RecordIds> = match row.optional_text("nested_ids")? {
        Some(_) => Some(row.json("nested_ids")?),
        None => None,
    };
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
        record_ids,
        record_count,
        record_digest,
        nested_ids: nested_ids.iter().flat_map(RecordIds::iter).collect(),
        outcome: row.word("outcome")?,
        none_answer: row.flag("none_answer")?,
        reason: row.optional_word("reason")?,
        would_deny: row.optional_word("would_deny")?,
        fault_code: row.optional_number("fault_code")?,
        gate_us: row.number("gate_us")?,
        odoo_us: row.number("odoo_us")?,
        request_bytes: row.number("request_bytes")?,
        response_bytes: row.number("response_bytes")?,
    })
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
