//! Stage 7: the model's permission record must allow what the call does. Deny by default.

use crate::call::Call;
use crate::effects::Effects;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::{Key, Snapshot};

pub(crate) fn check(snapshot: &Snapshot, key: &Key, call: &Call<'_>, effects: &Effects<'_>) -> Result<(), Refusal> {
    let model = call.model.as_ref();
    let denied = |sentence| Refusal::explained(Reason::PermissionDenied, sentence);
    let Some(permission) = snapshot.permission(model) else {
        return Err(denied(format!("A permission for {model} would have to exist.")));
    };
    let permission = &permission.wire;
    if let Some(operation) = effects.own.without(permission.operations).iter().next() {
        return Err(denied(format!("The permission for {model} would have to allow {operation}.")));
    }
    let groups = &permission.groups;
    if !groups.is_empty() && !groups.iter().any(|group| key.user.groups.contains(group)) {
        return Err(denied(format!(
            "The key's user would have to be in a group that the permission for {model} lists."
        )));
    }
    if effects.nested_without_field {
        return Err(Refusal::explained(
            Reason::NestedWriteDenied,
            "An array stands where no field can be listed for it; write the records of the other model by themselves.",
        ));
    }
    if let Some(field) =
        effects.nested_fields.iter().find(|field| !permission.nested_writes.iter().any(|f| f == *field))
    {
        let sentence = format!("The permission for {model} would have to list the field {field} under nested_writes.");
        return Err(Refusal::explained(Reason::NestedWriteDenied, sentence));
    }
    match effects.crosses {
        Some(how) => {
            Err(Refusal::explained(Reason::CrossModelDenied, format!("A path would have to be open, since {how}.")))
        }
        None => Ok(()),
    }
}
