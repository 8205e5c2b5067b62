//! What a call does: its operations, its records, and how it reaches other models.

use std::collections::BTreeSet;

use crate::call::Call;
use crate::operation::{Operation, Operations};
use crate::operations::{Kind, Method, Param};
use crate::value::Value;

mod bad;
mod paths;

pub use bad::BadArguments;

/// How many record ids an audit record keeps.
pub const MAX_RECORD_IDS: usize = 100;

/// Keys of the context that add fields of a record to its name, and so to every reference to it: read in Odoo's
/// `_compute_display_name` methods.
pub const TELLING: &[&str] = &[
    "hr_timesheet_display_remaining_hours",
    "name_with_seats_availability",
    "sale_show_partner_name",
    "show_address",
    "show_email",
    "show_partner_name",
    "show_total_amount",
    "show_vat",
];

/// What a call does.
#[derive(Debug, Default)]
pub struct Effects<'c> {
    /// To the model's own records: what the permission must allow.
    pub own: Operations,
    /// To records of other models, through commands in values: the scope must allow them too.
    pub nested: Operations,
    /// The first ids that the call names.
    pub record_ids: Vec<i64>,
    /// Fields whose values hold arrays: each must be listed under `nested_writes`.
    pub nested_fields: BTreeSet<&'c str>,
    /// Whether an array stands where no field can be named for it: never allowed.
    pub nested_without_field: bool,
    /// How the call reads other models, if it does.
    pub crosses: Option<&'static str>,
}

impl<'c> Effects<'c> {
    /// Reads a call of a method in the operations table.
    ///
    /// # Errors
    /// Arguments that are not the method's: what cannot be understood cannot be judged.
    pub fn of_known(call: &'c Call<'_>, method: &'static Method) -> Result<Self, BadArguments> {
        let mut effects = Self { own: method.operations, ..Self::default() };
        let mut positional = call.args.as_slice();
        if method.ids {
            let [ids, rest @ ..] = positional else { return Err(BadArguments::NoIds) };
            effects.record_ids = record_ids(ids).ok_or(BadArguments::Ids)?;
            let creates = method.name == "web_save" && effects.record_ids.is_empty();
            if creates {
                effects.own = Operations::of(&[Operation::Read, Operation::Create]);
            }
            positional = rest;
        }
        if positional.len() > method.params.len() {
            return Err(BadArguments::TooMany(method));
        }
        for (param, value) in method.params.iter().zip(positional) {
            effects.argument(param.kind, value).map_err(|problem| problem.of(param))?;
        }
        let unset = method.params.get(positional.len()..).unwrap_or_default();
        let mut given = BTreeSet::new();
        for (name, value) in &call.kwargs {
            if name == "context" {
                continue;
            }
            let param = keyword(unset, name).ok_or_else(|| match keyword(method.params, name) {
                Some(param) => BadArguments::Twice(param),
                None => BadArguments::Keyword(method),
            })?;
            if !given.insert(param.name) {
                return Err(BadArguments::Twice(param));
            }
            effects.argument(param.kind, value).map_err(|problem| problem.of(param))?;
        }
        if method.crosses {
            effects.crosses = Some("the method reads other models");
        }
        effects.context(call, method.name);
        Ok(effects)
    }

    /// Reads a call of a method that an administrator mapped: nothing is known of its arguments.
    pub fn of_mapped(call: &'c Call<'_>, operations: Operations) -> Self {
        let mut effects = Self { own: operations, ..Self::default() };
        effects.record_ids = call.args.first().and_then(record_ids).unwrap_or_default();
        let keywords = call.kwargs.iter().filter(|(name, _)| name != "context").map(|(_, value)| value);
        for value in call.args.iter().chain(keywords) {
            match value {
                Value::Struct(_) => effects.values(value),
                Value::Array(items) if items.iter().any(|item| !is_scalar(item)) => {
                    effects.nested_without_field = true;
                    effects.commands(value);
                }
                _ => {}
            }
        }
        effects.context(call, &call.method);
        effects
    }

    fn argument(&mut self, kind: Kind, value: &'c Value<'_>) -> Result<(), BadArguments> {
        let crosses = match kind {
            Kind::Plain => None,
            Kind::Domain => paths::domain(value)?,
            Kind::Paths | Kind::Order => paths::paths(value)?,
            Kind::Specification => paths::specification(value)?,
            Kind::ProgressBar => paths::progress_bar(value)?,
            Kind::Cross => (!paths::is_absent(value)).then_some("an argument reads other models"),
            Kind::Values => {
                match value {
                    Value::Array(list) => list.iter().for_each(|item| self.values(item)),
                    Value::Struct(_) => self.values(value),
                    Value::Nil | Value::Bool(false) => {}
                    _ => return Err(BadArguments::Shape),
                }
                None
            }
            Kind::Columns => {
                self.columns(value)?;
                None
            }
            Kind::Rows => {
                self.rows(value)?;
                None
            }
        };
        self.crosses = self.crosses.or(crosses);
        Ok(())
    }

    /// Values of one record: an array in a field writes through it.
    fn values(&mut self, value: &'c Value<'_>) {
        match value {
            Value::Struct(members) => {
                for (field, value) in members {
                    self.field(field, value);
                }
            }
            Value::Array(_) => {
                self.nested_without_field = true;
                self.commands(value);
            }
            _ => {}
        }
    }

    fn field(&mut self, field: &'c str, value: &Value<'_>) {
        if holds_array(value) {
            self.nested_fields.insert(field);
            self.commands(value);
        } else if holds_definitions(value) {
            self.loaded(field);
        }
    }

    /// A field whose text creates or writes records of another model.
    fn loaded(&mut self, field: &'c str) {
        self.nested_fields.insert(field);
        self.nested = self.nested.union(Operations::of(&[Operation::Write, Operation::Create]));
    }

    /// Odoo takes `a/b`, `a.id` and `a:id` for a field of another model; `.id` alone is the record's own id.
    fn columns(&mut self, value: &'c Value<'_>) -> Result<(), BadArguments> {
        for column in value.as_array().ok_or(BadArguments::Shape)? {
            let column = column.as_str().ok_or(BadArguments::Shape)?;
            if let Some((field, _)) = column.split_once(['/', '.', ':'])
                && column != ".id"
            {
                self.loaded(field);
            }
        }
        Ok(())
    }

    fn rows(&mut self, value: &Value<'_>) -> Result<(), BadArguments> {
        for row in value.as_array().ok_or(BadArguments::Shape)? {
            let cells = row.as_array().ok_or(BadArguments::Shape)?;
            if !cells.iter().all(is_scalar) {
                return Err(BadArguments::Shape);
            }
            self.nested_without_field |= cells.iter().any(holds_definitions);
        }
        Ok(())
    }

    /// `default_*` keys stand for values of the record to come, wherever one is made; `name_create_enabled_fields`
    /// lets `load` create what a column names; [`TELLING`] keys have references show more than a name.
    fn context(&mut self, call: &'c Call<'_>, method: &str) {
        for (name, value) in call.context() {
            if let ("name_create_enabled_fields", Value::Struct(fields)) = (name.as_ref(), value) {
                fields.iter().for_each(|(path, _)| self.loaded(path.split('/').next().unwrap_or(path)));
            }
            if TELLING.contains(&name.as_ref()) && !paths::is_absent(value) {
                self.crosses = self.crosses.or(Some("a key of the context adds fields of other models to their names"));
            }
            let Some(field) = name.strip_prefix("default_") else { continue };
            self.field(field, value);
            if matches!(method, "default_get" | "onchange") {
                self.crosses = self.crosses.or(Some("a default_* key of the context reads other models"));
            }
        }
    }

    /// The operations of commands, at any depth: `[0, …]` creates, `[1, …]` writes, `[2, …]` deletes. Python takes
    /// `false` and `0.0` for 0, and so on.
    fn commands(&mut self, value: &Value<'_>) {
        match value {
            Value::Array(items) => {
                let operation = match items.first().and_then(number) {
                    Some(0) => Some(Operation::Create),
                    Some(1) => Some(Operation::Write),
                    Some(2) => Some(Operation::Delete),
                    _ => None,
                };
                if let Some(operation) = operation {
                    self.nested = self.nested.union(Operations::of(&[operation]));
                }
                items.iter().for_each(|item| self.commands(item));
            }
            Value::Struct(members) => members.iter().for_each(|(_, value)| self.commands(value)),
            _ => {}
        }
    }
}

fn keyword<'p>(params: &'p [Param], name: &str) -> Option<&'p Param> {
    params.iter().find(|param| param.name == name || param.alias.is_some_and(|alias| alias == name))
}

fn number(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Double(digits) | Value::Decimal(digits) => {
            [0, 1, 2].into_iter().find(|number| digits.parse() == Ok(*number as f64))
        }
        _ => None,
    }
}

fn is_scalar(value: &Value<'_>) -> bool {
    !matches!(value, Value::Array(_) | Value::Struct(_))
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
fn holds_definitions(value: &Value<'_>) -> bool {
    let white = [' ', '\t', '\n', '\r'];
    let list = value.as_str().and_then(|text| text.trim_start_matches(white).strip_prefix('['));
    list.is_some_and(|items| items.trim_start_matches(white).starts_with('{'))
}

/// One whole number, or a list of them; the first [`MAX_RECORD_IDS`] are kept. Odoo takes a bare 0 for no record.
fn record_ids(value: &Value<'_>) -> Option<Vec<i64>> {
    let id = |value: &Value<'_>| if let Value::Int(id) = value { Some(*id) } else { None };
    match value {
        Value::Array(ids) => {
            let ids: Option<Vec<i64>> = ids.iter().map(id).collect();
            ids.map(|mut ids| {
                ids.truncate(MAX_RECORD_IDS);
                ids
            })
        }
        Value::Int(0) => Some(Vec::new()),
        one => id(one).map(|id| vec![id]),
    }
}
