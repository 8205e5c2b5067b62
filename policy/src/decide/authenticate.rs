//! Stage 1: the key and whose it is.

use super::{Facts, State, Trace, address};
use crate::call::Call;
use crate::key::{Key as PlainKey, Presented};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};

/// Answers `authenticate` and `login`: the uid, or nothing for a wrong key, login or database.
///
/// # Errors
/// Another stage's refusal, such as of the address.
pub fn authenticate<'s>(
    snapshot: &'s Snapshot,
    (database, login, password): (&str, &str, &str),
    facts: Facts,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Option<i64>, Refusal> {
    let key = match key(snapshot, password, facts, state, trace) {
        Ok(key) => key,
        Err(refusal) if refusal.reason == Reason::InvalidKey => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    address(snapshot, key, facts)?;
    let upstream = &key.user.upstream;
    Ok((upstream.database == database && upstream.login == login).then_some(upstream.uid))
}

/// Exists, hash matches, not expired. Checksum, prefix and digest come first: they cost a millionth of the hash.
pub(super) fn key<'s>(
    snapshot: &'s Snapshot,
    password: &str,
    facts: Facts,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<&'s Key, Refusal> {
    let presented = match PlainKey::recognise(password) {
        Presented::Key(presented) => presented,
        Presented::Broken => return Err(Reason::InvalidKey.into()),
        Presented::Other => return Err(Reason::KeyRequired.into()),
    };
    let key = snapshot.key(presented.prefix()).ok_or(Reason::InvalidKey)?;
    trace.key = Some(key);
    if key.wire.expires_at.is_some_and(|expiry| expiry <= facts.now) {
        return Err(Reason::InvalidKey.into());
    }
    let digest = presented.digest(&key.wire.id, key.wire.version);
    if !state.knows(key, &digest) {
        if !key.hash.verify(&presented) {
            return Err(Reason::InvalidKey.into());
        }
        state.keep(key, &digest);
    }
    trace.verified = true;
    if key.user.upstream_rejected {
        return Err(Reason::UpstreamCredentialRejected.into());
    }
    Ok(key)
}

/// The database and uid of a call must be the key's.
pub(super) fn identity(key: &Key, call: &Call<'_>) -> Result<(), Refusal> {
    if call.is_identity_of(key) { Ok(()) } else { Err(Reason::IdentityMismatch.into()) }
}
