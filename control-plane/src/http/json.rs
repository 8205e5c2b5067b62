//! JSON from requests: parsed strictly, held against its description, with problems that name the field.

use std::fmt::{self, Formatter};

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::domain::bounds;
use crate::domain::problem::{Code, Problem, Result};

/// Lays a patch over a value: objects are merged, everything else is replaced.
pub fn patched<T: Serialize + DeserializeOwned + JsonSchema + 'static>(current: &T, patch: Value) -> Result<T> {
    let Value::Object(_) = patch else {
        return Err(Problem::new(Code::MalformedJson, "Send a JSON object with the fields to change."));
    };
    let mut merged = serde_json::to_value(current).map_err(Problem::internal)?;
    merge(&mut merged, patch);
    described(&merged)
}

/// As in RFC 7396, but for `null`: it is a value like others, which clears a field that may be empty.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

/// Parses one JSON document into a type whose description does not matter.
pub(crate) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    whole(json, Ok)
}

/// Parses one JSON document into a type, and holds it against the type's description.
pub(crate) fn parse_described<T: DeserializeOwned + JsonSchema + 'static>(json: &[u8]) -> Result<T> {
    whole(json, |Unambiguous(given)| described(&given))
}

/// Parses one JSON document, and refuses what comes after it if nothing else is wrong.
fn whole<D: DeserializeOwned, T>(json: &[u8], then: impl FnOnce(D) -> Result<T>) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = then(read(&mut reader)?)?;
    reader.end().map_err(|_| Problem::new(Code::MalformedJson, "Send one JSON document and nothing after it."))?;
    Ok(value)
}

/// Reads a type out of JSON, and holds that against the type's description.
fn described<T: DeserializeOwned + JsonSchema + 'static>(given: &Value) -> Result<T> {
    let schema = bounds::given::<T>();
    match misplaced_array(schema, given) {
        Some(path) if path.is_empty() => return Err(Problem::new(Code::MalformedJson, "Send a JSON object.")),
        Some(path) => return Err(Problem::invalid(path.join("."), "Give a JSON object.")),
        None => {}
    }
    let value = read(given)?;
    match bounds::beyond(schema, given) {
        Some((path, detail)) => Err(Problem::invalid(path.join("."), detail)),
        None => Ok(value),
    }
}

fn read<'de, T: Deserialize<'de>>(json: impl Deserializer<'de, Error = serde_json::Error>) -> Result<T> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            named(&error.path().to_string(), &inner.to_string())
        } else {
            Problem::new(Code::MalformedJson, "Send one well-formed JSON document.")
        }
    })
}

/// JSON in which no object has a name twice: people and other programs may take the value that is not in force for the one
/// that is.
#[derive(Debug)]
pub struct Unambiguous(pub Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Unambiguous(entry)) = list.next_element()? {
            entries.push(entry);
        }
        Ok(entries.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Unambiguous(value))) = object.next_entry::<String, _>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

/// The path to an array where the schema has an object: what serde derives for a struct takes an array of its values,
/// in the order of the fields, as well.
fn misplaced_array<'a>(schema: &Value, given: &'a Value) -> Option<Vec<&'a str>> {
    match given {
        Value::Array(_) => properties(schema).map(|_| Vec::new()),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let mut path = misplaced_array(properties(schema)?.get(name)?, value)?;
            path.insert(0, name);
            Some(path)
        }),
        _ => None,
    }
}

/// The fields of an object, or of one that may be null.
fn properties(schema: &Value) -> Option<&Value> {
    schema.get("properties").or_else(|| match schema.get("anyOf")?.as_array()?.as_slice() {
        [object, null] if null.get("type").is_some_and(|name| name == "null") => object.get("properties"),
        _ => None,
    })
}

/// Makes a problem of what serde says, which quotes names of fields with backticks, and values: those are left out, as
/// one may be a secret in the wrong place.
pub(crate) fn named(path: &str, message: &str) -> Problem {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    let join = |name: String| match path {
        "." | "" => name,
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let expected = rest.split_once("expected ").map(|(_, names)| names.split(" at line").next().unwrap_or(names));
        let detail = format!("Leave it out; there is {}.", expected.unwrap_or("none"));
        return Problem::with_field(Code::UnknownField, join(quoted(rest)), detail);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return Problem::with_field(Code::MissingField, join(quoted(rest)), "Give a value.");
    }
    if let Some(rest) = message.strip_prefix("duplicate field ") {
        return Problem::invalid(join(quoted(rest)), "Give it once.");
    }
    let expected = message.split_once("expected ").map(|(_, what)| what.split(" at line").next().unwrap_or(what));
    Problem::invalid(path, format!("Give {}.", expected.map_or("a value of the documented form", in_words)))
}

/// Says in plain words which value serde expects, for people who do not write Rust. A set of names is kept as serde says it.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number that is not negative",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" => "a text",
        "a sequence" => "a list, such as [\"a\", \"b\"]",
        "a map" => "a JSON object",
        other if other.starts_with("struct ") => "a JSON object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        limit: u32,
        on: bool,
    }

    fn outer() -> Outer {
        Outer { inner: Inner { limit: 1, on: true }, note: Some("x".to_owned()) }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let after = patched(&outer(), json!({"inner": {"limit": 2}, "note": null})).unwrap();
        assert_eq!(after, Outer { inner: Inner { limit: 2, on: true }, note: None });
    }

    #[test]
    fn a_wrong_field_is_named_with_its_path_and_its_value_is_not_repeated() {
        for (patch, code, field) in [
            (json!({"inner": {"limit": "hunter2"}}), Code::InvalidField, "inner.limit"),
            (json!({"inner": {"limit": null}}), Code::InvalidField, "inner.limit"),
            (json!({"inner": {"limits": 2}}), Code::UnknownField, "inner.limits"),
            (json!({"outer": 2}), Code::UnknownField, "outer"),
            (json!({"inner": 3}), Code::InvalidField, "inner"),
            (json!({"inner": [1, true]}), Code::InvalidField, "inner"),
        ] {
            let problem = patched(&outer(), patch).unwrap_err();
            assert_eq!((problem.code, problem.field.as_deref()), (code, Some(field)), "{problem:?}");
            assert!(!problem.detail.contains("hunter2"), "{problem:?}");
        }
        for (patch, detail) in [
            (json!({"inner": {"limit": "1"}}), "Give a whole number from 0 to 4294967295."),
            (json!({"inner": {"limit": -1}}), "Give a whole number from 0 to 4294967295."),
            (json!({"inner": {"on": "yes"}}), "Give true or false."),
            (json!({"inner": 3}), "Give a JSON object."),
            (json!({"note": []}), "Give a text."),
        ] {
            assert_eq!(patched(&outer(), patch).unwrap_err().detail, detail);
        }
        assert_eq!(parse::<Vec<String>>(b"1").unwrap_err().detail, r#"Give a list, such as ["a", "b"]."#);
        let missing = parse::<Outer>(br#"{"inner": {"limit": 1}}"#).unwrap_err();
        assert_eq!((missing.code, missing.field.as_deref()), (Code::MissingField, Some("inner.on")));
    }

    #[test]
    fn json_is_read_as_it_is_but_for_a_name_that_comes_twice() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "b"], "c": {"a": {}}}"#;
        let Unambiguous(read) = parse(text.as_bytes()).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
        for (text, field) in [(r#"{"b": "hunter2", "b": 1}"#, "b"), (r#"{"a": {"b": "hunter2", "b": 1}}"#, "a.b")] {
            let twice = parse::<Unambiguous>(text.as_bytes()).unwrap_err();
            assert_eq!((twice.field.as_deref(), &*twice.detail), (Some(field), "Give it once."));
        }
        for torn in ["", "{", "{\"a\": 1}}", "{\"a\": 1} {}"] {
            assert_eq!(parse::<Unambiguous>(torn.as_bytes()).unwrap_err().code, Code::MalformedJson, "{torn}");
        }
    }
}
