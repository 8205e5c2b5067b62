//! How arguments reach other models by name: paths and specifications.

use crate::effects::BadArguments;
use crate::formats::value::{self, Value};

/// How an argument reaches another model, if it does.
pub(crate) type Crossing = Result<Option<&'static str>, BadArguments>;

/// Whether an argument is as good as not given.
pub(crate) fn is_absent(value: &Value<'_>) -> bool {
    match value {
        Value::Nil | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Struct(members) => members.is_empty(),
        _ => false,
    }
}

/// Field names, groupings, aggregates and sort orders: strings, alone or in lists. `export_data` reads `a:id` as `a/id`.
pub(crate) fn paths(value: &Value<'_>) -> Crossing {
    match value {
        Value::String(path) => Ok(leads_out(path).then_some("a path leads into another model")),
        Value::Array(items) => first(items.iter().map(paths)),
        Value::Nil | Value::Bool(false) => Ok(None),
        _ => Err(BadArguments::Shape),
    }
}

/// What `read_progress_bar` counts: a struct with a `field` and its `colors`.
pub(crate) fn progress_bar(value: &Value<'_>) -> Crossing {
    let Value::Struct(members) = value else { return Err(BadArguments::Shape) };
    value::member(members, "field").map_or(Ok(None), paths)
}

/// `web_read`'s specification: a field may have sub-`fields`, a `context` and more, all of the other model.
pub(crate) fn specification(value: &Value<'_>) -> Crossing {
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

/// The first of several that crosses; all must be right.
pub(crate) fn first(results: impl Iterator<Item = Crossing>) -> Crossing {
    let mut found = None;
    for result in results {
        found = found.or(result?);
    }
    Ok(found)
}
