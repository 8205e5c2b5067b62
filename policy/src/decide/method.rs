//! Between the stages: what the method does. A method that cannot be judged is refused.

use super::malformed;
use crate::call::Call;
use crate::effects::Effects;
use crate::never;
use crate::operations;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Snapshot;

/// The effects of a call, from the operations table or an administrator's mapping.
pub(super) fn effects<'c>(snapshot: &Snapshot, call: &'c Call<'_>) -> Result<Effects<'c>, Refusal> {
    let (model, method) = (call.model.as_ref(), call.method.as_ref());
    if never::is_private(method) {
        return Err(denied("Private methods cannot be called through the gate."));
    }
    let mapped = snapshot.mapped(model, method);
    if mapped.is_some_and(|operations| operations.is_empty()) {
        return Err(denied("An administrator has closed this method; the mapping of it would have to change."));
    }
    let known = operations::method(method).filter(|known| !known.mapped_only || mapped.is_some());
    let mut effects = match (known, mapped) {
        (Some(known), _) => Effects::of_known(call, known).map_err(malformed)?,
        (None, Some(operations)) => Effects::of_mapped(call, operations),
        (None, None) => return Err(denied("An administrator would have to map this method to its operations.")),
    };
    effects.own = effects.own.union(mapped.unwrap_or_default());
    if never::is_listed(model, method, effects.own, &snapshot.settings.never_list_exceptions) {
        return Err(denied("It is on the never-list; never_list_exceptions would have to name it."));
    }
    Ok(effects)
}

fn denied(sentence: &'static str) -> Refusal {
    Refusal::explained(Reason::MethodDenied, sentence)
}
