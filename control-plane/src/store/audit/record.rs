//! An audit record, as it is read, and the table of its fields.

use lictor_policy::operation::Operations;
use lictor_policy::records::{MAX_READ, digest_of};
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Outcome;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::time::Moment;
use crate::store::StoreError;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::Columns as _;

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String, String);

/// The fields of a record, in the order of a file's columns: name and type, how it is read and of which column, and as what
/// it can be asked for, if it can. Everything that knows the fields is made of this table, by a macro that takes it.
macro_rules! fields {
    ($of:ident) => {
        $of! {
            /// Unique at its gate.
            id: String = text "id" by String;
            /// When the call was decided.
            at: Moment = moment "at";
            /// How many refusals it stands for, of one key or of all callers without one; 1 for a call.
            count: u64 = number "count" by i64;
            /// The gate that reported it.
            gate: String = text "gate_id" by String;
            /// Named in the refusal that the client saw.
            decision_id: String = text "decision_id" by String;
            /// Envoy's request id.
            request_id: Option<String> = optional_text "request_id" by String;
            /// The key.
            key_id: Option<String> = optional_text "key_id" by String;
            /// The key's user.
            user_id: Option<String> = optional_text "user_id" by String;
            /// The client's address.
            client_ip: String = text "client_ip" by String;
            /// The client's `User-Agent`.
            user_agent: Option<String> = optional_text "user_agent" by String;
            /// The session, if the call got so far.
            session: Option<String> = optional_text "session" by String;
            /// The path that the call came on.
            road: String = text "road" by String;
            /// The Odoo database.
            database: Option<String> = optional_text "database" by String;
            /// The model.
            model: Option<String> = optional_text "model" by String;
            /// The method.
            method: Option<String> = optional_text "method" by String;
            /// What the call does.
            operations: Operations = json "operations";
            /// The records that the call names and those that it makes: all of them if it changes any, else the first 100,
            /// as of a refusal.
            record_ids: Vec<i64> = record_ids "record_ids";
            /// How many that would be; null where only a gate of before 100 could be listed and that many are.
            record_count: Option<u64> = optional_number "record_count";
            /// SHA-256, in hexadecimal, of all ids that the call names: sorted, each once, in decimal digits with a line
            /// feed behind it. Null where there are none, and where not even the gate saw all.
            record_digest: Option<String> = optional_text "record_digest";
            /// The records that commands in the call's values name, of other models.
            nested_ids: Vec<i64> = record_ids "nested_ids";
            /// What became of it. `unknown` also while an intent waits for its outcome.
            outcome: Outcome = parse_enum "outcome" by Outcome;
            /// Whether Odoo did the call and then could not write `None` into its answer: a fault that is none.
            none_answer: bool = flag "none_answer" by bool;
            /// Why it was refused.
            reason: Option<Reason> = parse_optional_enum "reason" by Reason;
            /// Why it would have been refused, if the stage were not in shadow.
            would_deny: Option<Reason> = parse_optional_enum "would_deny";
            /// All that it lacks, which the policy would have to allow: fields, paths, methods, operations on models.
            lacks: Vec<String> = json_or_default "lacks";
            /// The outline of the call, if the permissions were asked: its arguments as JSON with the names of fields, paths,
            /// operators and keys, and blanks in the place of values.
            outline: Option<String> = optional_text "outline";
            /// The fault code that the client saw.
            fault_code: Option<i64> = optional_number "fault_code" by i64;
            /// Microseconds in the gate.
            gate_us: u64 = number "gate_us" by i64;
            /// Microseconds in Odoo.
            odoo_us: u64 = number "odoo_us" by i64;
            /// Bytes of the client's body.
            request_bytes: u64 = number "request_bytes" by i64;
            /// Bytes of the answer.
            response_bytes: u64 = number "response_bytes" by i64;
        }
    };
}
pub(crate) use fields;

macro_rules! record {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $read:ident $column:literal $(by $asked:ty)?;)*) => {
        /// A record, as it is read.
        #[derive(Clone, Debug, Serialize, JsonSchema)]
        #[schemars(rename = "AuditRecord")]
        pub struct Record { $($(#[$doc])* pub $name: $type,)* }

        /// The names of the fields.
        pub const FIELDS: &[&str] = &[$(stringify!($name)),*];

        /// What fields must be equal to, those for which something is given.
        #[derive(Clone, Debug, Default)]
        #[expect(missing_docs, reason = "each is the field of its name")]
        pub struct Equal { $($(pub $name: Option<$asked>,)?)* }

        impl Equal {
            pub(crate) fn narrow(&self, conditions: &mut Conditions) {
                $($(
                    if let Some(wanted) = Option::<$asked>::clone(&self.$name) {
                        conditions.compare(concat!($column, " ="), wanted.into());
                    }
                )?)*
            }
        }

        fn stored(row: &AnyRow) -> Result<Record, StoreError> {
            Ok(Record { $($name: row.$read($column)?,)* })
        }
    };
}
fields!(record);

impl Record {
    /// Its place in a list that is ordered by time.
    pub fn place(&self) -> Place {
        (self.at.0, self.id.clone(), self.gate.clone())
    }
}

/// Reads a record, with the number and the digest of its records where a gate of before has told neither.
pub(crate) fn read(row: &AnyRow) -> Result<Record, StoreError> {
    let mut record = stored(row)?;
    let listed = record.record_ids.len();
    record.record_count = record.record_count.or((listed < MAX_READ).then_some(listed as u64));
    let is_whole = listed > 0 && record.record_count == Some(listed as u64);
    let digest = record.record_digest.take();
    record.record_digest = digest.or_else(|| is_whole.then(|| digest_of(&record.record_ids)));
    Ok(record)
}

impl From<Outcome> for Bound {
    fn from(outcome: Outcome) -> Self {
        Self::Text(outcome.name().to_owned())
    }
}

impl From<Reason> for Bound {
    fn from(reason: Reason) -> Self {
        Self::Text(reason.row().name.to_owned())
    }
}
