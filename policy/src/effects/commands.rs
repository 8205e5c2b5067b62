//! Commands in fields that hold many records: what they do to the field's model.

use crate::effects::{BadArguments, Beside, Other, Reader, Record, Source, members};
use crate::formats::value::Value;
use crate::operation::Operation::{Create, Delete, Write};
use crate::operation::{Operation, Operations};
use crate::snapshot::field::Field;
use crate::snapshot::model::Seen;
use crate::wire::FieldType;

impl<'c> Reader<'c> {
    /// The value of a field that holds many records: commands, as `Command` of Odoo's `orm/commands.py` numbers them, ids that take
    /// the place of those that are there, or nothing, which takes all out.
    pub(super) fn commands(
        &mut self,
        record: Record<'c>,
        field: &'c Field,
        value: &'c Value<'c>,
    ) -> Result<(), BadArguments> {
        let relation = field.relation.as_deref().ok_or(BadArguments::Command)?;
        let within = self.through(record.model, field, relation);
        let seen = self.schema.model(relation);
        let mut list = List { within, relation, seen, field, source: record.source, reader: self };
        match value {
            Value::Nil | Value::Bool(false) => list.takes_out(),
            Value::Array(items) => items.iter().try_for_each(|item| list.item(item))?,
            _ => return Err(BadArguments::Command),
        }
        Ok(())
    }

    /// What is done through a field: its place in [`crate::effects::Effects::others`].
    pub(super) fn through(&mut self, model: &'c str, field: &'c Field, relation: &'c str) -> usize {
        let through = Some((model, &*field.name));
        let others = &mut self.effects.others;
        let known = others.iter().position(|other| other.through == through);
        known.unwrap_or_else(|| {
            others.push(Other { model: relation, operations: Operations::NONE, through, links: false });
            others.len() - 1
        })
    }

    /// Operations on the model of a field.
    pub(super) fn does(&mut self, within: usize, operations: Operations) {
        if let Some(other) = self.effects.others.get_mut(within) {
            other.operations = other.operations.union(operations);
        }
    }

    /// A record that is there is put into a field: a line is taken from another parent.
    pub(super) fn takes_in(&mut self, within: usize, field: &Field) {
        if field.kind != FieldType::Many2many {
            self.does(within, Operations::of(&[Write]));
        } else if let Some(other) = self.effects.others.get_mut(within) {
            other.links = true;
        }
    }
}

/// A list of commands.
struct List<'r, 'c> {
    reader: &'r mut Reader<'c>,
    /// What is done through the field.
    within: usize,
    relation: &'c str,
    seen: Option<Seen<'c>>,
    field: &'c Field,
    source: Source,
}

impl<'c> List<'_, 'c> {
    fn item(&mut self, item: &'c Value<'c>) -> Result<(), BadArguments> {
        match item {
            Value::Array(command) => self.command(command),
            Value::Struct(_) if self.source == Source::Context => self.makes(item),
            id => {
                self.takes_out();
                self.takes_in(id)
            }
        }
    }

    fn command(&mut self, command: &'c [Value<'c>]) -> Result<(), BadArguments> {
        match command {
            [Value::Int(0), _, values, ..] => self.makes(values),
            [Value::Int(1), id, values, ..] => {
                self.does(Write);
                self.records(id)?;
                self.record(values, false)
            }
            [Value::Int(2), id, ..] => {
                self.does(Delete);
                self.records(id)
            }
            [Value::Int(3), id, ..] => {
                self.takes_out();
                self.records(id)
            }
            [Value::Int(4), id, ..] => self.takes_in(id),
            [Value::Int(5), ..] => {
                self.takes_out();
                Ok(())
            }
            [Value::Int(6), _, ids, ..] => {
                self.takes_out();
                match ids {
                    Value::Nil | Value::Bool(false) => Ok(()),
                    Value::Array(ids) => ids.iter().try_for_each(|id| self.takes_in(id)),
                    _ => Err(BadArguments::Command),
                }
            }
            _ => Err(BadArguments::Command),
        }
    }

    fn does(&mut self, operation: Operation) {
        self.reader.does(self.within, Operations::of(&[operation]));
    }

    fn makes(&mut self, values: &'c Value<'c>) -> Result<(), BadArguments> {
        self.does(Create);
        self.record(values, true)
    }

    /// Values of a record of the field's model.
    fn record(&mut self, values: &'c Value<'c>, creates: bool) -> Result<(), BadArguments> {
        let values_of = members(values).map_err(|_| BadArguments::Command)?;
        let beside = Beside { values: values_of, context: self.reader.call.context(), is_there: !creates };
        let List { relation: model, seen, .. } = *self;
        // Only a default's own list may hold objects: in values Odoo takes none.
        self.reader.record(Record { model, seen, creates, beside, source: Source::Argument }, values)
    }

    /// Records are taken out of the field: a line cannot be without its parent, unless its reference to it is emptied.
    fn takes_out(&mut self) {
        match self.field.kind {
            FieldType::Many2many => {}
            _ if self.field.releases => self.does(Write),
            _ => self.does(Delete),
        }
    }

    fn takes_in(&mut self, id: &Value<'_>) -> Result<(), BadArguments> {
        self.reader.takes_in(self.within, self.field);
        self.records(id)
    }

    /// The record that a command names. Odoo would take some lists and texts for several, which could not be recorded.
    fn records(&mut self, id: &Value<'_>) -> Result<(), BadArguments> {
        let Value::Int(id @ 1..) = id else { return Err(BadArguments::Command) };
        self.reader.effects.nested_ids.push(*id);
        Ok(())
    }
}
