//! Changes of records: the fields that differ from what is wanted, as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::named::named;

named! {
    /// What becomes of a record.
    pub enum Kind {
        /// It is made.
        Add = "add",
        /// Some of its fields change.
        Alter = "alter",
        /// It is deleted.
        Remove = "remove",
    }
}

/// A field that changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PolicyField")]
pub struct Field {
    /// Its path, such as `upstream.login`.
    pub field: String,
    /// The value now; null in a new record.
    pub before: Value,
    /// The value after the change.
    pub after: Value,
}

/// The fields of `wanted` that are otherwise in `before`. Mappings of methods and rules of fields count as one value.
pub fn differences(before: &Value, wanted: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    compare(String::new(), before, wanted, &mut fields);
    fields
}

/// The fields of a new record that something is said of.
pub fn of_new(record: &Value) -> Vec<Field> {
    let is_something = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(members) => !members.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    differences(&json!({}), record).into_iter().filter(|field| is_something(&field.after)).collect()
}

fn compare(path: String, before: &Value, wanted: &Value, fields: &mut Vec<Field>) {
    match wanted {
        Value::Object(members) if !path.ends_with("methods") && path != "fields" => {
            for (name, wanted) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(path, before.get(name).unwrap_or(&Value::Null), wanted, fields);
            }
        }
        wanted if wanted != before => {
            fields.push(Field { field: path, before: before.clone(), after: wanted.clone() });
        }
        _ => {}
    }
}
