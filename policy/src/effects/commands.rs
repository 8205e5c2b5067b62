//! Values of records, and the commands in them that write, create and delete records of other models.

use crate::effects::{BadArguments, Effects};
use crate::formats::value::Value;
use crate::operation::Operation::{Create, Delete, Write};
use crate::operation::Operations;

const WRITE: Operations = Operations::of(&[Write]);
const CREATE: Operations = Operations::of(&[Create]);
const DELETE: Operations = Operations::of(&[Delete]);
const WRITE_CREATE: Operations = Operations::of(&[Write, Create]);
const WRITE_DELETE: Operations = Operations::of(&[Write, Delete]);

/// Where values stand: objects in a list of a `default_*` key are records to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Argument,
    Context,
}

impl<'c> Effects<'c> {
    /// Values of one record: an array in a field writes through it.
    pub(crate) fn values(&mut self, value: &'c Value<'_>) -> Result<(), BadArguments> {
        match value {
            Value::Struct(members) => {
                members.iter().try_for_each(|(field, value)| self.field(field, value, Source::Argument))
            }
            Value::Array(_) => {
                self.nested_without_field = true;
                self.anything(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn field(&mut self, field: &'c str, value: &Value<'_>, source: Source) -> Result<(), BadArguments> {
        if holds_array(value) {
            self.nested_fields.insert(field);
        } else if holds_definitions(value) {
            self.loaded(field);
        } else if is_empty(value) && source == Source::Argument {
            self.emptied.push(field);
        }
        self.inner(value, source)
    }

    /// A field whose text creates or writes records of another model.
    pub(crate) fn loaded(&mut self, field: &'c str) {
        self.nested_fields.insert(field);
        self.nest(WRITE_CREATE);
    }

    fn nest(&mut self, operations: Operations) {
        self.nested = self.nested.union(operations);
    }

    /// The value of one field.
    fn inner(&mut self, value: &Value<'_>, source: Source) -> Result<(), BadArguments> {
        match value {
            Value::Array(items) => self.commands(items, source),
            // A value of properties, or JSON.
            Value::Struct(_) => {
                self.anything(value);
                Ok(())
            }
            text => {
                if holds_definitions(text) {
                    self.nest(WRITE_CREATE);
                }
                Ok(())
            }
        }
    }

    /// A list in a field: commands, or ids that take the place of those that are there.
    fn commands(&mut self, items: &[Value<'_>], source: Source) -> Result<(), BadArguments> {
        for item in items {
            match item {
                Value::Array(command) => self.command(command, source)?,
                Value::Struct(_) if source == Source::Context => {
                    self.nest(CREATE);
                    self.record(item, source)?;
                }
                // The definition of a property.
                Value::Struct(members) => {
                    if members.iter().any(|(name, _)| name == "definition_changed") {
                        self.nest(WRITE_CREATE);
                    }
                    self.anything(item);
                }
                id => {
                    self.nest(WRITE_DELETE);
                    self.name(id)?;
                }
            }
        }
        Ok(())
    }

    /// One command, as `Command` of Odoo's `orm/commands.py` numbers them. Python takes `false` and `0.0` for 0, and so on.
    /// It deletes by 3, 5 and 6 where the other model cannot be without its parent, which only Odoo knows.
    fn command(&mut self, command: &[Value<'_>], source: Source) -> Result<(), BadArguments> {
        match (command.first().and_then(code).ok_or(BadArguments::Command)?, command) {
            (0, [_, _, values, ..]) => {
                self.nest(CREATE);
                self.record(values, source)
            }
            (1, [_, id, values, ..]) => {
                self.nest(WRITE);
                self.name(id)?;
                self.record(values, source)
            }
            (2 | 3, [_, id, ..]) => {
                self.nest(DELETE);
                self.name(id)
            }
            (4, [_, id, ..]) => {
                self.nest(WRITE);
                self.name(id)
            }
            (5, _) => {
                self.nest(DELETE);
                Ok(())
            }
            (6, [_, _, ids, ..]) => {
                self.nest(DELETE);
                match ids {
                    Value::Nil | Value::Bool(false) => Ok(()),
                    Value::Array(ids) if ids.is_empty() => Ok(()),
                    Value::Array(ids) => {
                        self.nest(WRITE_DELETE);
                        ids.iter().try_for_each(|id| self.name(id))
                    }
                    id => {
                        self.nest(WRITE_DELETE);
                        self.name(id)
                    }
                }
            }
            _ => Err(BadArguments::Command),
        }
    }

    /// Values of a record of another model.
    fn record(&mut self, values: &Value<'_>, source: Source) -> Result<(), BadArguments> {
        match values {
            Value::Struct(members) => members.iter().try_for_each(|(_, value)| self.inner(value, source)),
            // PHP's empty object.
            Value::Array(items) if items.is_empty() => Ok(()),
            _ => Err(BadArguments::Command),
        }
    }

    /// The record that a command names. Odoo would take some lists and texts for several, which could not be recorded.
    fn name(&mut self, id: &Value<'_>) -> Result<(), BadArguments> {
        match id {
            Value::Int(id @ 1..) => {
                self.nested_ids.push(*id);
                Ok(())
            }
            _ => Err(BadArguments::Command),
        }
    }

    /// Arrays of which nobody has said what they are, at any depth. One that begins with a number counts as the command of
    /// that code, and, if there are only numbers in it, as ids too.
    pub(crate) fn anything(&mut self, value: &Value<'_>) {
        match value {
            Value::Array(items) => {
                match (items.first().and_then(code), items.as_slice()) {
                    (None, _) => {}
                    (Some(_), numbers) if numbers.iter().all(|item| code(item).is_some()) => {
                        self.nest(WRITE_DELETE);
                        self.nested_ids.extend(numbers.iter().filter_map(code));
                    }
                    (Some(0), _) => self.nest(CREATE),
                    (Some(1 | 4), _) => self.nest(WRITE),
                    (Some(_), _) => self.nest(DELETE),
                }
                if let [_, Value::Int(id), ..] = items.as_slice() {
                    self.nested_ids.push(*id);
                }
                items.iter().for_each(|item| self.anything(item));
            }
            Value::Struct(members) => members.iter().for_each(|(_, value)| self.anything(value)),
            _ => {}
        }
    }
}

/// The code of a command.
fn code(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Double(digits) | Value::Decimal(digits) => (0..=6).find(|number| digits.parse() == Ok(*number as f64)),
        _ => None,
    }
}

/// Whether a value clears a field that holds many records.
const fn is_empty(value: &Value<'_>) -> bool {
    matches!(value, Value::Nil | Value::Bool(false))
}

fn holds_array(value: &Value<'_>) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Struct(members) => members.iter().any(|(_, value)| holds_array(value)),
        _ => false,
    }
}

/// Whether a text is what Odoo reads as a list of property definitions, with which a record's value can rewrite the
/// definitions of all records. Python reads more as JSON than others do, so its beginning decides.
pub(crate) fn holds_definitions(value: &Value<'_>) -> bool {
    let white = [' ', '\t', '\n', '\r'];
    let list = value.as_str().and_then(|text| text.trim_start_matches(white).strip_prefix('['));
    list.is_some_and(|items| items.trim_start_matches(white).starts_with('{'))
}
