//! Stage 1: the key and whose it is.

use crate::call::Call;
use crate::decide::admit::{self, Admitted, Verified};
use crate::decide::{Facts, Grant, Stage, State, Trace, pause};
use crate::key::{Key as PlainKey, Presented};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};

/// Answers `authenticate` and `login`: whose key it is, or why the answer is no: a wrong key, login or database. Starts
/// no session.
///
/// # Errors
/// Another stage's refusal, which is a fault: of the brake, a pause, the address or the rate.
pub fn authenticate<'s>(
    snapshot: &'s Snapshot,
    (database, login, password): (&str, &str, &str),
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Result<Grant<'s>, Reason>, Refusal> {
    let verified = match key(snapshot, password, facts, state, trace) {
        Ok(verified) => verified,
        Err(refusal) if refusal.reason == Reason::InvalidKey => return Ok(Err(refusal.reason)),
        Err(refusal) => return Err(refusal),
    };
    trace.stage = Stage::Pause;
    pause::key(snapshot, verified.key)?;
    let Admitted { key, shadowed } = admit::login(snapshot, verified, facts, state, trace)?;
    let upstream = &key.user.upstream;
    let same = upstream.database == database && upstream.login == login;
    Ok(if same { Ok(Grant::of(key, &shadowed)) } else { Err(Reason::IdentityMismatch) })
}

/// Verifies a key as a login does, for a page that says whose it is. Starts no session.
///
/// # Errors
/// The refusal of the first stage that fails; a database that is not the key's, if one is named.
pub fn identify<'s>(
    snapshot: &'s Snapshot,
    password: &str,
    database: Option<&str>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Grant<'s>, Refusal> {
    let verified = key(snapshot, password, facts, state, trace)?;
    trace.stage = Stage::Identity;
    if database.is_some_and(|database| database != verified.key.user.upstream.database) {
        return Err(Reason::IdentityMismatch.into());
    }
    trace.stage = Stage::Pause;
    pause::key(snapshot, verified.key)?;
    let Admitted { key, shadowed } = admit::login(snapshot, verified, facts, state, trace)?;
    Ok(Grant::of(key, &shadowed))
}

/// Verifies the key of a call that is refused because it is malformed: its record then names whose it was, as malformed
/// calls with a right key are worth an alert. Whether the key is right changes nothing for the caller.
pub fn recognise<'s>(
    snapshot: &'s Snapshot,
    password: &str,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) {
    let _ = key(snapshot, password, facts, state, trace);
}

/// Exists, hash matches, not expired. Checksum, prefix and digest come first: they cost a thousandth of the hash.
pub(crate) fn key<'s>(
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

/// The database and uid of a call must be the key's.
pub(crate) fn identity(key: &Key, call: &Call<'_>) -> Result<(), Refusal> {
    if call.is_identity_of(key) { Ok(()) } else { Err(Reason::IdentityMismatch.into()) }
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
