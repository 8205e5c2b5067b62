//! Logins: whose a key is, without a call.

use crate::decide::admit::{self, Admitted};
use crate::decide::{Facts, Grant, Stage, State, Trace, key, pause};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Snapshot;

/// Answers `authenticate` and `login`: whose key it is, or why the answer is no: a wrong key, login or database. Starts
/// no session.
///
/// # Errors
/// Another stage's refusal, which is a fault: of the limit on wrong keys, a pause, the address or the rate.
pub fn authenticate<'s>(
    snapshot: &'s Snapshot,
    (database, login, password): (&str, &str, &str),
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Result<Grant<'s>, Reason>, Refusal> {
    let verified = match key::verify(snapshot, password, facts, state, trace) {
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
    let verified = key::verify(snapshot, password, facts, state, trace)?;
    trace.stage = Stage::Identity;
    if database.is_some_and(|database| database != verified.key.user.upstream.database) {
        return Err(Reason::IdentityMismatch.into());
    }
    trace.stage = Stage::Pause;
    pause::key(snapshot, verified.key)?;
    let Admitted { key, shadowed } = admit::login(snapshot, verified, facts, state, trace)?;
    Ok(Grant::of(key, &shadowed))
}
