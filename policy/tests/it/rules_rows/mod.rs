//! What a permission means, row by row: each example of the rules, and each fault that came of going by names alone.

mod calls;
mod common;
mod faults;
mod nested;
mod other_models;
mod reading;
mod writing;

use std::collections::BTreeSet;
use std::sync::Arc;

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{Permission, Schema};
use serde_json::{Value as Json, json};

use crate::oracle_rules::{Answer, Who, Why, judge};
use crate::real_schema::SCHEMA;
use crate::rules_cases::calls::made;
use crate::rules_core;
use crate::setting::UID;

/// Permissions by model, each with its operations by their first letters.
type Permissions = Json;

/// A call, and what it lacks: nothing if it may pass.
struct Row {
    permissions: Permissions,
    /// Model and method.
    called: &'static str,
    args: Json,
    kwargs: Json,
    lacks: &'static [&'static str],
    /// The Odoo groups of the user: the number of a view, and names.
    view: u32,
    groups: &'static [&'static str],
}

impl Row {
    /// The same for a user of other groups.
    fn of(self, view: u32, groups: &'static [&'static str]) -> Self {
        Self { view, groups, ..self }
    }
}

fn row(permissions: Json, called: &'static str, args: Json, kwargs: Json, lacks: &'static [&'static str]) -> Row {
    Row { permissions, called, args, kwargs, lacks, view: 1, groups: &["base.group_user"] }
}

fn ok(permissions: Json, called: &'static str, args: Json) -> Row {
    row(permissions, called, args, json!({}), &[])
}

fn no(permissions: Json, called: &'static str, args: Json, lacks: &'static [&'static str]) -> Row {
    row(permissions, called, args, json!({}), lacks)
}

/// A permission: `may` has the operations by their first letters, the rest is as on the wire.
pub(crate) fn permission(model: &str, given: &Json) -> Permission {
    let may = given["may"].as_str().unwrap_or_default();
    let operations = Operation::ON_RECORDS.into_iter().filter(|operation| may.contains(&operation.name()[..1]));
    let mut whole = given.clone();
    let members = whole.as_object_mut().unwrap();
    members.remove("may");
    members.insert("model".to_owned(), json!(model));
    members.insert("operations".to_owned(), json!(operations.map(Operation::name).collect::<Vec<_>>()));
    for (name, empty) in [("groups", json!([])), ("methods", json!({}))] {
        members.entry(name).or_insert(empty);
    }
    serde_json::from_value(whole).unwrap()
}

pub(crate) fn value(json: &Json) -> Value<'static> {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(is) => Value::Bool(*is),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Double(number.to_string().into()), Value::Int),
        Json::String(text) => Value::String(text.clone().into()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(members) => {
            Value::Struct(members.iter().map(|(name, inner)| (name.clone().into(), value(inner))).collect())
        }
    }
}

pub(crate) fn call(model: &str, method: &str, args: &Json, kwargs: &Json) -> Call<'static> {
    let (Value::Array(args), Value::Struct(kwargs)) = (value(args), value(kwargs)) else { panic!("{args} {kwargs}") };
    made(model, method, args, kwargs)
}

fn who(row: &Row) -> Who {
    let permissions = row.permissions.as_object().unwrap();
    Who {
        permissions: permissions.iter().map(|(model, given)| permission(model, given)).collect(),
        schema: Arc::new(schema(row)),
        view: Some(row.view),
        groups: row.groups.iter().map(|group| (*group).to_owned()).collect(),
        uid: UID,
        models: vec![],
        scopes: Operations::NONE,
        exceptions: vec![],
        methods: [].into(),
    }
}

/// The models that the row names, and those that its fields lead to: the whole schema takes a gate a tenth of a second.
fn schema(row: &Row) -> Schema {
    let text = format!("{} {} {} {}", row.permissions, row.called, row.args, row.kwargs);
    let names = |name: &str| text.contains(name);
    let mut models: BTreeSet<&str> =
        SCHEMA.models.iter().map(|entry| entry.name.as_str()).filter(|name| names(name)).collect();
    // As far as a path of two relations leads.
    for _ in 0..3 {
        let entries = SCHEMA.models.iter().filter(|entry| models.contains(entry.name.as_str()));
        let fields = entries.flat_map(|entry| &entry.record.fields).filter(|field| names(&field.name));
        let found: Vec<&str> = fields.filter_map(|field| field.relation.as_deref()).collect();
        models.extend(found);
    }
    let models = SCHEMA.models.iter().filter(|entry| models.contains(entry.name.as_str())).cloned().collect();
    Schema { version: 1, read_at: 0, models }
}

/// As rows have it: `field res.partner email`.
fn told(answer: &Answer) -> Vec<String> {
    let name = |why: Why| format!("{why:?}").to_lowercase();
    answer
        .lacks
        .iter()
        .map(|lack| format!("{} {} {}", name(lack.why), lack.model, lack.name).trim_end().to_owned())
        .collect()
}

/// The examples of the rules.
fn rows() -> Vec<Row> {
    let parts =
        [reading::rows, writing::rows, other_models::rows, nested::rows, calls::rows, faults::rows, common::rows];
    parts.into_iter().flat_map(|rows| rows()).collect()
}

#[test]
fn the_second_reading_says_what_the_rules_say() {
    let mut wrong = Vec::new();
    for row in rows() {
        let (model, method) = row.called.split_once(' ').unwrap();
        let answer = judge(&who(&row), &call(model, method, &row.args, &row.kwargs));
        let mut expected: Vec<String> = row.lacks.iter().map(|lack| (*lack).to_owned()).collect();
        let mut found = told(&answer);
        expected.sort();
        found.sort();
        if expected != found {
            wrong.push(format!(
                "{} {} {} {}\n  wanted {expected:?}\n  found {found:?}",
                row.permissions, row.called, row.args, row.kwargs
            ));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_gate_says_what_the_rows_say() {
    let mut wrong = Vec::new();
    for row in rows() {
        let (model, method) = row.called.split_once(' ').unwrap();
        let (who, call) = (who(&row), call(model, method, &row.args, &row.kwargs));
        if let Some(told) = rules_core::difference(&who, &call, &judge(&who, &call)) {
            wrong.push(format!("{} {} {} {}\n  {told}", row.permissions, row.called, row.args, row.kwargs));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whoever follows a message has then all that the call needs: each closed field and path is named at once.
#[test]
fn a_refusal_names_every_field_and_path_that_is_closed() {
    let mut silent = Vec::new();
    for row in rows() {
        let (model, method) = row.called.split_once(' ').unwrap();
        let Some(told) = rules_core::sentence(&who(&row), &call(model, method, &row.args, &row.kwargs)) else {
            continue;
        };
        let closed = row.lacks.iter().filter(|lack| lack.starts_with("field ") || lack.starts_with("cross "));
        let names = closed.filter_map(|lack| lack.split_whitespace().nth(2));
        let missing: Vec<&str> = names.filter(|name| !told.contains(name)).collect();
        if !missing.is_empty() {
            silent.push(format!("{} {} {}\n  {missing:?} not in: {told}", row.permissions, row.called, row.args));
        }
    }
    assert!(silent.is_empty(), "{} rows:\n{}", silent.len(), silent.join("\n"));
}
