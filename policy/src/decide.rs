//! The decision: every stage in its order, the first check that fails decides.

use std::net::IpAddr;

use crate::call::Call;
use crate::operation::Operations;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};
use crate::wire::UnixMicros;

mod authenticate;
mod method;
mod model;
mod permission;
mod scope;

pub use authenticate::authenticate;

/// What a gate knows of a request beside its body.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The time.
    pub now: UnixMicros,
    /// The client's address; `None` if Envoy has none that can be read.
    pub client: Option<IpAddr>,
}

/// What a gate remembers between calls.
pub trait State {
    /// Whether the digest of a key was kept under its slot.
    fn knows(&mut self, key: &Key, digest: &[u8; 32]) -> bool;
    /// Keeps the digest of a verified key.
    fn keep(&mut self, key: &Key, digest: &[u8; 32]);
}

/// What is known of a call so far, for the audit record: filled in stage by stage, so that a refusal leaves what was
/// found before it.
#[derive(Debug, Default)]
pub struct Trace<'s> {
    /// The key whose record was found by its prefix.
    pub key: Option<&'s Key>,
    /// Whether the key was verified.
    pub verified: bool,
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
    facts: Facts,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Grant<'s>, Refusal> {
    trace.model = Some(call.model.to_string());
    trace.method = Some(call.method.to_string());
    let key = authenticate::key(snapshot, &call.password, facts, state, trace)?;
    authenticate::identity(key, call)?;
    // Stage 2, sessions, and stage 4, the rate limit, have nothing to check while their settings are off.
    address(snapshot, key, facts)?;
    if call.model == "res.users" && call.method == "context_get" {
        return Ok(Grant { key });
    }
    let effects = method::effects(snapshot, call)?;
    trace.operations = effects.own.union(effects.nested);
    trace.record_ids.clone_from(&effects.record_ids);
    scope::check(key, &effects)?;
    model::check(key, call)?;
    permission::check(snapshot, key, call, &effects)?;
    Ok(Grant { key })
}

/// Stage 3: the general list and the key's; an empty one allows all.
fn address(snapshot: &Snapshot, key: &Key, facts: Facts) -> Result<(), Refusal> {
    let allowed = [&snapshot.settings.ip_allow_list, &key.ip_allow_list]
        .into_iter()
        .all(|list| list.is_empty() || facts.client.is_some_and(|client| list.contains(client)));
    if allowed { Ok(()) } else { Err(Reason::IpDenied.into()) }
}

/// The refusal of a body that is not a call, with what is wrong with it: it names nothing of the body.
pub fn malformed(problem: impl std::fmt::Display) -> Refusal {
    Refusal::explained(Reason::MalformedRequest, format!("The request is not one strict call: {problem}."))
}
