//! Storey 8: what a call does: its operations, its records, and all that it names of Odoo's models.
//!
//! Nothing here depends on permissions: what a call needs is the same whoever makes it.

mod bad;
mod commands;
mod context;
mod domain;
mod forms;
mod lists;
pub mod outline;
mod values;

use std::borrow::Cow;

use crate::call::Call;
use crate::formats::value::{Members, Value};
use crate::odoo::operations::{Kind, Method, Param, keyword};
use crate::operation::{Operation, Operations};
use crate::records::{MAX_READ, Recorded};
use crate::snapshot::Schema;
use crate::snapshot::field::Field;
use crate::snapshot::model::Seen;

pub use crate::effects::bad::BadArguments;
pub use crate::effects::domain::OPERATORS;
pub(crate) use crate::effects::lists::joined;

use crate::effects::domain::Place;

/// What a call does, and what it needs for that.
#[derive(Debug, Default)]
pub struct Effects<'c> {
    /// To the records of its model: what the model's permission must allow.
    pub own: Operations,
    /// The ids that the call names, of records of its model.
    pub record_ids: Vec<i64>,
    /// The ids that commands in values name, of records of other models.
    pub nested_ids: Vec<i64>,
    /// How many records of its model the call makes, as far as that is known.
    pub created: usize,
    /// What a permission must list under `calls`.
    pub calls: Vec<Listed<'c>>,
    /// The fields that it reads, or compares with something.
    pub reads: Vec<Read<'c>>,
    /// The fields that it writes, of other models too.
    pub writes: Vec<Write<'c>>,
    /// What it does to other models.
    pub others: Vec<Other<'c>>,
    /// Keys of the context that are not open in every call.
    pub context: Vec<&'c str>,
    /// What is forwarded otherwise than it came.
    pub rewrite: Rewrite<'c>,
}

/// A method or an argument, and the model whose permission must list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'c> {
    /// The model.
    pub model: &'c str,
    /// The name that must stand under `calls`.
    pub name: &'c str,
}

/// A field that is read, by its path from the call's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<'c> {
    /// Such as `name` or `partner_id.country_id`.
    pub path: Cow<'c, str>,
    /// How it is looked for, if it is.
    pub by: By,
}

/// How a field is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By a value of its own, or not at all.
    Value,
    /// By a text: of a relation and of `display_name`, Odoo looks into the fields that make a name.
    Name,
    /// By a text, with all that is above or below in a tree: of `id` too, Odoo looks into the fields that make a name.
    NameInTree,
}

/// A field that is written.
#[derive(Clone, Debug)]
pub struct Write<'c> {
    /// The record's model.
    pub model: &'c str,
    /// The field.
    pub field: &'c str,
    /// Whether the schema has the model.
    pub is_known: bool,
    /// What the schema has of the field.
    pub found: Option<&'c Field>,
    /// Its value; `None` where it is not known.
    pub value: Option<&'c Value<'c>>,
    /// What else is set: values of the same record, and `default_*` keys without their beginning.
    pub beside: Beside<'c>,
    /// Whether the record is made.
    pub creates: bool,
}

/// Values of one record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'c> {
    values: &'c [(Cow<'c, str>, Value<'c>)],
    context: &'c [(Cow<'c, str>, Value<'c>)],
    /// Whether the record has already what is not set: it is there, or is a copy.
    is_there: bool,
}

/// What a call does to another model.
#[derive(Clone, Debug)]
pub struct Other<'c> {
    /// The model.
    pub model: &'c str,
    /// What it does.
    pub operations: Operations,
    /// The model and the field through which it does it; `None` for a record that the call names otherwise.
    pub through: Option<(&'c str, &'c str)>,
    /// Whether it links records to the field that are there already.
    pub links: bool,
}

/// What is forwarded otherwise than it came.
#[derive(Debug, Default)]
pub struct Rewrite<'c> {
    /// The parameter of the method that would list fields and lists none.
    pub list: Option<&'static Param>,
    /// Keys of the context that are left out.
    pub left_out: Vec<&'c str>,
    /// Whether files are to be stored as text where they could be code.
    pub plain_files: bool,
}

/// Reads a call.
pub(crate) struct Reader<'c> {
    schema: Schema<'c>,
    call: &'c Call<'c>,
    effects: Effects<'c>,
}

/// Where a record's values stand.
#[derive(Clone, Copy)]
struct Record<'c> {
    model: &'c str,
    /// What the schema has of the model, which is looked up once for all values of a list.
    seen: Option<Seen<'c>>,
    creates: bool,
    beside: Beside<'c>,
    source: Source,
}

/// Where values stand: objects in a list of a `default_*` key are records to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Argument,
    Context,
}

impl<'c> Effects<'c> {
    /// Reads a call of a method in the operations table.
    ///
    /// # Errors
    /// Arguments that are not the method's: what cannot be understood cannot be judged.
    pub fn of_known(call: &'c Call<'c>, method: &'static Method, schema: Schema<'c>) -> Result<Self, BadArguments> {
        domain::keeps_to_access_rules(call, false)?;
        let mut reader = Reader::of(call, schema, method.operations);
        let mut positional = call.args.as_slice();
        if method.ids {
            let [ids, rest @ ..] = positional else { return Err(BadArguments::NoIds) };
            reader.effects.record_ids = record_ids(ids).ok_or(BadArguments::Ids)?;
            if method.name == "web_save" && reader.effects.record_ids.is_empty() {
                reader.effects.own = Operations::of(&[Operation::Read, Operation::Create]);
            }
            positional = rest;
        }
        if positional.len() > method.params.len() {
            return Err(BadArguments::TooMany(method));
        }
        let mut given: Vec<&Param> = Vec::with_capacity(method.params.len());
        for (param, value) in method.params.iter().zip(positional) {
            given.push(param);
            reader.argument(param, value).map_err(|problem| problem.of(param))?;
        }
        for (name, value) in &call.kwargs {
            if name == "context" {
                continue;
            }
            let param = keyword(method.params, name).ok_or(BadArguments::Keyword(method))?;
            if given.contains(&param) {
                return Err(BadArguments::Twice(param));
            }
            given.push(param);
            reader.argument(param, value).map_err(|problem| problem.of(param))?;
        }
        for param in method.params.iter().filter(|param| !given.contains(param)) {
            if let Kind::Fields | Kind::WrittenField = param.kind {
                reader.argument(param, &Value::Nil)?;
            }
        }
        // Of no records nothing is read, and a body that is empty can stay so.
        if method.ids && reader.effects.record_ids.is_empty() {
            reader.effects.rewrite.list = None;
        }
        if method.crosses {
            reader.effects.calls.push(Listed { model: &call.model, name: method.name });
        }
        reader.effects.created = match method.name {
            "create" | "load" => reader.effects.created,
            "copy" => reader.effects.record_ids.len(),
            _ => usize::from(reader.creates()),
        };
        reader.context()?;
        Ok(reader.effects)
    }

    /// Reads a call of a method that an administrator mapped: nothing is known of its arguments.
    ///
    /// # Errors
    /// A condition that steps over Odoo's access rules, and values in the context that are none.
    pub fn of_mapped(call: &'c Call<'c>, operations: Operations, schema: Schema<'c>) -> Result<Self, BadArguments> {
        domain::keeps_to_access_rules(call, true)?;
        let mut reader = Reader::of(call, schema, operations);
        reader.effects.record_ids = call.args.first().map(possible_ids).unwrap_or_default();
        if reader.creates() && reader.effects.record_ids.is_empty() {
            // How many is not known; the answer's first numbers may be theirs.
            reader.effects.created = MAX_READ;
        }
        if arguments(call).any(is_deep) {
            // It may be anything, commands too.
            reader.effects.calls.push(Listed { model: &call.model, name: &call.method });
        }
        reader.context()?;
        Ok(reader.effects)
    }

    /// Reads a call of a method that a permission may list: it may do anything. Some have a safe form that wants less.
    ///
    /// # Errors
    /// A condition that steps over Odoo's access rules, and arguments that are not those of the form.
    pub fn of_listed(call: &'c Call<'c>, schema: Schema<'c>) -> Result<Self, BadArguments> {
        domain::keeps_to_access_rules(call, true)?;
        let mut reader = Reader::of(call, schema, Operations::of(&[Operation::Call]));
        reader.form()?;
        reader.context()?;
        Ok(reader.effects)
    }

    /// What it does to records of other models.
    pub fn nested(&self) -> Operations {
        self.others.iter().fold(Operations::NONE, |all, other| all.union(other.operations))
    }

    /// All that it does.
    pub fn all(&self) -> Operations {
        self.own.union(self.nested())
    }

    /// The records that it names, as they are recorded.
    pub fn recorded(&self) -> Recorded {
        let changes = !self.changes().is_empty();
        Recorded { created: self.created, ..Recorded::of(&self.record_ids, &self.nested_ids, changes) }
    }

    /// What it does to records that are there already.
    pub fn changes(&self) -> Operations {
        self.all().without(Operations::of(&[Operation::Read, Operation::Create]))
    }
}

impl<'c> Reader<'c> {
    fn of(call: &'c Call<'c>, schema: Schema<'c>, own: Operations) -> Self {
        Self { schema, call, effects: Effects { own, ..Effects::default() } }
    }

    /// Whether the call makes records of its model.
    fn creates(&self) -> bool {
        self.effects.own.contains(Operation::Create)
    }

    fn argument(&mut self, param: &'static Param, value: &'c Value<'c>) -> Result<(), BadArguments> {
        let place = Place::Param(param.name);
        match param.kind {
            Kind::Plain => Ok(()),
            Kind::Domain => self.domain(value, "", &place),
            Kind::Having => self.having(value, &place),
            Kind::Operator => domain::operator(value, &place),
            Kind::Names => self.names(value),
            Kind::Fields if is_absent(value) => {
                self.effects.rewrite.list = Some(param);
                Ok(())
            }
            Kind::Fields | Kind::Paths => self.paths(value),
            Kind::Groups => self.groups(value),
            Kind::Aggregates => self.aggregates(value),
            Kind::Order => self.order(value, ""),
            Kind::Specification => self.specification(value, ""),
            Kind::GroupSpecification => self.group_specification(value),
            Kind::ProgressBar => self.progress_bar(value),
            Kind::WrittenField => self.written_field(value),
            Kind::Values => self.values(value),
            Kind::Columns => self.columns(value),
            Kind::Rows => self.rows(value),
            Kind::Cross if is_absent(value) => Ok(()),
            Kind::Cross => {
                self.effects.calls.push(Listed { model: &self.call.model, name: param.name });
                Ok(())
            }
        }
    }
}

impl<'c> Beside<'c> {
    /// Whether nothing will stand in a field: nothing is set, or emptiness is.
    pub fn leaves_empty(&self, field: &str) -> bool {
        let is_empty = |value: &Value<'_>| matches!(value, Value::Nil | Value::Bool(false) | Value::Int(0));
        let set = self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value);
        let default = || self.context.iter().find(|(name, _)| name.strip_prefix("default_") == Some(field));
        set.or_else(|| Some(&default()?.1)).map_or(!self.is_there, is_empty)
    }
}

/// Whether an argument is as good as not given.
fn is_absent(value: &Value<'_>) -> bool {
    match value {
        Value::Nil | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Struct(members) => members.is_empty(),
        _ => false,
    }
}

fn is_scalar(value: &Value<'_>) -> bool {
    !matches!(value, Value::Array(_) | Value::Struct(_))
}

/// Whether more than a value, or a flat list or struct of values, stands in an argument.
fn is_deep(value: &Value<'_>) -> bool {
    match value {
        Value::Array(items) => !items.iter().all(is_scalar),
        Value::Struct(members) => !members.iter().all(|(_, value)| is_scalar(value)),
        _ => false,
    }
}

/// Whether a value may hold what a browser takes for a tag.
pub(crate) fn has_tags(value: &Value<'_>) -> bool {
    match value {
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Decimal(_) => false,
        value => value.as_str().is_none_or(|text| text.contains('<')),
    }
}

/// All arguments but the context.
fn arguments<'c>(call: &'c Call<'c>) -> impl Iterator<Item = &'c Value<'c>> {
    let keywords = call.kwargs.iter().filter(|(name, _)| name != "context").map(|(_, value)| value);
    call.args.iter().chain(keywords)
}

/// The members of a struct; PHP cannot tell `[]` from `{}`.
fn members<'c>(value: &'c Value<'c>) -> Result<&'c Members<'c>, BadArguments> {
    const NONE: &Members<'_> = &Vec::new();
    match value {
        Value::Struct(members) => Ok(members),
        Value::Array(items) if items.is_empty() => Ok(NONE),
        _ => Err(BadArguments::Shape),
    }
}

/// One whole number, or a list of them. Odoo takes a bare 0 for no record.
fn record_ids(value: &Value<'_>) -> Option<Vec<i64>> {
    let id = |value: &Value<'_>| if let Value::Int(id) = value { Some(*id) } else { None };
    match value {
        Value::Array(ids) => ids.iter().map(id).collect(),
        Value::Int(0) => Some(Vec::new()),
        one => id(one).map(|id| vec![id]),
    }
}

/// The ids that the first argument of a mapped method may be. Odoo makes a tuple of whatever stands there, and PostgreSQL
/// takes digits for a number: of a text each character is an id, of an object each name.
fn possible_ids(value: &Value<'_>) -> Vec<i64> {
    let digits = |text: &str| text.trim().parse().ok();
    let one = |value: &Value<'_>| match value {
        Value::Int(id) => Some(*id),
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Double(text) => text.parse().ok().filter(|id: &f64| id.fract() == 0.0).map(|id| id as i64),
        Value::String(text) => digits(text),
        _ => None,
    };
    match value {
        Value::Int(0) | Value::Bool(_) => Vec::new(),
        Value::Array(items) => items.iter().filter_map(one).collect(),
        Value::Struct(members) => members.iter().filter_map(|(name, _)| digits(name)).collect(),
        Value::String(text) => text.chars().filter_map(|digit| digit.to_digit(10).map(i64::from)).collect(),
        other => one(other).into_iter().collect(),
    }
}
