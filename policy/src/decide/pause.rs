//! Pauses: what an administrator has stopped for the time being.

use crate::call::Call;
use crate::effects::Effects;
use crate::operation::{Operation, Operations};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};
use crate::wire::Pause;

/// Whether all calls or the key's user are paused.
pub(crate) fn key(snapshot: &Snapshot, key: &Key) -> Result<(), Refusal> {
    check(snapshot, |pause| match pause {
        Pause::All => true,
        Pause::User { id } => *id == key.wire.user_id,
        Pause::Model { .. } | Pause::Writes => false,
    })
}

/// Whether a model that the call reaches is paused, or writing.
pub(crate) fn call(snapshot: &Snapshot, call: &Call<'_>, effects: &Effects<'_>) -> Result<(), Refusal> {
    let changes = !effects.all().without(Operations::of(&[Operation::Read])).is_empty();
    check(snapshot, |pause| match pause {
        Pause::Model { id } => *id == call.model || effects.others.iter().any(|other| other.model == id),
        Pause::Writes => changes,
        Pause::All | Pause::User { .. } => false,
    })
}

fn check(snapshot: &Snapshot, covers: impl Fn(&Pause) -> bool) -> Result<(), Refusal> {
    if snapshot.pauses.iter().any(covers) {
        let sentence = "An administrator has paused such calls; wait until the pause is lifted.";
        return Err(Refusal::explained(Reason::PermissionDenied, sentence));
    }
    Ok(())
}
