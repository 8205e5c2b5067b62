//! Stage 1: the key, and whose it is.

use crate::call::Call;
use crate::decide::admit::Verified;
use crate::decide::{Facts, State, Trace};
use crate::formats::value::Value;
use crate::key::{Key as PlainKey, Presented};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};

/// Verifies the key of a call that is refused because it is malformed: its record then names whose it was, as malformed
/// calls with a right key are worth an alert. Whether the key is right changes nothing for the caller.
pub fn recognise<'s>(
    snapshot: &'s Snapshot,
    password: &str,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) {
    let _ = verify(snapshot, password, facts, state, trace);
}

/// Exists, hash matches, not expired. Checksum, prefix and digest come first: they cost a thousandth of the hash.
pub(crate) fn verify<'s>(
    snapshot: &'s Snapshot,
    password: &str,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verified<'s>, Refusal> {
    let presented = match PlainKey::recognise(password) {
        Presented::Key(presented) => presented,
        Presented::Broken => return Err(Reason::InvalidKey.into()),
        Presented::Other => return Err(Reason::KeyRequired.into()),
    };
    let found = snapshot.key(presented.prefix()).map_err(|_| Reason::PolicyUnavailable)?;
    let key = found.ok_or(Reason::InvalidKey)?;
    trace.key = Some(key);
    current(key, facts)?;
    let mut line = state.line(key)?;
    let digest = presented.digest(key.wire.version);
    if !line.knows(&digest) {
        prove(key, &presented, facts, state)?;
        line.keep(digest);
        // Stored at once, so that a call which a later stage refuses is not hashed again. If another worker was
        // faster, its write counts and this key is hashed once more.
        state.store(key, &line)?;
        line = state.line(key)?;
    }
    trace.verified = true;
    accepted(key)?;
    Ok(Verified { key, line })
}

/// Not expired.
pub(crate) fn current(key: &Key, facts: Facts<'_>) -> Result<(), Refusal> {
    let expired = key.wire.expires_at.is_some_and(|expiry| expiry <= facts.now);
    if expired { Err(Reason::InvalidKey.into()) } else { Ok(()) }
}

/// Odoo takes the user's credential, as far as is known.
pub(crate) fn accepted(key: &Key) -> Result<(), Refusal> {
    if key.user.upstream_rejected { Err(Reason::UpstreamCredentialRejected.into()) } else { Ok(()) }
}

/// The database and uid of a call, where it names them, must be the key's; some clients name the uid in the context too.
pub(crate) fn identity(key: &Key, call: &Call<'_>) -> Result<(), Refusal> {
    let upstream = &key.user.upstream;
    let is_same = call.database.as_ref().is_none_or(|name| *name == upstream.database)
        && call.uid.is_none_or(|uid| uid == upstream.uid)
        && call.context().iter().all(|(key, value)| key != "uid" || *value == Value::Int(upstream.uid));
    if is_same { Ok(()) } else { Err(Reason::IdentityMismatch.into()) }
}

/// Hashes the key, unless too many wrong ones came from there.
fn prove(key: &Key, presented: &PlainKey, facts: Facts<'_>, state: &mut dyn State) -> Result<(), Refusal> {
    let prefix = presented.prefix();
    if let Err(seconds) = state.failures(prefix, facts.client)?.check(facts.now) {
        return Err(Refusal { retry_after_seconds: Some(seconds), ..Reason::TooManyFailures.into() });
    }
    state.hashing();
    if key.hash.verify(presented) {
        return Ok(());
    }
    state.failed(prefix, facts.client, facts.now)?;
    Err(Reason::InvalidKey.into())
}
