//! The decision: every stage in its order, the first check that fails decides.

use std::net::IpAddr;

use crate::brake::Failures;
use crate::call::Call;
use crate::line::Line;
use crate::operation::Operations;
use crate::rate::Quota;
use crate::refusal::{Reason, Refusal};
use crate::session::Session;
use crate::snapshot::{Key, Snapshot};
use crate::wire::UnixMicros;

mod admit;
mod authenticate;
mod explain;
mod method;
mod model;
mod pause;
mod permission;
mod scope;

pub use authenticate::authenticate;
pub use explain::{Check, Finding, explain};

/// What a gate knows of a request beside its body.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'r> {
    /// The time.
    pub now: UnixMicros,
    /// The client's address; `None` if Envoy has none that can be read.
    pub client: Option<IpAddr>,
    /// The client's `User-Agent`, as it came.
    pub user_agent: &'r [u8],
}

/// What a gate remembers between calls, shared by its workers.
pub trait State {
    /// The memory of a key's line.
    ///
    /// # Errors
    /// When the host fails: the call is refused.
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable>;
    /// Stores what [`State::line`] gave and the caller changed. False if another worker was faster: read again.
    ///
    /// # Errors
    /// When the host fails.
    fn store(&mut self, key: &Key, line: &Line) -> Result<bool, Unavailable>;
    /// Wrong keys with this prefix from this address.
    ///
    /// # Errors
    /// When the host fails.
    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable>;
    /// Counts one more of them.
    ///
    /// # Errors
    /// When the host fails.
    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable>;
    /// Hears that a key is being hashed, which costs milliseconds.
    fn hashing(&mut self) {}
}

/// A gate's memory cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::explained(Reason::PolicyUnavailable, "The gate's memory failed; try again.")
    }
}

/// The stages, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The key is known, right and not expired.
    #[default]
    Key,
    /// Database and uid are the key's.
    Identity,
    /// Nobody has paused the key's user, or all.
    Pause,
    /// Not terminated, not one session too many.
    Session,
    /// On the general list and the key's.
    Address,
    /// Room in the window.
    Rate,
    /// The method is known or mapped, and not on the never-list.
    Method,
    /// The key may do the operations.
    Scope,
    /// The key may reach the model.
    Model,
    /// The model's permission allows what the call does.
    Permission,
}

/// What is known of a call so far, for the audit record: filled in stage by stage, so that a refusal leaves what was
/// found before it.
#[derive(Debug, Default)]
pub struct Trace<'s> {
    /// The stage that was reached.
    pub stage: Stage,
    /// The key whose record was found by its prefix.
    pub key: Option<&'s Key>,
    /// Whether the key was verified.
    pub verified: bool,
    /// The session that the call belongs to.
    pub session: Option<Session>,
    /// What the rate limit leaves, if there is one.
    pub quota: Option<Quota>,
    /// The model that the call names.
    pub model: Option<String>,
    /// The method that the call names.
    pub method: Option<String>,
    /// What the call does.
    pub operations: Operations,
    /// The first ids that it names.
    pub record_ids: Vec<i64>,
}

/// The permit to forward a call as the key's user.
#[derive(Debug)]
pub struct Grant<'s> {
    /// The key that was verified.
    pub key: &'s Key,
}

/// Decides on a call with a key.
///
/// # Errors
/// The refusal of the first stage that fails; `trace` then holds what the stages before it found.
pub fn decide<'s>(
    snapshot: &'s Snapshot,
    call: &Call<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Grant<'s>, Refusal> {
    trace.model = Some(call.model.to_string());
    trace.method = Some(call.method.to_string());
    let verified = authenticate::key(snapshot, &call.password, facts, state, trace)?;
    trace.stage = Stage::Identity;
    authenticate::identity(verified.key, call)?;
    trace.stage = Stage::Pause;
    pause::key(snapshot, verified.key)?;
    let key = admit::call(snapshot, verified, facts, state, trace)?;
    permitted(snapshot, key, call, trace)?;
    Ok(Grant { key })
}

/// The stages that need no memory: what the call does, and whether key and permission allow it.
fn permitted<'s>(snapshot: &Snapshot, key: &Key, call: &Call<'_>, trace: &mut Trace<'s>) -> Result<(), Refusal> {
    trace.stage = Stage::Method;
    if call.model == "res.users" && call.method == "context_get" {
        // Clients need it to start; it tells nothing but the user's own language and time zone.
        return Ok(());
    }
    let effects = method::effects(snapshot, call)?;
    trace.operations = effects.own.union(effects.nested);
    trace.record_ids.clone_from(&effects.record_ids);
    trace.stage = Stage::Scope;
    scope::check(key, &effects)?;
    trace.stage = Stage::Model;
    model::check(key, call)?;
    trace.stage = Stage::Permission;
    pause::call(snapshot, call, trace.operations)?;
    permission::check(snapshot, key, call, &effects)
}

/// The refusal of a body that is not a call, with what is wrong with it: it names nothing of the body.
pub fn malformed(problem: impl std::fmt::Display) -> Refusal {
    Refusal::explained(Reason::MalformedRequest, format!("The request is not one strict call: {problem}."))
}
