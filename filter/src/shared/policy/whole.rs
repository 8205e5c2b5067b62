//! A policy as it is read once, for all threads of a process.

use std::sync::{Arc, Mutex, PoisonError};

use lictor_policy::snapshot::{BadSnapshot, Snapshot};

use crate::host::HostError;

/// A policy, and the number that it was stored with.
type Numbered = (u64, Arc<Snapshot>);

/// The one in force and the one before it or next, by their numbers.
static PLACES: Mutex<[Option<Numbered>; 2]> = Mutex::new([None, None]);

/// Keeps a policy under a number; it is in force when the stamp says so. Answers it as threads have it.
///
/// # Errors
/// None: as in wasm, where the host has some.
#[allow(clippy::unnecessary_wraps, reason = "in wasm the host can fail")]
pub(crate) fn store(id: u64, _head: &[u8], given: Snapshot) -> Result<Arc<Snapshot>, HostError> {
    let given = Arc::new(given);
    let [even, odd] = &mut *PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = if id.is_multiple_of(2) { even } else { odd };
    *place = Some((id, Arc::clone(&given)));
    Ok(given)
}

/// The policy with a number; `None` if it is neither the one in force nor the next.
///
/// # Errors
/// None: as in wasm, where the host has some.
#[allow(clippy::unnecessary_wraps, reason = "in wasm the host can fail, and what is read")]
pub(crate) fn load(id: u64) -> Result<Option<Result<Arc<Snapshot>, BadSnapshot>>, HostError> {
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let found = places.iter().flatten().find(|(kept, _)| *kept == id);
    Ok(found.map(|(_, snapshot)| Ok(Arc::clone(snapshot))))
}
