//! Stages 5 to 7: the key's scopes, the key's models, and the permissions. All that a call lacks is found at once.

use crate::call::Call;
use crate::decide::access::Access;
use crate::decide::lack::Lack;
use crate::effects::{Effects, Listed, Other};
use crate::odoo::{calls, never, tables};
use crate::operation::{Operation, Operations};

const READ: Operations = Operations::of(&[Operation::Read]);

/// All that the call lacks, in the order of the stages.
pub(crate) fn lacks(access: &Access<'_>, call: &Call<'_>, effects: &Effects<'_>) -> Vec<Lack> {
    let mut all = Lacks(Vec::new());
    for Listed { model, name } in &effects.calls {
        all.check(listed_under_calls(access, model, name));
    }
    let scopes = access.key.wire.scopes;
    let missing = effects.all().without(scopes);
    if !scopes.is_empty() && !missing.is_empty() {
        all.0.push(Lack::Scopes(missing));
    }
    let listed = effects.calls.iter().map(|listed| listed.model);
    let is_of_a_key = |other: &&Other<'_>| {
        !other.operations.is_empty() && (other.operations != READ || !tables::is_reference_data(other.model))
    };
    let others = effects.others.iter().filter(is_of_a_key).map(|other| other.model);
    for model in
        std::iter::once(call.model.as_ref()).filter(|_| !is_of_other_models(call, effects)).chain(listed).chain(others)
    {
        all.check(if access.is_listed(model) { Ok(()) } else { Err(Lack::KeyModel(model.to_owned())) });
    }
    if !is_of_other_models(call, effects) {
        all.operations(access, &call.model, effects.own.without(Operations::of(&[Operation::Call])));
    }
    for read in &effects.reads {
        let lacks = access.reads(&call.model, &read.path, read.by).err();
        lacks.into_iter().flatten().for_each(|lack| all.note(lack));
    }
    for other in &effects.others {
        all.check(reaches(access, other));
    }
    let own = access.permission(&call.model);
    // Values of a record, and records of a list, stand together: their permission is looked up once.
    let mut of = (call.model.as_ref(), own);
    for write in &effects.writes {
        if of.0 != write.model {
            of = (write.model, access.permission(write.model));
        }
        all.check(access.writes(write, of.1));
    }
    let open = own.map(|permission| permission.wire.context.as_slice()).unwrap_or_default();
    for key in effects.context.iter().filter(|key| !open.iter().any(|open| open == *key)) {
        all.check(Err(Lack::Context { model: call.model.to_string(), key: (*key).to_owned() }));
    }
    all.0
}

/// Whether only the permissions of other models decide: of those that files are put on.
fn is_of_other_models(call: &Call<'_>, effects: &Effects<'_>) -> bool {
    !effects.calls.is_empty() && effects.calls.iter().all(|listed| listed.model != call.model)
}

struct Lacks(Vec<Lack>);

impl Lacks {
    fn check(&mut self, checked: Result<(), Lack>) {
        if let Err(lack) = checked {
            self.note(lack);
        }
    }

    /// Notes what is lacking, once.
    fn note(&mut self, lack: Lack) {
        if !self.0.contains(&lack) {
            self.0.push(lack);
        }
    }

    fn operations(&mut self, access: &Access<'_>, model: &str, needed: Operations) {
        let permission = access.record(model);
        let allowed = permission.map_or(Operations::NONE, |permission| permission.wire.operations);
        let (operations, exists) = (needed.without(allowed), permission.is_some());
        if !operations.is_empty() {
            self.note(Lack::Operations { model: model.to_owned(), operations, exists });
        }
        if permission.is_some_and(|permission| !access.fits(permission)) {
            self.note(Lack::Groups(model.to_owned()));
        }
    }
}

fn listed_under_calls(access: &Access<'_>, model: &str, name: &str) -> Result<(), Lack> {
    if name == calls::ATTACH && tables::closed(model).is_some() && !access.is_excepted(model) {
        return Err(Lack::Closed(model.to_owned()));
    }
    let permission = access.record(model);
    // Who may mail may also not mail.
    let opens = |listed: &String| listed == name || listed.strip_suffix(":mail") == Some(name);
    match permission {
        Some(permission) if !access.fits(permission) => Err(Lack::Groups(model.to_owned())),
        Some(permission) if permission.wire.calls.iter().any(opens) => Ok(()),
        _ => Err(Lack::Listed { model: model.to_owned(), name: name.to_owned() }),
    }
}

/// What the call does to another model: by that model's own permission, or through a field that is listed for it.
fn reaches(access: &Access<'_>, other: &Other<'_>) -> Result<(), Lack> {
    let Other { model, operations, through, links, .. } = *other;
    let exceptions = &access.snapshot.settings.never_list_exceptions;
    if (!operations.is_empty() && never::is_closed(model, operations, exceptions))
        || (links && !tables::takes_links(model) && !access.is_excepted(model))
    {
        return Err(Lack::Closed(model.to_owned()));
    }
    let permission = access.permission(model);
    let missing = operations.without(permission.map_or(Operations::NONE, |permission| permission.wire.operations));
    if missing.is_empty() || (operations == READ && tables::is_reference_data(model)) {
        return Ok(());
    }
    let Some((parent, field)) = through else { return Err(Lack::Named(model.to_owned())) };
    let lists = access.permission(parent).is_some_and(|of| of.wire.nested_writes.iter().any(|listed| listed == field));
    if lists {
        return Ok(());
    }
    Err(Lack::Nested {
        model: parent.to_owned(),
        field: field.to_owned(),
        other: model.to_owned(),
        operations: missing,
    })
}
