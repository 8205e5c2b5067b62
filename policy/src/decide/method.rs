//! Between the stages: what the method does. A method that cannot be judged is refused.

use crate::call::Call;
use crate::decide::access::Access;
use crate::decide::shadow::Shadowed;
use crate::decide::{Stage, malformed};
use crate::effects::Effects;
use crate::odoo::{never, operations};
use crate::operation::Operations;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Permission;

/// The effects of a call: from the operations table, as what a permission lists under `calls`, or from an administrator's mapping.
pub(crate) fn effects<'c>(
    access: &Access<'c>,
    call: &'c Call<'c>,
    shadowed: &mut Shadowed<'_>,
) -> Result<Effects<'c>, Refusal> {
    let (model, method) = (call.model.as_ref(), call.method.as_ref());
    if never::is_private(method) {
        return Err(denied("Private methods cannot be called through the gate."));
    }
    let settings = &access.snapshot.settings;
    let exceptions = &settings.never_list_exceptions;
    let permission = access.record(model);
    // The model's own mapping before the general one.
    let own = permission.and_then(|permission| permission.mapped(method));
    let mapped = own.or_else(|| settings.wire.methods.get(method).copied());
    let is_closed = mapped == Some(Operations::NONE);
    let closed = || denied("An administrator has closed this method; the mapping of it would have to change.");
    shadowed.pass(Stage::Method, if is_closed { Err(closed()) } else { Ok(()) })?;
    let mapped = mapped.filter(|_| !is_closed);
    let puts_file = model == "ir.attachment" && method == "create" && !exceptions.contains(model);
    let known = operations::method(method).filter(|known| !puts_file && (!known.mapped_only || mapped.is_some()));
    let lists = |permission: &Permission| permission.wire.calls.iter().any(|name| name == method);
    let is_called = permission.is_some_and(lists);
    let mut effects = match (known, mapped) {
        (Some(known), _) => Effects::of_known(call, known, access.schema),
        (None, Some(operations)) if !is_called => Effects::of_mapped(call, operations, access.schema),
        _ => Effects::of_listed(call, access.schema),
    }
    .map_err(malformed)?;
    if known.is_some() {
        effects.own = effects.own.union(mapped.unwrap_or_default());
    }
    if !puts_file && never::is_listed(model, method, effects.own, exceptions) {
        return Err(denied("It is on the never-list; never_list_exceptions would have to name it."));
    }
    Ok(effects)
}

fn denied(sentence: &'static str) -> Refusal {
    Refusal::explained(Reason::MethodDenied, sentence)
}
