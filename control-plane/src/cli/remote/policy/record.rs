//! One record of the service.

use serde_json::Value;

use crate::cli::remote::client::encoded;

/// A record as the API answers it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its fields.
    pub json: Value,
    /// The path after `/api/v1/`.
    pub path: String,
    /// The tag of its state, once that is read.
    pub etag: Option<String>,
}

impl Record {
    /// A record of a list, whose path ends with the field that names it.
    pub fn of(collection: &str, field: &str, json: Value) -> Self {
        let name = json.get(field).and_then(Value::as_str).unwrap_or_default();
        Self { path: format!("{collection}/{}", encoded(name)), json, etag: None }
    }

    /// A field with text in it.
    pub fn text(&self, field: &str) -> &str {
        self.json.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}
