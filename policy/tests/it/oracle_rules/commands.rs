//! Section 5: nested writes.

use lictor_policy::formats::value::Value;
use lictor_policy::odoo::tables;
use lictor_policy::operation::Operation;
use lictor_policy::wire::{Field, FieldType};

use super::reading::has;
use super::{Making, Oracle, Why};

impl Oracle<'_> {
    /// The value of an x2many field. `objects`: whether an object in a list is a create, as in a `default_*` list.
    pub(crate) fn commands(&mut self, model: &str, field: &Field, value: &Value<'static>, objects: bool) {
        match value {
            Value::Nil | Value::Bool(false) => self.takes_out(model, field),
            Value::Array(items) if items.is_empty() => {}
            Value::Array(items) if items.iter().all(is_id) => self.links(model, field),
            Value::Array(items) => items.iter().for_each(|item| self.command(model, field, item, objects)),
            _ => self.lacks(Why::Malformed, model, &field.name),
        }
    }

    fn command(&mut self, model: &str, field: &Field, command: &Value<'static>, objects: bool) {
        if let Value::Struct(values) = command
            && objects
        {
            return self.creates(model, field, values);
        }
        let parts = command.as_array().unwrap_or_default();
        let id = parts.get(1).is_some_and(is_id);
        let (code, parts) = match parts {
            [Value::Int(code), rest @ ..] => (*code, rest),
            _ => return self.lacks(Why::Malformed, model, &field.name),
        };
        match (code, parts) {
            (0, [_, Value::Struct(values)]) => self.creates(model, field, values),
            (1, [_, Value::Struct(values)]) if id => {
                self.counts(model, field, Operation::Write);
                self.values(relation(field), values, Making::Write, None);
            }
            (2, [_] | [_, _]) if id => self.counts(model, field, Operation::Delete),
            (3, [_] | [_, _]) if id => self.takes_out(model, field),
            (4, [_] | [_, _]) if id => self.link(model, field),
            (5, [] | [_] | [_, _]) => self.takes_out(model, field),
            (6, [_, Value::Array(ids)]) if ids.is_empty() => self.takes_out(model, field),
            (6, [_, Value::Array(ids)]) if ids.iter().all(is_id) => self.links(model, field),
            // "Any other: another code, one that is no integer, an id that is no single positive integer, an object."
            _ => self.lacks(Why::Malformed, model, &field.name),
        }
    }

    /// "`[0,_,v]`: create, `v` by that model's write rule."
    fn creates(&mut self, model: &str, field: &Field, values: &Vec<(std::borrow::Cow<'static, str>, Value<'static>)>) {
        self.counts(model, field, Operation::Create);
        self.values(relation(field), values, Making::Create, field.relation_field.as_deref());
    }

    /// "`[3,id]`, `[5]`, `false`, null, `[6,_,[]]`: delete; write where the table says that the inverse does not cascade. many2many: the
    /// link: the field itself must be open."
    fn takes_out(&mut self, model: &str, field: &Field) {
        if field.kind == FieldType::One2many {
            let released = tables::is_released(relation(field), field.relation_field.as_deref().unwrap_or_default());
            self.counts(model, field, if released { Operation::Write } else { Operation::Delete });
        }
    }

    /// "`[4,id]`: write (it takes the child from another parent). many2many: the link." "A link into a closed model (but `res.users`) is
    /// refused."
    pub(crate) fn link(&mut self, model: &str, field: &Field) {
        if field.kind == FieldType::One2many {
            self.counts(model, field, Operation::Write);
        } else if self.closed(relation(field)).is_some() && relation(field) != "res.users" {
            self.lacks(Why::Nested, model, &field.name);
        }
    }

    /// "`[6,_,ids]`, flat ids: write, and the row of 3."
    fn links(&mut self, model: &str, field: &Field) {
        self.link(model, field);
        self.takes_out(model, field);
    }

    /// "It counts on the field's model. `nested_writes: [field]` allows the right column whatever the field model's own permission says;
    /// its closed fields stay closed and scopes count."
    pub(crate) fn counts(&mut self, model: &str, field: &Field, operation: Operation) {
        let other = relation(field);
        self.scope(other, operation);
        let through = self.permission(model).is_some_and(|found| has(&found.nested_writes, &field.name));
        let allowed = through || self.permits(other, operation);
        if !self.is_of_the_key(other) {
            self.lacks(Why::Model, other, "");
        }
        if !allowed || self.closed(other).is_some() {
            self.lacks(Why::Nested, model, &field.name);
        }
    }
}

fn relation(field: &Field) -> &str {
    field.relation.as_deref().unwrap_or_default()
}

fn is_id(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(id) if *id > 0)
}
