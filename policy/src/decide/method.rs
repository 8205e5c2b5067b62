//! Between the stages: what the method does. A method that cannot be judged is refused.

use crate::call::Call;
use crate::decide::shadow::Shadowed;
use crate::decide::{Stage, malformed};
use crate::effects::Effects;
use crate::odoo::{never, operations};
use crate::operation::{Operation, Operations};
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Snapshot;

/// The effects of a call, from the operations table or an administrator's mapping. In shadow, a method of which nobody has
/// said what it does counts as one that does everything.
pub(crate) fn effects<'c>(
    snapshot: &Snapshot,
    call: &'c Call<'_>,
    shadowed: &mut Shadowed<'_>,
) -> Result<Effects<'c>, Refusal> {
    let (model, method) = (call.model.as_ref(), call.method.as_ref());
    if never::is_private(method) {
        return Err(denied("Private methods cannot be called through the gate."));
    }
    let mapped = snapshot.mapped(model, method);
    let known = operations::method(method).filter(|known| !known.mapped_only || mapped.is_some());
    let open = match (known, mapped) {
        (_, Some(Operations::NONE)) => {
            Err(denied("An administrator has closed this method; the mapping of it would have to change."))
        }
        (None, None) => Err(denied("An administrator would have to map this method to its operations.")),
        _ => Ok(()),
    };
    shadowed.pass(Stage::Method, open)?;
    let mapped = mapped.filter(|operations| !operations.is_empty());
    let mut effects = match known {
        Some(known) => Effects::of_known(call, known).map_err(malformed)?,
        None => Effects::of_mapped(call, mapped.unwrap_or(Operations::of(&Operation::ON_RECORDS))).map_err(malformed)?,
    };
    if let Some(permission) = snapshot.permission(model) {
        effects.clear(&permission.wire.nested_writes);
    }
    effects.own = effects.own.union(mapped.unwrap_or_default());
    if never::is_listed(model, method, effects.own, &snapshot.settings.never_list_exceptions) {
        return Err(denied("It is on the never-list; never_list_exceptions would have to name it."));
    }
    Ok(effects)
}

fn denied(sentence: &'static str) -> Refusal {
    Refusal::explained(Reason::MethodDenied, sentence)
}
