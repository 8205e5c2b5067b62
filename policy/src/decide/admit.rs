//! Stages 2 to 4: session, address and rate. Session and window change together, once all three have passed.

use crate::decide::shadow::Shadowed;
use crate::decide::{Facts, Stage, State, Trace, Unavailable};
use crate::memory::line::Line;
use crate::memory::rate::Quota;
use crate::memory::session::{Client, Full};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};

const MICROS: u64 = 1_000_000;
/// How often another worker may be faster before the call is refused: two rarely meet twice.
const ATTEMPTS: usize = 32;

/// Proof that the caller has the key, with what the gate remembers of it.
pub(crate) struct Verified<'s> {
    pub(crate) key: &'s Key,
    pub(crate) line: Line,
}

/// Proof that the caller may call, with what stages in shadow have noted.
pub(crate) struct Admitted<'s> {
    pub(crate) key: &'s Key,
    pub(crate) shadowed: Shadowed<'s>,
}

/// Admits a call: it belongs to a session and counts against the rate.
pub(crate) fn call<'s>(
    snapshot: &'s Snapshot,
    verified: Verified<'s>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'_>,
) -> Result<Admitted<'s>, Refusal> {
    let client = state.client(verified.key, facts);
    admit(snapshot, verified, Some(client), facts, state, trace)
}

/// Admits a login: it counts against the rate, and starts no session.
pub(crate) fn login<'s>(
    snapshot: &'s Snapshot,
    verified: Verified<'s>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'_>,
) -> Result<Admitted<'s>, Refusal> {
    admit(snapshot, verified, None, facts, state, trace)
}

fn admit<'s>(
    snapshot: &'s Snapshot,
    Verified { key, mut line }: Verified<'s>,
    client: Option<Client>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'_>,
) -> Result<Admitted<'s>, Refusal> {
    for _ in 0..ATTEMPTS {
        let limit = rate_limit(snapshot, key);
        let mut shadowed = Shadowed::new(snapshot);
        // Who is refused before the window is asked is told what it would have said.
        let counted = before_rate(snapshot, key, &mut line, client, facts, &mut shadowed, &mut trace.stage)
            .inspect_err(|_| trace.quota = limit.map(|limit| line.window.quota(limit, facts.now)))?;
        trace.stage = Stage::Rate;
        if let Some(limit) = limit {
            let taken = line.window.take(limit, facts.now);
            let (Ok(quota) | Err(quota)) = taken;
            trace.quota = Some(quota);
            shadowed.pass(trace.stage, taken.map(drop).map_err(|quota| rate_limited(quota, facts)))?;
        }
        trace.session = counted.map(|client| line.sessions.touch(client, facts.now));
        if (client.is_none() && trace.quota.is_none()) || state.store(key, &line)? {
            return Ok(Admitted { key, shadowed });
        }
        line = state.line(key)?;
    }
    Err(Unavailable.into())
}

/// Stages 2 and 3. Answers who takes part in a session.
fn before_rate(
    snapshot: &Snapshot,
    key: &Key,
    line: &mut Line,
    client: Option<Client>,
    facts: Facts<'_>,
    shadowed: &mut Shadowed<'_>,
    stage: &mut Stage,
) -> Result<Option<Client>, Refusal> {
    let mut counted = client;
    if let Some(client) = client {
        *stage = Stage::Session;
        terminated(snapshot, key, facts)?;
        let checked = session(snapshot, key, client, line, facts);
        // In shadow too, nobody beyond the limit takes the place of a session.
        counted = counted.filter(|_| checked.is_ok());
        shadowed.pass(*stage, checked)?;
    }
    *stage = Stage::Address;
    shadowed.pass(*stage, address(snapshot, key, facts))?;
    Ok(counted)
}

/// The key's own limit before the general one; none while rate limiting is off.
pub(crate) fn rate_limit(snapshot: &Snapshot, key: &Key) -> Option<u32> {
    let general = &snapshot.settings.wire.rate_limit;
    key.wire.rate_limit_per_minute.or(general.enabled.then_some(general.per_minute))
}

/// The key's own limit before the general one; 0 is no limit.
pub(crate) fn session_limit(snapshot: &Snapshot, key: &Key) -> u32 {
    let general = &snapshot.settings.wire.sessions;
    key.wire.session_limit.unwrap_or(if general.enabled { general.limit } else { 0 })
}

/// An administrator ended the session: the line is refused from that address for a while.
pub(crate) fn terminated(snapshot: &Snapshot, key: &Key, facts: Facts<'_>) -> Result<(), Refusal> {
    let Some(until) = snapshot.terminated_until(&key.wire.line, facts.client, facts.now) else { return Ok(()) };
    let seconds = until.saturating_sub(facts.now).div_ceil(MICROS);
    Err(Refusal { retry_after_seconds: u32::try_from(seconds).ok(), ..Reason::SessionTerminated.into() })
}

fn session(snapshot: &Snapshot, key: &Key, client: Client, line: &mut Line, facts: Facts<'_>) -> Result<(), Refusal> {
    let timeout = snapshot.settings.wire.sessions.timeout_seconds;
    line.sessions.check(client, timeout, session_limit(snapshot, key), facts.now).map_err(
        |Full { retry_after_seconds }| Refusal {
            retry_after_seconds: Some(retry_after_seconds),
            ..Reason::SessionLimit.into()
        },
    )
}

/// The general list and the key's; an empty one allows all.
pub(crate) fn address(snapshot: &Snapshot, key: &Key, facts: Facts<'_>) -> Result<(), Refusal> {
    let allowed = [&snapshot.settings.ip_allow_list, &key.ip_allow_list]
        .into_iter()
        .all(|list| list.is_empty() || facts.client.is_some_and(|client| list.contains(client)));
    if allowed { Ok(()) } else { Err(Reason::IpDenied.into()) }
}

fn rate_limited(quota: Quota, facts: Facts<'_>) -> Refusal {
    let seconds = quota.reset.saturating_sub(facts.now / MICROS).max(1);
    let sentence = format!("At most {} calls in 60 s; wait until the window has room.", quota.limit);
    Refusal { retry_after_seconds: u32::try_from(seconds).ok(), ..Refusal::explained(Reason::RateLimited, sentence) }
}
