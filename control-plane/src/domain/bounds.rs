//! Bounds of bodies: every text, list, map and number has a greatest size. The description names it, and each body is held
//! against the description, so the two cannot differ.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Characters that a text may have, if its type names no other number.
pub const MAX_TEXT: usize = 200;
/// Entries that a list or a map may have, if its type names no other number.
pub const MAX_ENTRIES: usize = 1000;

/// The schema of what is given, described in place: a type that is given and answered has another form each way. Made once
/// for each type and kept for good: there are as many as there are kinds of bodies.
pub fn given<T: JsonSchema + 'static>() -> &'static Value {
    static MADE: Mutex<BTreeMap<TypeId, &'static Value>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(TypeId::of::<T>()).or_insert_with(|| Box::leak(Box::new(make::<T>())))
}

fn make<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = T::json_schema(&mut settings.into_generator()).to_value();
    complete(&mut schema);
    schema
}

/// Gives every text, list and map of a schema a most, where its type names none.
pub(crate) fn complete(schema: &mut Value) {
    let types = schema.get("type").cloned().unwrap_or_default();
    let is = |name: &str| types == name || types.as_array().is_some_and(|types| types.iter().any(|one| one == name));
    let Value::Object(fields) = schema else { return };
    // A set of words is bounded by itself, and a moment by its form.
    if is("string") && !["enum", "const", "format"].iter().any(|name| fields.contains_key(*name)) {
        fields.entry("maxLength").or_insert(MAX_TEXT.into());
    }
    if is("array") {
        fields.entry("maxItems").or_insert(MAX_ENTRIES.into());
    }
    if fields.get("additionalProperties").is_some_and(Value::is_object) {
        fields.entry("maxProperties").or_insert(MAX_ENTRIES.into());
        fields.entry("propertyNames").or_insert(serde_json::json!({"maxLength": MAX_TEXT}));
    }
    for (name, field) in fields {
        match (name.as_str(), field) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(complete),
            ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => choices.iter_mut().for_each(complete),
            ("items" | "additionalProperties", field) => complete(field),
            _ => {}
        }
    }
}

/// A patch needs no field and sets none by default.
pub(crate) fn make_optional(schema: &mut Map<String, Value>) {
    schema.remove("required");
    schema.remove("default");
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    properties.filter_map(|(_, field)| field.as_object_mut()).for_each(make_optional);
}

/// The first value that is more or less than its schema takes: its path, and what would be right.
pub fn beyond<'a>(schema: &Value, given: &'a Value) -> Option<(Vec<&'a str>, String)> {
    let bound = |name: &str| schema.get(name).and_then(whole);
    let over = |name: &str, count: usize| bound(name).filter(|most| i128::try_from(count).is_ok_and(|n| n > *most));
    let own = match given {
        Value::Number(_) => whole(given)
            .and_then(|number| {
                let (least, most) = bound("minimum").zip(bound("maximum"))?;
                (!(least..=most).contains(&number)).then(|| format!("Give a number from {least} to {most}."))
            })
            .map(|detail| (Vec::new(), detail)),
        Value::String(text) => {
            over("maxLength", text.chars().count()).map(|most| (Vec::new(), format!("Give at most {most} characters.")))
        }
        Value::Array(entries) => over("maxItems", entries.len()).map(entries_beyond).or_else(|| {
            let items = schema.get("items")?;
            entries.iter().find_map(|entry| beyond(items, entry))
        }),
        Value::Object(fields) => over("maxProperties", fields.len()).map(entries_beyond).or_else(|| {
            fields.iter().find_map(|(name, value)| {
                let names = schema.get("propertyNames").and_then(|names| names.get("maxLength")).and_then(whole);
                let is_long = names.is_some_and(|most| i128::try_from(name.chars().count()).is_ok_and(|n| n > most));
                if is_long {
                    return Some((Vec::new(), format!("Give names of at most {} characters.", names?)));
                }
                let property = schema.get("properties").and_then(|properties| properties.get(name));
                let (mut path, detail) = beyond(property.or_else(|| schema.get("additionalProperties"))?, value)?;
                path.insert(0, name);
                Some((path, detail))
            })
        }),
        Value::Null | Value::Bool(_) => None,
    };
    own.or_else(|| {
        let choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|name| schema.get(*name)?.as_array());
        choices.flatten().find_map(|choice| beyond(choice, given))
    })
}

fn entries_beyond<'a>(most: i128) -> (Vec<&'a str>, String) {
    (Vec::new(), format!("Give at most {most} entries."))
}

fn whole(number: &Value) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}
