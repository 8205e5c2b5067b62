//! Random values of fields, with every command of x2many fields and what looks like one.

use lictor_policy::formats::value::{Members, Value};
use lictor_policy::wire::{Field, FieldType, Schema};

use super::names::name;
use super::{Choices, fields, is_x2many};

pub(crate) fn text(text: &str) -> Value<'static> {
    Value::String(text.to_owned().into())
}

pub(crate) fn list(items: &[i64]) -> Value<'static> {
    Value::Array(items.iter().map(|item| Value::Int(*item)).collect())
}

pub(crate) fn members(members: Vec<(String, Value<'static>)>) -> Members<'static> {
    let mut once: Members<'static> = Vec::new();
    for (name, value) in members {
        if once.iter().all(|(known, _)| *known != name) {
            once.push((name.into(), value));
        }
    }
    once
}

/// The values of a record.
pub(crate) fn values(c: &mut Choices<'_>, schema: &Schema, model: &str, depth: usize) -> Members<'static> {
    let given = c.some(4, |c| {
        let open: Vec<_> = fields(schema, model)
            .iter()
            .filter(|field| !field.readonly && field.related.is_none() && !field.restricted)
            .collect();
        let field = if open.is_empty() || c.one_in(3) { name(c, schema, model) } else { c.of(&open).name.clone() };
        let value = match fields(schema, model).iter().find(|known| known.name == field) {
            Some(known) => value(c, schema, known, depth, false),
            None => scalar(c),
        };
        (field, value)
    });
    members(given)
}

fn scalar(c: &mut Choices<'_>) -> Value<'static> {
    match c.below(6) {
        0 => Value::Int(1),
        1 => text("x"),
        2 => Value::Bool(false),
        3 => Value::Bool(true),
        4 => Value::Double("1.5".into()),
        _ => text("<b>x</b>"),
    }
}

/// A value of the field. `objects`: also objects in lists, which `default_*` takes.
pub(crate) fn value(
    c: &mut Choices<'_>,
    schema: &Schema,
    field: &Field,
    depth: usize,
    objects: bool,
) -> Value<'static> {
    match field.kind {
        kind if is_x2many(kind) => x2many(c, schema, field.relation.as_deref().unwrap_or_default(), depth, objects),
        FieldType::Many2one => {
            if c.one_in(4) {
                Value::Bool(false)
            } else {
                Value::Int(3)
            }
        }
        FieldType::Reference => match c.below(3) {
            0 => Value::Bool(false),
            1 => text("res.country,3"),
            _ => text(&format!("{},3", c.of(&schema.models).name)),
        },
        FieldType::Properties => {
            let object = |members| Value::Struct(members);
            let definition = vec![("name".into(), text("a")), ("definition_changed".into(), Value::Bool(true))];
            match c.below(4) {
                0 => object(vec![("a".into(), Value::Int(1))]),
                1 => Value::Array(vec![object(vec![("name".into(), text("a"))])]),
                2 => Value::Array(vec![object(definition)]),
                _ => text("[{\"name\": \"a\"}]"),
            }
        }
        FieldType::Json => Value::Struct(vec![("a".into(), scalar(c))]),
        _ => scalar(c),
    }
}

fn x2many(c: &mut Choices<'_>, schema: &Schema, other: &str, depth: usize, objects: bool) -> Value<'static> {
    match c.below(10) {
        0 => Value::Array(vec![]),
        1 => list(&[1, 2]),
        2 => Value::Bool(false),
        3 => {
            if c.one_in(3) {
                text("x")
            } else {
                Value::Nil
            }
        }
        _ => Value::Array((0..1 + c.below(2)).map(|_| command(c, schema, other, depth, objects)).collect()),
    }
}

fn command(c: &mut Choices<'_>, schema: &Schema, other: &str, depth: usize, objects: bool) -> Value<'static> {
    let inner =
        |c: &mut Choices<'_>| Value::Struct(if depth == 0 { vec![] } else { values(c, schema, other, depth - 1) });
    let (int, array) = (Value::Int, Value::Array);
    match c.below(22) {
        0 | 1 => array(vec![int(4), int(7)]),
        2 | 3 => array(vec![int(0), int(0), inner(c)]),
        4 | 5 => array(vec![int(1), int(7), inner(c)]),
        6 | 7 => array(vec![int(2), int(7)]),
        8 => array(vec![int(3), int(7), int(0)]),
        9 => array(vec![int(5)]),
        10 => array(vec![int(5), int(0), int(0)]),
        11 | 12 => array(vec![int(6), int(0), list(&[7, 8])]),
        13 => array(vec![int(6), Value::Bool(false), list(&[])]),
        14 => array(vec![int(0), text("virtual_1"), inner(c)]),
        15 if objects => inner(c),
        // What is no command.
        16 => array(vec![Value::Bool(false), int(0), inner(c)]),
        17 => array(vec![int(7), int(1)]),
        18 => array(vec![int(1), text("7"), inner(c)]),
        19 => array(vec![int(2), int(0)]),
        20 if !objects => Value::Struct(vec![]),
        21 => array(vec![int(6), int(0), Value::Array(vec![text("7")])]),
        _ => array(vec![int(4), int(9), int(0)]),
    }
}
