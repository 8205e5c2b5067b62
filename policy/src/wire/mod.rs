//! Storey 5: what control plane and gates say to each other: JSON over HTTP, versioned, one definition for both ends.
//!
//! Unknown fields are refused: a restriction that an older gate does not know must not be dropped in silence.
//!
//! | request | answer |
//! |---|---|
//! | `GET /gate/v1/policy?epoch=E&since=R` | 200 with a [`Snapshot`], in the form of [`COMPACT_TYPE`] if the request accepts that, as soon as the policy is not revision R of epoch E; 304 after some 20 s without a change |
//! | the same with `&boot=B&next=N` | the same; tells that run B of Envoy has numbered events below N, of which those that never arrive are missing |
//! | the same with [`FILTERS_LOST_HEADER`] | the same; tells how many filters of run B have ended without a word |
//! | `POST /gate/v1/events` with an [`EventBatch`] | 200 with a [`Stored`] once the events are in the database |
//!
//! Every answer carries [`VERSION_HEADER`]; an answer without it did not come from the control plane.

mod bitmap;
mod event;
mod event_json;
mod permission;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::operation::{Operation, Operations};
use crate::secret::Secret;

pub use crate::refusal::shadow::Shadow;
pub use bitmap::{BadBitmap, Bitmap};
pub use event::{Event, EventBatch, EventKind, MAX_BATCH, MAX_LACKS, MAX_OUTLINE, MAX_USER_AGENT, Outcome, Stored};
pub use permission::{DEFAULT_PROFILE, FieldRule, Fields, Permission, Profile};
pub use schema::{Delegation, Field, FieldType, Model, ModelEntry, Schema, View};

/// The version of this format; sent by both ends in [`VERSION_HEADER`].
pub const VERSION: u32 = 2;
/// The header that carries [`VERSION`].
pub const VERSION_HEADER: &str = "x-lictor-wire";
/// The header of a poll that says how many filters of this run of Envoy have ended without a word; left out while it is none. A
/// header, as a control plane that does not know it would refuse another parameter.
pub const FILTERS_LOST_HEADER: &str = "x-lictor-filters-lost";
/// The type of a snapshot in its compact form, which [`crate::snapshot::compact`] describes: gates accept it, and get JSON from a
/// control plane that does not know it. Whoever does not name it gets JSON.
pub const COMPACT_TYPE: &str = "application/vnd.lictor.policy.1";
/// Bytes that a snapshot may have: Envoy gives the filter no answer of more than 32 MiB.
pub const MAX_SNAPSHOT_BYTES: usize = 32 * 1024 * 1024;
/// The path of the long poll.
pub const POLICY_PATH: &str = "/gate/v1/policy";
/// The path for audit events.
pub const EVENTS_PATH: &str = "/gate/v1/events";
/// Milliseconds after which the control plane answers an unchanged long poll.
pub const POLL_HOLD_MS: u64 = 20_000;

/// Microseconds since the Unix epoch.
pub type UnixMicros = u64;

/// The whole policy of one revision. Gates read the records of its keys and its permissions, of which there may be thousands, and
/// the models of its schema later than the rest; in the compact form its keys stand behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot<K = Vec<KeyEntry>, M = Model, P = Permission> {
    /// [`VERSION`].
    pub version: u32,
    /// Names the database that counts the revisions; another after a restore.
    pub epoch: String,
    /// Grows with every change.
    pub revision: u64,
    /// What holds for all calls.
    pub settings: Settings,
    /// The users that keys act for.
    pub users: Vec<User>,
    /// The keys that may be used: neither inactive nor revoked ones.
    pub keys: K,
    /// One record a profile and model.
    pub permissions: Vec<P>,
    /// What is known of Odoo's models. Without it hardly a field is open.
    #[serde(default = "Schema::unknown")]
    pub schema: Schema<M>,
    /// What is paused for the time being.
    pub pauses: Vec<Pause>,
    /// Sessions that an administrator ended.
    pub terminations: Vec<Termination>,
}

/// What is paused: calls that it covers are refused until it is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "lowercase", deny_unknown_fields)]
pub enum Pause {
    /// Every call.
    All,
    /// Calls for one user.
    User {
        /// The user's id.
        id: String,
    },
    /// Calls of one model.
    Model {
        /// Odoo's name of the model.
        id: String,
    },
    /// Every call that does more than read.
    Writes,
}

/// A line of keys that is refused from an address for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Termination {
    /// The line of keys.
    pub line: String,
    /// The client's address.
    pub client_ip: String,
    /// Until then.
    pub until: UnixMicros,
}

/// The settings that gates need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What happens on the shared roads.
    pub enforcement: Enforcement,
    /// Addresses that may do without a key in [`Enforcement::Require`]; networks in CIDR form.
    pub require_exceptions: Vec<String>,
    /// Networks in CIDR form that may call; empty allows all.
    pub ip_allow_list: Vec<String>,
    /// The rate limit of keys without one of their own.
    pub rate_limit: RateLimit,
    /// How sessions are limited.
    pub sessions: Sessions,
    /// How each operation is recorded.
    pub durability: Durabilities,
    /// Seconds after which a gate that hears nothing refuses; 1 or more.
    pub snapshot_max_age_seconds: u32,
    /// Bytes that a request body may have.
    pub body_limit_bytes: u32,
    /// Operations of methods that the operations table lacks, for every model.
    pub methods: BTreeMap<String, Operations>,
    /// `model` or `model.method` names taken off the never-list.
    pub never_list_exceptions: Vec<String>,
    /// Whether the gate stands in for Odoo's MCP module, on `/mcp/…`.
    pub mcp_module_contract: bool,
    /// The stages that record what they would refuse, and let it pass. Left out while there are none: gates that do not
    /// know it refuse it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub shadow: BTreeSet<Shadow>,
}

/// What happens to calls on the roads that Odoo shares with other clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// They pass untouched.
    #[default]
    Off,
    /// A call with a Lictor key is refused, the rest passes.
    Block,
    /// A call with a Lictor key goes through the pipeline, the rest passes.
    Secure,
    /// Like `Secure`, and a call without a key is refused.
    Require,
}

/// The rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whether calls are limited at all.
    pub enabled: bool,
    /// Calls in any 60 s; 1 or more.
    pub per_minute: u32,
    /// Whether the limit is divided by the number of live gates; the control plane does the division.
    pub divide_by_gates: bool,
}

/// Sessions: one line of keys used from one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Whether the number of sessions is limited.
    pub enabled: bool,
    /// Seconds of silence that end a session; 1 or more.
    pub timeout_seconds: u32,
    /// Sessions that a key may have at once; 0 is no limit.
    pub limit: u32,
}

/// How one operation is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Sent soon after the call, in batches.
    #[default]
    Batched,
    /// An intent is stored before the call is forwarded.
    WriteAhead,
}

/// The durability of each operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Durabilities {
    /// When a read is recorded: after it with others, or before it as well.
    pub read: Durability,
    /// When a write is recorded: after it with others, or before it as well.
    pub write: Durability,
    /// When a create is recorded: after it with others, or before it as well.
    pub create: Durability,
    /// When a delete is recorded: after it with others, or before it as well.
    pub delete: Durability,
    /// When the call of a method that a permission lists is recorded: after it with others, or before it as well.
    pub call: Durability,
}

impl Durabilities {
    /// What the operations of a call need: the strictest of theirs.
    pub fn of(&self, operations: Operations) -> Durability {
        let of = |operation| match operation {
            Operation::Read => self.read,
            Operation::Write => self.write,
            Operation::Create => self.create,
            Operation::Delete => self.delete,
            Operation::Call => self.call,
        };
        operations.iter().map(of).max().unwrap_or_default()
    }
}

/// Whom keys act for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The identifier that keys name.
    pub id: String,
    /// The user's own groups and the XML ids of the Odoo groups, without distinction.
    pub groups: Vec<String>,
    /// What is put in the place of the key.
    pub upstream: Upstream,
    /// Whether the credential is not to be used: Odoo has refused it since it was last checked, or it is that of an administrator of
    /// Odoo, which nobody has allowed.
    pub upstream_rejected: bool,
    /// The number of the set of Odoo groups that the user has, by which [`Model::views`] tell what Odoo shows to it. `None` while
    /// the groups are not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub view: Option<u32>,
}

/// An Odoo credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The Odoo database.
    pub database: String,
    /// The Odoo login.
    pub login: String,
    /// The id of the Odoo user; 1 or more.
    pub uid: i64,
    /// The password or API key.
    pub secret: Secret,
}

/// A key, and what it is found by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// The 8 characters after `lct_`.
    pub prefix: String,
    /// What is found by it.
    pub record: Key,
}

/// A key's record. Fields with their default value are not serialized: a snapshot can hold thousands of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The identifier in the audit log.
    pub id: String,
    /// The hash in passlib's text form.
    pub hash: Secret,
    /// Grows when the key's secret changes: binds the digests that gates keep.
    pub version: u64,
    /// The line of keys that counters belong to: the id of the first key of a chain of rotations.
    pub line: String,
    /// The number under which gates keep the line's counters; small and reused.
    pub slot: u32,
    /// The user it acts for.
    pub user_id: String,
    /// The profiles of which one must allow a call whole; empty is the default one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub profiles: Vec<Profile>,
    /// Operations that it may do; empty allows all.
    #[serde(skip_serializing_if = "Operations::is_empty", default)]
    pub scopes: Operations,
    /// Models that it may reach; empty allows all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub models: Vec<String>,
    /// Networks in CIDR form that it may be used from; empty allows all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ip_allow_list: Vec<String>,
    /// Calls in any 60 s, in the place of the general limit; 1 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_minute: Option<u32>,
    /// Sessions at once, in the place of the general limit; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_limit: Option<u32>,
    /// From this moment on it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMicros>,
}

/// Whether a value is the usual one, which is left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_with_several_operations_takes_the_stricter_durability() {
        let durabilities = Durabilities { create: Durability::WriteAhead, ..Durabilities::default() };
        let of = |operations: &[Operation]| durabilities.of(Operations::of(operations));
        assert_eq!(of(&[]), Durability::Batched);
        assert_eq!(of(&[Operation::Read, Operation::Write, Operation::Delete]), Durability::Batched);
        assert_eq!(of(&[Operation::Write, Operation::Create]), Durability::WriteAhead);
        assert_eq!(of(&[Operation::Create]), Durability::WriteAhead);
    }
}
