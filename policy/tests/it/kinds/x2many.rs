//! Fields that hold many records: each of Odoo's, with each command and what is none.

use std::collections::BTreeSet;

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::odoo::tables::{self, rows};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{Field, FieldRule, FieldType, Permission};
use serde_json::Value as Json;

use super::{Gate, Row, field, schema};
use crate::real_schema::SCHEMA;
use crate::rules_cases::calls::made;
use crate::rules_rows;

/// What a value does to the field's model: where its lines are deleted when they are taken out, where they are released, and where
/// the field is a many2many. `l` links, the others are operations.
const FORMS: &[(&str, &str, &str, &str)] = &[
    ("[]", "", "", ""),
    ("[[0, 0, {}]]", "c", "c", "c"),
    ("[[0, \"virtual_1\", {}, 1]]", "c", "c", "c"),
    ("[[1, 5, {}]]", "w", "w", "w"),
    ("[[2, 5]]", "d", "d", "d"),
    ("[[2, 5, 0]]", "d", "d", "d"),
    ("[[3, 5]]", "d", "w", ""),
    ("[[4, 5]]", "w", "w", "l"),
    ("[[4, 5, 0]]", "w", "w", "l"),
    ("[[5]]", "d", "w", ""),
    ("[[5, 0, 0]]", "d", "w", ""),
    ("[[6, 0, []]]", "d", "w", ""),
    ("[[6, false, [5, 6]]]", "wd", "w", "l"),
    ("[5, 6]", "wd", "w", "l"),
    ("false", "d", "w", ""),
    ("null", "d", "w", ""),
    ("[[0, 0, {}], [2, 5], [4, 6]]", "cwd", "cwd", "cdl"),
];

/// What is no value of such a field.
const ODD: &[&str] = &[
    "[[7, 5]]",
    "[[-1, 5]]",
    "[[false, 0, {}]]",
    "[[true, 5, {}]]",
    "[[\"0\", 0, {}]]",
    "[[0.0, 0, {}]]",
    "[[1, \"5\", {}]]",
    "[[1, [5, 6], {}]]",
    "[[2, 0]]",
    "[[2, -5]]",
    "[[2]]",
    "[[3, true]]",
    "[[4, [5]]]",
    "[[6, 0, [\"5\"]]]",
    "[[6, 0, 5]]",
    "[[6, 0]]",
    "[[0, 0, \"x\"]]",
    "[[]]",
    "[\"5\"]",
    "[5.0]",
    "{\"5\": 1}",
    "5",
    "\"5\"",
    "true",
];

fn operations(letters: &str) -> Operations {
    let named = Operation::ON_RECORDS.into_iter().filter(|operation| letters.contains(&operation.name()[..1]));
    named.fold(Operations::NONE, |all, operation| all.union(Operations::of(&[operation])))
}

fn written(row: &Row, value: &Value<'static>) -> Call<'static> {
    let values = Value::Struct(vec![(row.field.name.clone().into(), value.clone())]);
    made(row.model, "write", vec![Value::Array(vec![Value::Int(1)]), values], vec![])
}

fn by_default(row: &Row, value: &Value<'static>) -> Call<'static> {
    let default = Value::Struct(vec![(format!("default_{}", row.field.name).into(), value.clone())]);
    made(row.model, "create", vec![Value::Struct(vec![])], vec![("context".into(), default)])
}

/// What is told of the field's model.
fn of_other(told: Vec<String>) -> Vec<String> {
    told.into_iter().filter(|lack| lack.contains(" through ") || lack.starts_with("closed ")).collect()
}

fn x2many() -> Vec<Row> {
    let of = |entry: &'static lictor_policy::wire::ModelEntry| {
        let fields = entry.record.fields.iter().filter(|field| field.kind.is_to_many());
        fields.map(|field| Row { model: &entry.name, field: field.clone() })
    };
    let open = SCHEMA.models.iter().filter(|entry| tables::closed(&entry.name).is_none());
    let mut rows: Vec<Row> = open.flat_map(of).collect();
    // References of lines that no schema of the tests has, and one that no table has.
    let of_lines =
        rows::RELEASED.iter().copied().chain(rows::RELEASED.iter().map(|(model, _)| (*model, "x_parent_id")));
    rows.extend(of_lines.map(|(model, reference)| {
        let (relation, relation_field) = (Some(model.to_owned()), Some(reference.to_owned()));
        let name = format!("x_{}_{reference}", model.replace('.', "_"));
        Row { model: "x_other", field: Field { relation, relation_field, ..field(&name, FieldType::One2many) } }
    }));
    rows
}

/// Permissions for no operation, by which the fields themselves may be written.
fn permissions(rows: &[Row], nested: bool) -> Vec<Permission> {
    let mut models: Vec<&str> = rows.iter().map(|row| row.model).collect();
    models.dedup();
    let permission = |model: &str| {
        let fields = || rows.iter().filter(|row| row.model == model).map(|row| row.field.name.clone()).collect();
        let mut permission = Permission { model: model.to_owned(), ..Permission::default() };
        permission.fields.write = Some(FieldRule::Also(fields()));
        permission.nested_writes = if nested { fields() } else { vec![] };
        permission
    };
    models.into_iter().map(permission).collect()
}

/// All that may make a difference to what a command does.
fn kind_of(row: &Row) -> impl Ord + use<> {
    let Field { kind, relation, relation_field, related, depends, unstored, readonly, restricted, .. } = &row.field;
    let other = relation.as_deref().unwrap();
    let is_released = tables::is_released(other, relation_field.as_deref().unwrap_or_default());
    let of_other = (is_released, tables::closed(other), tables::takes_links(other));
    (*kind, of_other, related.is_some(), depends.is_empty(), *unstored, *readonly, *restricted)
}

#[test]
fn each_command_counts_on_the_fields_model() {
    let rows = x2many();
    assert!(rows.len() > 1000, "{}", rows.len());
    let schema = schema(&rows);
    let [by_itself, through] = [false, true].map(|nested| Gate::of(&schema, permissions(&rows, nested), vec![], &[]));
    let value = |text: &str| rules_rows::value(&serde_json::from_str::<Json>(text).unwrap());
    let forms: Vec<_> = FORMS.iter().map(|form| (value(form.0), form)).collect();
    let odd: Vec<_> = ODD.iter().map(|text| (value(text), text)).collect();
    let object = Value::Array(vec![Value::Struct(vec![])]);
    let mut kinds = BTreeSet::new();
    for row in &rows {
        let Row { model, field: Field { name, relation, relation_field, kind, .. } } = row;
        let other = relation.as_deref().unwrap();
        let is_released = tables::is_released(other, relation_field.as_deref().unwrap_or_default());
        let is_first = kinds.insert(kind_of(row));
        for (value, (text, deleted, released, many)) in &forms {
            let letters = match kind {
                FieldType::Many2many => many,
                _ if is_released => released,
                _ => deleted,
            };
            let operations = operations(letters);
            let into_closed = (!operations.is_empty() && tables::closed(other).is_some())
                || (letters.contains('l') && !tables::takes_links(other));
            let closed = into_closed.then(|| format!("closed {other}"));
            let nested =
                (!operations.is_empty()).then(|| format!("{} {other} through {model}.{name}", operations.words()));
            let expected: Vec<String> = closed.clone().or(nested).into_iter().collect();
            let closed: Vec<String> = closed.into_iter().collect();
            // By default, and through a field that is listed, the same is decided of each kind.
            let calls = [Some(written(row, value)), is_first.then(|| by_default(row, value))];
            for call in calls.iter().flatten() {
                assert_eq!(of_other(by_itself.told(call)), expected, "{model}.{name} {text}");
                if is_first {
                    assert_eq!(of_other(through.told(call)), closed, "{model}.{name} {text}");
                }
            }
        }
        if is_first {
            for (value, text) in &odd {
                for call in [written(row, value), by_default(row, value)] {
                    assert_eq!(through.told(&call), ["MalformedRequest"], "{model}.{name} {text}");
                }
            }
            // An object is a record to be made, but only by default.
            assert_eq!(by_itself.told(&written(row, &object)), ["MalformedRequest"], "{model}.{name}");
            let made = if tables::closed(other).is_some() {
                format!("closed {other}")
            } else {
                format!("create {other} through {model}.{name}")
            };
            assert_eq!(of_other(by_itself.told(&by_default(row, &object))), [made]);
        }
    }
    assert!(kinds.len() > 20, "{}", kinds.len());
}
