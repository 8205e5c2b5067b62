//! Audit records of calls.

use std::collections::BTreeMap;

use lictor_policy::operation::Operations;
use lictor_policy::records::{MAX_READ, RecordIds, digest_of};
use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, EventBatch, EventKind, Outcome};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::audit_chain::{Body, Digest, Entry, Signer};
use crate::domain::time::Moment;
use crate::store::audit::list::Place;
use crate::store::audit::rows::{self, Placed, Row};
use crate::store::audit::{chain, sequences};
use crate::store::engine::row::{Columns as _, big};
use crate::store::{Connection, StoreError, keys, sessions};

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

/// Stores the events that are not there yet, seals them with the next link of the chain, and adds them to the use of
/// their keys and to their sessions. Answers those that were new: no event is ever among the answers of two
/// transactions. The transaction must be one of [`crate::store::Store::write`], of which there is one at a time: positions are
/// given without gaps, in the order of commits.
pub async fn insert<'b>(
    connection: &mut Connection,
    signer: &Signer,
    gate_id: &str,
    batch: &'b EventBatch,
    now: Moment,
) -> Result<Vec<&'b Event>, StoreError> {
    let mut uses: BTreeMap<&str, keys::Use> = BTreeMap::new();
    let mut visits: BTreeMap<&str, sessions::Visit<'_>> = BTreeMap::new();
    let mut new = Vec::new();
    // A statement of no rows is none to PostgreSQL.
    if batch.events.is_empty() {
        return Ok(new);
    }
    let mut rows = Batch::load(connection, gate_id, batch).await?;
    for event in &batch.events {
        match rows.put(Row::of(gate_id, &batch.boot, event)?) {
            Put::Known => continue,
            Put::Completed => {
                new.push(event);
                continue;
            }
            Put::Call => new.push(event),
        }
        let Some(key_id) = event.key_id.as_deref().filter(|_| is_use(event)) else { continue };
        let used = uses.entry(key_id).or_insert_with(|| keys::Use { count: 0, at: Moment(0), from: String::new() });
        used.count = used.count.saturating_add(event.count);
        if event.at >= used.at.0 {
            used.at = Moment(event.at);
            // Refusals that were only counted came from anywhere.
            if event.kind != EventKind::Counted {
                used.from.clone_from(&event.client_ip);
            }
        }
        if let Some(session) = event.session.as_deref() {
            visits.entry(session).or_insert_with(|| sessions::Visit::first(key_id, event)).add(event);
        }
    }
    rows.store(connection, signer, now).await?;
    keys::add_uses(connection, &uses).await?;
    sessions::add(connection, &visits).await?;
    let sequences = batch.events.iter().map(|event| event.sequence);
    sequences::add(connection, gate_id, &batch.boot, sequences, now).await?;
    Ok(new)
}

/// Whether the key was used, and not only guessed at: its record was found, but the secret was wrong.
fn is_use(event: &Event) -> bool {
    !matches!(event.reason, Some(Reason::InvalidKey | Reason::TooManyFailures))
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

/// The rows of a batch, with those halves that were there before.
struct Batch {
    rows: Vec<Pending>,
    by_id: BTreeMap<String, usize>,
}

struct Pending {
    row: Row,
    /// Where it is stored, and its digest there.
    was: Option<(u64, Digest)>,
    changed: bool,
}

impl Batch {
    async fn load(connection: &mut Connection, gate_id: &str, batch: &EventBatch) -> Result<Self, StoreError> {
        let ids: Vec<_> = batch.events.iter().map(|event| rows::id(&batch.boot, event)).collect();
        let mut loaded = Self { rows: Vec::with_capacity(ids.len()), by_id: BTreeMap::new() };
        for Placed { position, row } in rows::find(connection, gate_id, &ids).await? {
            let was = Some((position, row.digest()));
            loaded.push(Pending { row, was, changed: false });
        }
        Ok(loaded)
    }

    fn push(&mut self, pending: Pending) {
        self.by_id.insert(pending.row.id.clone(), self.rows.len());
        self.rows.push(pending);
    }

    /// Takes the row of an event: a whole row takes nothing more.
    fn put(&mut self, row: Row) -> Put {
        let known = self.by_id.get(&row.id).and_then(|at| self.rows.get_mut(*at));
        let Some(known) = known else {
            self.push(Pending { row, was: None, changed: true });
            return Put::Call;
        };
        let completed = known.row.complete(row);
        known.changed |= completed;
        if completed { Put::Completed } else { Put::Known }
    }

    /// Gives positions, writes the rows and the link that seals them.
    async fn store(self, connection: &mut Connection, signer: &Signer, now: Moment) -> Result<(), StoreError> {
        let chain = chain::state(connection).await?;
        let (mut new, mut entries, mut position) = (Vec::new(), Vec::new(), chain.positions);
        for Pending { mut row, was, .. } in self.rows.into_iter().filter(|pending| pending.changed) {
            position += 1;
            row.earlier = was.map(|(position, _)| big(position));
            row.earlier_digest = was.map(|(_, digest)| digest.to_string());
            entries.push(Entry { at: Moment(row.at.unsigned_abs()), digest: row.digest() });
            let placed = Placed { position, row };
            match was {
                Some((was, _)) => rows::replace(connection, was, &placed).await?,
                None => new.push(placed),
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        rows::insert(connection, &new).await?;
        chain::append(connection, signer, &chain, Body::Rows(entries), now).await
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
