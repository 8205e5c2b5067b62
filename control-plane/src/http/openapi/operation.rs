//! The description of one route of the API.

#![expect(
    clippy::indexing_slicing,
    reason = "of JSON objects that are made here: reading a field that is not there is null, and writing one makes it"
)]

use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::domain::bounds;
use crate::domain::problem::Code;
use crate::http::cursor::MAX_LIMIT;

/// The description of a route: the handler's arguments and answers add to it.
pub struct Operation {
    pub(crate) answered: SchemaGenerator,
    pub(crate) parameters: Vec<Value>,
    pub(crate) body: Option<Value>,
    pub(crate) status: u16,
    pub(crate) content: Map<String, Value>,
    pub(crate) headers: Map<String, Value>,
    pub(crate) codes: Vec<Code>,
}

impl Operation {
    pub(crate) fn new(answered: SchemaGenerator) -> Self {
        Self {
            answered,
            parameters: Vec::new(),
            body: None,
            status: 200,
            content: Map::new(),
            headers: Map::new(),
            codes: vec![Code::Internal, Code::NotReady, Code::DatabaseUnavailable],
        }
    }

    /// Takes a JSON body.
    pub fn takes_body<T: JsonSchema + 'static>(&mut self) {
        self.body = Some(bounds::given::<T>().clone());
    }

    /// Takes a JSON body with any part of the fields.
    pub fn takes_patch<T: JsonSchema + 'static>(&mut self) {
        let mut schema = bounds::given::<T>().clone();
        schema.as_object_mut().map(bounds::make_optional);
        self.body = Some(schema);
    }

    /// Takes the fields as parameters of the query.
    pub fn takes_query<T: JsonSchema + 'static>(&mut self) {
        let schema = bounds::given::<T>();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            without_null(&mut schema);
            if name == "limit" {
                schema["minimum"] = 1.into();
                schema["maximum"] = MAX_LIMIT.into();
            }
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let required = required.iter().any(|required| required == name);
            let mut parameter = json!({"name": name, "in": "query", "required": required, "schema": schema});
            if let Some(description) = description {
                parameter["description"] = description;
            }
            self.parameters.push(parameter);
        }
    }

    /// Takes `If-Match`; whether it must be there, the route says.
    pub fn takes_if_match(&mut self) {
        let schema = json!({"anyOf": [{"const": "*"}, {"type": "string", "pattern": "^\"[0-9]+\"$"}]});
        let description =
            "The `ETag` of the record that is to change: 412 if it is another by now. `*`: whatever it is.";
        self.takes_header("If-Match", description, &schema);
    }

    /// Takes a header.
    pub fn takes_header(&mut self, name: &str, description: &str, schema: &Value) {
        self.parameters.push(json!({"name": name, "in": "header", "description": description, "schema": schema}));
    }

    /// Needs what [`Operation::takes_if_match`] takes, or what says that the record is to be new, if the route makes some.
    pub(crate) fn needs_precondition(&mut self, makes_records: bool) {
        self.may_refuse(&[Code::PreconditionRequired]);
        if makes_records {
            let description = "`*`, in the place of `If-Match`: make a new record, 412 if there is one by now.";
            return self.takes_header("If-None-Match", description, &json!({"type": "string"}));
        }
        for parameter in self.parameters.iter_mut().filter(|parameter| parameter["name"] == "If-Match") {
            parameter["required"] = true.into();
        }
    }

    /// Answers a value.
    pub fn answers<T: JsonSchema>(&mut self) {
        let schema = self.answered.subschema_for::<T>().to_value();
        self.answers_media("application/json", schema);
    }

    /// Answers something of a media type.
    pub fn answers_media(&mut self, media: &str, schema: Value) {
        self.content.insert(media.to_owned(), json!({"schema": schema}));
    }

    /// Answers no body.
    pub fn answers_nothing(&mut self) {
        self.status = 204;
    }

    /// Sends a header with the answer.
    pub fn sends_header(&mut self, name: &str, description: &str) {
        self.headers.insert(name.to_owned(), json!({"description": description, "schema": {"type": "string"}}));
    }

    /// May answer these problems.
    pub fn may_refuse(&mut self, codes: &[Code]) {
        for code in codes {
            if !self.codes.contains(code) {
                self.codes.push(*code);
            }
        }
    }
}

/// A parameter that is left out is not there: it cannot be null.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            if let Value::Object(fields) = schema {
                fields.remove("anyOf");
                fields.extend(only);
            }
        }
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
}
