//! Stage 5: all of the call's operations must be among the key's scopes; none listed allows all.

use crate::effects::Effects;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Key;

pub(crate) fn check(key: &Key, effects: &Effects<'_>) -> Result<(), Refusal> {
    let scopes = key.wire.scopes;
    let missing = effects.own.union(effects.nested).without(scopes);
    match missing.iter().next() {
        Some(operation) if !scopes.is_empty() => {
            Err(Refusal::explained(Reason::ScopeDenied, format!("The key's scopes would have to contain {operation}.")))
        }
        _ => Ok(()),
    }
}
