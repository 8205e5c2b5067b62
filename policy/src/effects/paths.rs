//! How arguments reach other models by name: paths, domains, specifications.

use super::BadArguments;
use crate::value::Value;

type Crossing = Result<Option<&'static str>, BadArguments>;

/// Whether an argument is as good as not given.
pub(super) fn is_absent(value: &Value<'_>) -> bool {
    match value {
        Value::Nil | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Struct(members) => members.is_empty(),
        _ => false,
    }
}

/// Field names, groupings, aggregates and sort orders: strings, alone or in lists. `export_data` reads `a:id` as `a/id`.
pub(super) fn paths(value: &Value<'_>) -> Crossing {
    match value {
        Value::String(path) => Ok(leads_out(path).then_some("a path leads into another model")),
        Value::Array(items) => first(items.iter().map(paths)),
        Value::Nil | Value::Bool(false) => Ok(None),
        _ => Err(BadArguments::Shape),
    }
}

/// A domain: operators, and conditions of a path, an operator and a value. Odoo takes `true` for all records.
pub(super) fn domain(value: &Value<'_>) -> Crossing {
    match value {
        Value::Nil | Value::Bool(_) => Ok(None),
        Value::Array(items) => first(items.iter().map(condition)),
        _ => Err(BadArguments::Shape),
    }
}

fn condition(item: &Value<'_>) -> Crossing {
    match item {
        Value::String(operator) if matches!(operator.as_ref(), "&" | "|" | "!") => Ok(None),
        Value::Array(parts) => match parts.as_slice() {
            // (1, '=', 1) and (0, '=', 1): always and never.
            [Value::Int(_), Value::String(_), Value::Int(_)] => Ok(None),
            [Value::String(path), Value::String(operator), value] => {
                if path.contains(['.', '/']) {
                    return Ok(Some("a condition's path leads into another model"));
                }
                // Odoo lowers operators before it looks at them.
                let operator = operator.trim().to_ascii_lowercase();
                let looks_inside = match operator.trim_end_matches('!') {
                    "any" | "not any" => true,
                    // By name, these search the other model.
                    "child_of" | "parent_of" => holds_text(value),
                    _ => false,
                };
                Ok(looks_inside.then_some("a condition looks into another model"))
            }
            _ => Err(BadArguments::Shape),
        },
        _ => Err(BadArguments::Shape),
    }
}

/// What `read_progress_bar` counts: a struct with a `field` and its `colors`.
pub(super) fn progress_bar(value: &Value<'_>) -> Crossing {
    let Value::Struct(members) = value else { return Err(BadArguments::Shape) };
    crate::value::member(members, "field").map_or(Ok(None), paths)
}

/// `web_read`'s specification: a field may have sub-`fields`, a `context` and more, all of the other model.
pub(super) fn specification(value: &Value<'_>) -> Crossing {
    if is_absent(value) {
        return Ok(None);
    }
    let Value::Struct(fields) = value else { return Err(BadArguments::Shape) };
    for (field, inner) in fields {
        if field.contains(['.', '/']) || !is_absent(inner) {
            return Ok(Some("a specification reads fields of another model"));
        }
    }
    Ok(None)
}

/// `.id` alone is the record's own id.
fn leads_out(path: &str) -> bool {
    path != ".id" && (path.contains(['.', '/']) || path.as_bytes().windows(3).any(|part| part == b":id"))
}

fn holds_text(value: &Value<'_>) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(holds_text),
        _ => false,
    }
}

fn first(results: impl Iterator<Item = Crossing>) -> Crossing {
    let mut found = None;
    for result in results {
        found = found.or(result?);
    }
    Ok(found)
}
