//! Random permissions, and restrictions of keys.

use lictor_policy::call::Call;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{FieldRule, Fields, Permission, Profile, Schema};

use super::names::{long_path, name};
use super::{Choices, fields, is_relation, is_x2many};
use crate::oracle_rules::{CALLED_BY_NAME, Who};

pub(crate) fn permissions(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Vec<Permission> {
    let mut named = vec![model.to_owned()];
    let relations: Vec<String> = fields(schema, model).iter().filter_map(|field| field.relation.clone()).collect();
    if !relations.is_empty() {
        named.extend(c.some(3, |c| c.of(&relations).clone()));
    }
    if c.one_in(4) {
        named.push(c.of(&schema.models).name.clone());
    }
    if c.one_in(30) {
        named.remove(0);
    }
    named.sort();
    named.dedup();
    named.iter().map(|name| permission(c, schema, name)).collect()
}

fn permission(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Permission {
    let operations = match c.below(6) {
        0..4 => Operation::ON_RECORDS.to_vec(),
        4 => vec![Operation::Read, Operation::Write],
        _ => Operation::ON_RECORDS.into_iter().filter(|_| c.one_in(2)).collect(),
    };
    let x2many: Vec<String> =
        fields(schema, model).iter().filter(|field| is_x2many(field.kind)).map(|field| field.name.clone()).collect();
    let calls = [
        "action_do",
        "get_metadata",
        "next_id",
        "message_post",
        "message_post:mail",
        "activity_schedule",
        "write",
        "onchange",
    ];
    Permission {
        profile: Profile::default(),
        model: model.to_owned(),
        operations: Operations::of(&operations),
        groups: [vec![], vec!["g1".to_owned()], vec!["g2".to_owned()]][c.rarely(3)].clone(),
        fields: Fields { read: rule(c, schema, model), write: rule(c, schema, model) },
        calls: if c.one_in(3) { c.some(4, |c| (*c.of(&calls)).to_owned()) } else { vec![] },
        paths: if c.one_in(2) { c.some(3, |c| long_path(c, schema, model)) } else { vec![] },
        nested_writes: if c.one_in(2) && !x2many.is_empty() { c.some(2, |c| c.of(&x2many).clone()) } else { vec![] },
        context: if c.one_in(4) {
            c.some(2, |c| (*c.of(&["active_id", "employee_id", "x_key"])).to_owned())
        } else {
            vec![]
        },
        methods: [].into(),
    }
}

fn rule(c: &mut Choices<'_>, schema: &Schema, model: &str) -> Option<FieldRule> {
    let kind = c.rarely(4).max(c.rarely(4));
    match kind {
        1 => Some(FieldRule::Also(c.some(4, |c| name(c, schema, model)))),
        2 => Some(FieldRule::Hide(c.some(3, |c| name(c, schema, model)))),
        3 => Some(FieldRule::Only(c.some(8, |c| name(c, schema, model)))),
        _ => None,
    }
}

/// What a key, and the never-list, take away or give.
pub(crate) fn restrict(c: &mut Choices<'_>, who: &mut Who, model: &str) {
    if c.one_in(10) {
        who.models = c.some(3, |c| c.of(&who.schema.models).name.clone());
        if !c.one_in(4) && !who.models.is_empty() {
            who.models.push(model.to_owned());
        }
    }
    if c.one_in(10) {
        let scopes: Vec<Operation> = Operation::ALL.into_iter().filter(|_| !c.one_in(3)).collect();
        who.scopes = Operations::of(&scopes);
    }
    if c.one_in(10) {
        let closed = fields(&who.schema, model)
            .iter()
            .filter(|field| is_relation(field.kind))
            .filter_map(|field| field.relation.clone());
        let is_known = |name: &String| who.schema.models.iter().any(|entry| entry.name == *name);
        let closed: Vec<String> = closed.filter(is_known).collect();
        if !closed.is_empty() {
            who.exceptions.push(c.of(&closed).clone());
        }
        if c.one_in(3) {
            who.exceptions.push(format!("{model}.{}", name(c, &who.schema, model)));
        }
    }
}

/// The rules do not say whether a method that stands under `calls` besides wants its operation: such a call may have both.
pub(crate) fn suit(who: &mut Who, call: &Call<'static>) {
    if call.method == "load" {
        // Only a mapping opens it.
        who.methods.insert("load".to_owned(), Operations::of(&[Operation::Write, Operation::Create]));
    }
    if !CALLED_BY_NAME.contains(&call.method.as_ref()) {
        return;
    }
    who.scopes = Operations::NONE;
    for permission in &mut who.permissions {
        if permission.model == call.model {
            permission.operations = permission.operations.union(Operations::of(&[Operation::Read]));
        }
    }
}
