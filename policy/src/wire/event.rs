//! Audit events: what gates tell the control plane.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::operation::Operations;
use crate::records::RecordIds;
use crate::refusal::Reason;
use crate::wire::UnixMicros;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Forwarded, and Odoo answered.
    Allowed,
    /// Refused by the gate.
    Denied,
    /// Forwarded, and Odoo answered with a fault.
    Faulted,
    /// Forwarded, and the answer never came or could not be read.
    Unknown,
}

impl Outcome {
    /// The name in JSON and in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Faulted => "faulted",
            Self::Unknown => "unknown",
        }
    }
}

/// What an [`Event`] tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A whole call, after its end.
    #[default]
    Call,
    /// A call that is about to be forwarded, and waits for this to be stored. Its outcome is unknown until an
    /// [`EventKind::Outcome`] with the same decision id follows.
    Intent,
    /// What became of an intent.
    Outcome,
    /// `count` refusals for one reason that were not recorded one by one, of the key that is named or else of all callers
    /// without a verified one. `at` is that of the first.
    Counted,
}

impl EventKind {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Counted => "counted",
        }
    }
}

/// One audit record. No record values, no secrets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Position in the gate's count since its start; with [`EventBatch::boot`] it names the event for ever.
    pub sequence: u64,
    /// What it tells.
    #[serde(default)]
    pub kind: EventKind,
    /// How many refusals it stands for; 1 unless it is [`EventKind::Counted`].
    #[serde(default = "one")]
    pub count: u64,
    /// When the call was decided.
    pub at: UnixMicros,
    /// Named in the refusal that the client saw, and in the gate's log.
    pub decision_id: String,
    /// Envoy's `x-request-id`.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The key, if its record was found; verified unless the reason says otherwise.
    #[serde(default)]
    pub key_id: Option<String>,
    /// The key's user.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The address that Envoy holds for the client's.
    pub client_ip: String,
    /// The client's `User-Agent`, cut to [`MAX_USER_AGENT`] bytes.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The session that the call belongs to, if it got so far.
    #[serde(default)]
    pub session: Option<String>,
    /// The path that the call came on, canonical.
    pub road: Cow<'static, str>,
    /// The database of the key, once verified.
    #[serde(default)]
    pub database: Option<String>,
    /// The model, once the call was read.
    #[serde(default)]
    pub model: Option<String>,
    /// The method, once the call was read.
    #[serde(default)]
    pub method: Option<String>,
    /// What the call does, once known.
    #[serde(default)]
    pub operations: Operations,
    /// The ids that the call names and those that it makes, of records of its model: all of them if it changes any, else
    /// the first [`crate::records::MAX_READ`].
    #[serde(default)]
    pub record_ids: RecordIds,
    /// How many that would be. Left out where it is fewer than [`crate::records::MAX_READ`], and so as many as there are.
    #[serde(default)]
    pub record_count: Option<u64>,
    /// The [`crate::records::digest_of`] of all that the call names, where not all of them are in `record_ids`.
    #[serde(default)]
    pub record_digest: Option<String>,
    /// The ids that commands in the call's values name, of records of other models.
    #[serde(default)]
    pub nested_ids: RecordIds,
    /// What became of it.
    pub outcome: Outcome,
    /// Odoo did the call and then could not write `None` into its answer: a fault that is none.
    #[serde(default)]
    pub none_answer: bool,
    /// Why it was refused.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Why it would have been refused, if the stage were not in shadow.
    #[serde(default)]
    pub would_deny: Option<Reason>,
    /// All that the call lacks, of what it was or would have been refused for: names of models, methods, fields, paths and keys of the
    /// context, never values. At most [`MAX_LACKS`].
    #[serde(default)]
    pub lacks: Vec<String>,
    /// The outline of a call that came to the stages which look at what it does: its arguments with every
    /// value blanked, so that it can be decided on again. At most [`MAX_OUTLINE`] bytes; left out if it would be longer.
    #[serde(default)]
    pub outline: Option<String>,
    /// Whether the call names what the gate's schema does not know, or Odoo said so: the schema may be old.
    #[serde(default)]
    pub schema_stale: bool,
    /// The fault code that the client saw, the gate's or Odoo's.
    #[serde(default)]
    pub fault_code: Option<i64>,
    /// Microseconds from the end of the client's body to the decision, a wait for an intent excluded.
    pub gate_us: u64,
    /// Microseconds from forwarding to the end of Odoo's answer.
    pub odoo_us: u64,
    /// Bytes of the client's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
}

impl Event {
    /// An event of which nothing is known yet but when, and under which decision id.
    pub fn at(at: UnixMicros, decision_id: String) -> Self {
        Self {
            sequence: 0,
            kind: EventKind::Call,
            count: 1,
            at,
            decision_id,
            request_id: None,
            key_id: None,
            user_id: None,
            client_ip: String::new(),
            user_agent: None,
            session: None,
            road: Cow::Borrowed(""),
            database: None,
            model: None,
            method: None,
            operations: Operations::NONE,
            record_ids: RecordIds::default(),
            record_count: None,
            record_digest: None,
            nested_ids: RecordIds::default(),
            outcome: Outcome::Unknown,
            none_answer: false,
            reason: None,
            would_deny: None,
            lacks: Vec::new(),
            outline: None,
            schema_stale: false,
            fault_code: None,
            gate_us: 0,
            odoo_us: 0,
            request_bytes: 0,
            response_bytes: 0,
        }
    }
}

const fn one() -> u64 {
    1
}

/// Events of one gate, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBatch {
    /// [`crate::wire::VERSION`].
    pub version: u32,
    /// Names the run of Envoy that counts the sequence.
    pub boot: String,
    /// The events; at most [`MAX_BATCH`].
    pub events: Vec<Event>,
}

/// Bytes of a `User-Agent` that are kept.
pub const MAX_USER_AGENT: usize = 200;
/// Entries of [`Event::lacks`].
pub const MAX_LACKS: usize = 20;

/// Bytes of [`Event::outline`].
pub const MAX_OUTLINE: usize = 4096;

/// The most events in a batch.
pub const MAX_BATCH: usize = 500;

/// The answer to a batch: all of it is in the database, now or since before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// How many events of the batch are stored.
    pub stored: u64,
}
