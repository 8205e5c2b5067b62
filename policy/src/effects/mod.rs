//! Storey 8: what a call does: its operations, its records, and how it reaches other models.

mod bad;
mod commands;
mod domain;
mod paths;

use std::collections::BTreeSet;

use crate::call::Call;
use crate::formats::value::Value;
use crate::odoo::operations::keyword;
use crate::odoo::operations::{Kind, Method, Param};
use crate::operation::{Operation, Operations};
use crate::records::{MAX_READ, Recorded};

pub use crate::effects::bad::BadArguments;
pub use crate::effects::domain::OPERATORS;

use crate::effects::domain::Place;
use commands::{Source, holds_definitions};

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
    /// The ids that the call names, of records of its model.
    pub record_ids: Vec<i64>,
    /// The ids that commands in values name, of records of other models.
    pub nested_ids: Vec<i64>,
    /// How many records of its model the call makes, as far as that is known.
    pub created: usize,
    /// Fields of the call's values that are `false` or null, which clears one that holds many records.
    pub emptied: Vec<&'c str>,
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
        domain::keeps_to_access_rules(call, false)?;
        let mut effects = Self { own: method.operations, ..Self::default() };
        let mut positional = call.args.as_slice();
        if method.ids {
            let [ids, rest @ ..] = positional else { return Err(BadArguments::NoIds) };
            effects.record_ids = record_ids(ids).ok_or(BadArguments::Ids)?;
            if method.name == "web_save" && effects.record_ids.is_empty() {
                effects.own = Operations::of(&[Operation::Read, Operation::Create]);
            }
            positional = rest;
        }
        if positional.len() > method.params.len() {
            return Err(BadArguments::TooMany(method));
        }
        for (param, value) in method.params.iter().zip(positional) {
            effects.argument(param, value).map_err(|problem| problem.of(param))?;
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
            effects.argument(param, value).map_err(|problem| problem.of(param))?;
        }
        effects.created = match method.name {
            "create" | "load" => effects.created,
            "copy" => effects.record_ids.len(),
            _ => usize::from(effects.own.contains(Operation::Create)),
        };
        if method.crosses {
            effects.crosses = Some("the method reads other models");
        }
        effects.context(call, method.name)?;
        Ok(effects)
    }

    /// Reads a call of a method that an administrator mapped: nothing is known of its arguments.
    ///
    /// # Errors
    /// A condition that steps over Odoo's access rules, and values in the context that are none.
    pub fn of_mapped(call: &'c Call<'_>, operations: Operations) -> Result<Self, BadArguments> {
        domain::keeps_to_access_rules(call, true)?;
        let mut effects = Self { own: operations, ..Self::default() };
        effects.record_ids = call.args.first().map(possible_ids).unwrap_or_default();
        if operations.contains(Operation::Create) && effects.record_ids.is_empty() {
            // How many is not known; the answer's first numbers may be theirs.
            effects.created = MAX_READ;
        }
        let keywords = call.kwargs.iter().filter(|(name, _)| name != "context").map(|(_, value)| value);
        for value in call.args.iter().chain(keywords) {
            match value {
                Value::Struct(members) => {
                    for (field, value) in members {
                        if effects.field(field, value, Source::Argument).is_err() {
                            // It may be something else than values.
                            effects.nested = effects.nested.union(Operations::of(&Operation::ON_RECORDS));
                        }
                    }
                }
                Value::Array(items) if items.iter().any(|item| !is_scalar(item)) => {
                    effects.nested_without_field = true;
                    effects.anything(value);
                }
                _ => {}
            }
        }
        effects.context(call, &call.method)?;
        Ok(effects)
    }

    /// Counts clearing one of these fields as what it is: fields under `nested_writes` hold many records.
    pub fn clear(&mut self, fields: &[String]) {
        if self.emptied.iter().any(|emptied| fields.iter().any(|field| field == emptied)) {
            self.nested = self.nested.union(Operations::of(&[Operation::Delete]));
        }
    }

    /// The records that it names, as they are recorded.
    pub fn recorded(&self) -> Recorded {
        let changes = !self.changes().is_empty();
        Recorded { created: self.created, ..Recorded::of(&self.record_ids, &self.nested_ids, changes) }
    }

    /// What it does to records that are there already.
    pub fn changes(&self) -> Operations {
        self.own.union(self.nested).without(Operations::of(&[Operation::Read, Operation::Create]))
    }

    fn argument(&mut self, param: &Param, value: &'c Value<'_>) -> Result<(), BadArguments> {
        let place = Place::Param(param.name);
        let crosses = match param.kind {
            Kind::Plain => None,
            Kind::Domain => domain::domain(value, &place)?,
            Kind::Operator => domain::operator(value, &place)?,
            Kind::Paths | Kind::Order => paths::paths(value)?,
            Kind::Specification => paths::specification(value)?,
            Kind::ProgressBar => paths::progress_bar(value)?,
            Kind::Cross => (!paths::is_absent(value)).then_some("an argument reads other models"),
            Kind::Values => {
                match value {
                    Value::Array(list) => {
                        self.created = list.len();
                        list.iter().try_for_each(|item| self.values(item))?;
                    }
                    Value::Struct(_) => {
                        self.created = 1;
                        self.values(value)?;
                    }
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
        let rows = value.as_array().ok_or(BadArguments::Shape)?;
        self.created = rows.len();
        for row in rows {
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
    fn context(&mut self, call: &'c Call<'_>, method: &str) -> Result<(), BadArguments> {
        for (name, value) in call.context() {
            if let ("name_create_enabled_fields", Value::Struct(fields)) = (name.as_ref(), value) {
                fields.iter().for_each(|(path, _)| self.loaded(path.split('/').next().unwrap_or(path)));
            }
            if TELLING.contains(&name.as_ref()) && !paths::is_absent(value) {
                self.crosses = self.crosses.or(Some("a key of the context adds fields of other models to their names"));
            }
            let Some(field) = name.strip_prefix("default_") else { continue };
            self.field(field, value, Source::Context)?;
            if matches!(method, "default_get" | "onchange") {
                self.crosses = self.crosses.or(Some("a default_* key of the context reads other models"));
            }
        }
        Ok(())
    }
}

fn is_scalar(value: &Value<'_>) -> bool {
    !matches!(value, Value::Array(_) | Value::Struct(_))
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
