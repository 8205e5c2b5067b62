//! Storey 9: the decision: every stage in its order, the first check that fails decides.

mod access;
mod admit;
mod explain;
mod key;
pub mod lack;
mod login;
mod method;
mod pause;
mod permission;
mod rewrite;
mod shadow;

use std::net::IpAddr;

use crate::address;
use crate::call::Call;
use crate::decide::access::Access;
use crate::decide::admit::Admitted;
use crate::decide::lack::Lack;
use crate::decide::shadow::Shadowed;
use crate::effects::{Effects, outline};
use crate::memory::failures::Failures;
use crate::memory::line::Line;
use crate::memory::rate::Quota;
use crate::memory::session::{Client, Session};
use crate::odoo::never;
use crate::operation::{Operation, Operations};
use crate::records::{MAX_CHANGED, Recorded, stated};
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Target};
use crate::snapshot::{Key, Snapshot};
use crate::wire::{DEFAULT_PROFILE, Event, MAX_LACKS, UnixMicros};

pub use explain::{Check, Finding, explain};
pub use key::recognise;
pub use login::{authenticate, identify};
pub use rewrite::Rewrite;

/// What a gate knows of a request beside its body.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'r> {
    /// The time.
    pub now: UnixMicros,
    /// The client's address; `None` if Envoy has none that can be read.
    pub client: Option<IpAddr>,
    /// The client's `User-Agent`, as it came.
    pub user_agent: &'r [u8],
    /// What roads need that name the call, or carry the key, in the head.
    pub head: Head<'r>,
}

/// Headers that only some roads look at; empty on the others, and where they are missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'r> {
    /// `:path`.
    pub path: &'r str,
    /// The method that the path names, on JSON-2.
    pub target: Option<&'r Target>,
    /// `Authorization`.
    pub authorization: &'r [u8],
    /// `X-Odoo-Database`.
    pub database: Option<&'r str>,
    /// `X-API-Key`.
    pub api_key: &'r [u8],
    /// Whether it is a POST.
    pub is_post: bool,
    /// Whether it has the cookie of a web session. Anybody can make one up.
    pub has_session: bool,
    /// Whether its body is a form with parts.
    pub is_multipart: bool,
    /// Names and values of all headers, one after the other.
    pub all: &'r [u8],
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
    /// Who calls with a key. A memory that knows who it was last need not hash it.
    fn client(&mut self, key: &Key, facts: Facts<'_>) -> Client {
        Client::of(&key.wire.line, facts.client, facts.user_agent)
    }
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
    /// The records that it names.
    pub recorded: Recorded,
    /// All that it lacks, by names, in shadow too; at most [`MAX_LACKS`].
    pub lacks: Vec<String>,
    /// Its [`outline`](crate::effects::outline).
    pub outline: Option<String>,
    /// Whether it names what the schema does not know.
    pub schema_stale: bool,
    /// Whether it is forwarded with a list of fields that the client did not name.
    pub lists: bool,
    /// The id of a JSON-RPC request, as JSON: the answer carries it.
    pub rpc_id: Option<String>,
}

impl Trace<'_> {
    /// The audit event of a call that was judged just now: all that was found out about it.
    pub fn into_event(self, road: Road, facts: Facts<'_>, decision_id: String) -> Event {
        let Recorded { ids, count, digest, nested, .. } = self.recorded;
        Event {
            key_id: self.key.map(|key| key.wire.id.clone()),
            user_id: self.key.map(|key| key.user.id.clone()),
            client_ip: facts.client.map(address::text).unwrap_or_default(),
            session: self.session.as_ref().map(Session::id),
            road: road.path().into(),
            database: self.key.filter(|_| self.verified).map(|key| key.user.upstream.database.clone()),
            model: self.model,
            method: self.method,
            operations: self.operations,
            record_ids: ids,
            record_count: stated(count),
            record_digest: digest,
            nested_ids: nested,
            lacks: self.lacks,
            outline: self.outline,
            schema_stale: self.schema_stale,
            ..Event::at(facts.now, decision_id)
        }
    }
}

/// The permit to forward a call as the key's user.
#[derive(Debug)]
pub struct Grant<'s> {
    /// The key that was verified.
    pub key: &'s Key,
    /// Why the call would have been refused, if no stage were in shadow.
    pub would_deny: Option<Reason>,
    /// What of the call is forwarded otherwise than it came.
    pub rewrite: Rewrite,
}

impl<'s> Grant<'s> {
    fn of(key: &'s Key, shadowed: &Shadowed<'_>) -> Self {
        Self { key, would_deny: shadowed.would_deny(), rewrite: Rewrite::default() }
    }
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
    let verified = key::verify(snapshot, &call.password, facts, state, trace)?;
    trace.stage = Stage::Identity;
    key::identity(verified.key, call)?;
    trace.stage = Stage::Pause;
    pause::key(snapshot, verified.key)?;
    let Admitted { key, mut shadowed } = admit::call(snapshot, verified, facts, state, trace)?;
    let rewrite = permitted(snapshot, key, call, &mut shadowed, trace)?;
    Ok(Grant { rewrite, ..Grant::of(key, &shadowed) })
}

/// The stages that need no memory: what the call does, and whether key and permissions allow it.
fn permitted(
    snapshot: &Snapshot,
    key: &Key,
    call: &Call<'_>,
    shadowed: &mut Shadowed<'_>,
    trace: &mut Trace<'_>,
) -> Result<Rewrite, Refusal> {
    trace.stage = Stage::Method;
    if call.model == "res.users" && call.method == "context_get" {
        // Clients need it to start; it tells nothing but the user's own language and time zone.
        return Ok(Rewrite::default());
    }
    trace.outline = outline::of(call);
    let access = Access::of(snapshot, key, nearest(snapshot, key, call), &call.model);
    let effects = method::effects(&access, call, shadowed)?;
    trace.operations = effects.all();
    trace.recorded = effects.recorded();
    judged(&access, call, &effects, shadowed, trace)?;
    countable(&effects, &trace.recorded)?;
    // In shadow nothing changes for clients.
    if shadowed.covers(Reason::PermissionDenied) {
        return Ok(Rewrite::default());
    }
    trace.lists = effects.rewrite.list.is_some();
    Ok(Rewrite::of(&access, call, &effects))
}

/// The first of the key's profiles that allows a call whole; else the one in which it lacks the least.
fn nearest<'s>(snapshot: &'s Snapshot, key: &'s Key, call: &Call<'_>) -> &'s str {
    let mut profiles = key.profiles();
    let first = profiles.next().unwrap_or(DEFAULT_PROFILE);
    // Most keys have one, which decides without being asked twice.
    let Some(second) = profiles.next() else { return first };
    let mut nearest = (usize::MAX, first);
    for profile in [first, second].into_iter().chain(profiles) {
        let lacking = lacks_in(&Access::of(snapshot, key, profile, &call.model), call)
            .map_or(usize::MAX, |(lacks, _)| lacks.len());
        if lacking == 0 {
            return profile;
        }
        if lacking < nearest.0 {
            nearest = (lacking, profile);
        }
    }
    nearest.1
}

/// Each record that is written or deleted must find its place in the audit record.
fn countable(effects: &Effects<'_>, recorded: &Recorded) -> Result<(), Refusal> {
    let (changes, named) = (effects.changes(), recorded.total());
    if changes.is_empty() || named <= MAX_CHANGED {
        return Ok(());
    }
    let what = changes.words();
    let sentence =
        format!("A call may {what} at most {MAX_CHANGED} records, and this one names {named}: send it in parts.");
    Err(Refusal::explained(Reason::TooManyRecords, sentence))
}

/// The stages that judge what a call does. All that it lacks is told at once; a stage in shadow lets its part of that pass.
fn judged(
    access: &Access<'_>,
    call: &Call<'_>,
    effects: &Effects<'_>,
    shadowed: &mut Shadowed<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Refusal> {
    let mut lacks = permission::lacks(access, call, effects);
    lacks.sort_by_key(Lack::stage);
    trace.lacks = lacks.iter().take(MAX_LACKS).map(Lack::name).collect();
    trace.schema_stale = lacks.iter().any(Lack::is_unknown);
    lacks.retain(|lack| !shadowed.notes(lack, access.profile));
    trace.stage = lacks.first().map_or(Stage::Permission, Lack::stage);
    if trace.stage == Stage::Permission {
        pause::call(access.snapshot, call, effects)?;
    }
    lack::refusal(&lacks, access.profile).map_or(Ok(()), Err)
}

/// All that a call with the key lacks, shadow or not, and what would be changed in it.
///
/// # Errors
/// The refusal of a call whose arguments cannot be judged, or of a method that nothing opens.
pub fn lacks(snapshot: &Snapshot, key: &Key, call: &Call<'_>) -> Result<(Vec<Lack>, Rewrite), Refusal> {
    lacks_in(&Access::of(snapshot, key, nearest(snapshot, key, call), &call.model), call)
}

fn lacks_in(access: &Access<'_>, call: &Call<'_>) -> Result<(Vec<Lack>, Rewrite), Refusal> {
    let effects = method::effects(access, call, &mut Shadowed::new(access.snapshot))?;
    Ok((permission::lacks(access, call, &effects), Rewrite::of(access, call, &effects)))
}

/// What a key may do to a model's records, as far as that does not depend on the call; in shadow, what passes.
pub fn access(snapshot: &Snapshot, key: &Key, model: &str) -> Operations {
    let call = Call {
        database: None,
        uid: None,
        password: "".into(),
        model: model.into(),
        method: "".into(),
        args: Vec::new(),
        kwargs: Vec::new(),
    };
    let allows = |operation: &Operation| {
        let effects = Effects { own: Operations::of(&[*operation]), ..Effects::default() };
        let closed = never::is_listed(model, "", effects.own, &snapshot.settings.never_list_exceptions);
        let allows = |profile| {
            let access = Access::of(snapshot, key, profile, model);
            judged(&access, &call, &effects, &mut Shadowed::new(snapshot), &mut Trace::default()).is_ok()
        };
        !closed && key.profiles().any(allows)
    };
    let allowed: Vec<Operation> = Operation::ON_RECORDS.into_iter().filter(allows).collect();
    Operations::of(&allowed)
}

/// The refusal of a body that is not a call, with what is wrong with it: it names nothing of the body.
pub fn malformed(problem: impl std::fmt::Display) -> Refusal {
    Refusal::explained(Reason::MalformedRequest, format!("The request is not one strict call: {problem}."))
}
