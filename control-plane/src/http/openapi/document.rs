//! The description of the REST API in OpenAPI 3.1, made from the table of routes and the types of their handlers.

#![expect(
    clippy::indexing_slicing,
    reason = "of JSON objects that are made here: reading a field that is not there is null, and writing one makes it"
)]

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::api::auth::Access;
use crate::api::router::{Route, api_table};
use crate::domain::problem::{Code, Document};
use crate::http::cursor::MAX_LIMIT;

/// What is said of a route: its own arguments and answers add to it.
pub struct Operation {
    answered: SchemaGenerator,
    parameters: Vec<Value>,
    body: Option<Value>,
    status: u16,
    content: Map<String, Value>,
    headers: Map<String, Value>,
    codes: Vec<Code>,
}

impl Operation {
    fn new(answered: SchemaGenerator) -> Self {
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
    pub fn takes_body<T: JsonSchema>(&mut self) {
        self.body = Some(given::<T>());
    }

    /// Takes a JSON body with any part of the fields.
    pub fn takes_patch<T: JsonSchema>(&mut self) {
        let mut schema = given::<T>();
        make_optional(&mut schema);
        self.body = Some(schema);
    }

    /// Takes the fields as parameters of the query.
    pub fn takes_query<T: JsonSchema>(&mut self) {
        let schema = given::<T>();
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

    fn takes_header(&mut self, name: &str, description: &str, schema: &Value) {
        self.parameters.push(json!({"name": name, "in": "header", "description": description, "schema": schema}));
    }

    /// Needs what [`Operation::takes_if_match`] takes, or what says that the record is to be new, if the route makes some.
    fn needs_precondition(&mut self, makes_records: bool) {
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

    fn describes(mut self, route: &Route) -> (Value, SchemaGenerator) {
        let mut notes = Vec::new();
        match route.access {
            Access::Role(role) => {
                self.may_refuse(&[Code::NotAuthenticated, Code::RoleRequired, Code::RowUnproven]);
                notes.push(format!("For the role `{}` and above.", role.name()));
            }
            Access::Gate => self.may_refuse(&[Code::NotAuthenticated]),
            Access::Public => notes.push("For everybody, without a token.".to_owned()),
        }
        self.may_refuse(route.codes);
        if route.needs_precondition {
            self.needs_precondition(route.statuses.contains(&201));
        }
        for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let schema = json!({"type": "string"});
            self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
        let mut operation = json!({
            "operationId": id(route),
            "tags": [tag(route.path)],
            "summary": route.summary,
            "description": notes.join(" "),
            "responses": self.responses(route),
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = Value::Array(self.parameters);
        }
        if let Some(schema) = self.body {
            operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        }
        if route.access == Access::Public {
            operation["security"] = json!([]);
        }
        (operation, self.answered)
    }

    fn responses(&self, route: &Route) -> Value {
        let mut responses = Map::new();
        let own = [self.status];
        for status in if route.statuses.is_empty() { &own } else { route.statuses } {
            let mut response = json!({"description": "Done."});
            if !self.content.is_empty() {
                response["content"] = Value::Object(self.content.clone());
            }
            if !self.headers.is_empty() {
                response["headers"] = Value::Object(self.headers.clone());
            }
            responses.insert(status.to_string(), response);
        }
        for code in &self.codes {
            let (_, status, _) = code.row();
            let same = |other: &&Code| other.row().1 == status;
            let (names, titles): (Vec<_>, Vec<_>) =
                self.codes.iter().filter(same).map(|code| (code.row().0, code.row().2)).unzip();
            let code = json!({"properties": {"code": {"enum": names}, "status": {"const": status.as_u16()}}});
            let schema = json!({"allOf": [{"$ref": "#/components/schemas/Problem"}, code]});
            let mut response = json!({
                "description": format!("{}.", titles.join(". ")),
                "content": {"application/problem+json": {"schema": schema}},
            });
            if matches!(status.as_u16(), 429 | 503) {
                let seconds = json!({"description": "Seconds to wait.", "schema": {"type": "integer"}});
                response["headers"] = json!({"Retry-After": seconds});
            }
            responses.insert(status.as_str().to_owned(), response);
        }
        Value::Object(responses)
    }
}

/// The schema of what is given, described in place: a type that is given and answered has another form each way.
pub fn given<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = T::json_schema(&mut settings.into_generator()).to_value();
    crate::http::openapi::bounds::complete(&mut schema);
    schema
}

/// The whole document.
pub fn document() -> Value {
    let mut answered = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let _ = answered.subschema_for::<Document<'_>>();
    let mut paths = Map::new();
    for route in api_table() {
        let mut operation = Operation::new(answered);
        (route.describe)(&mut operation);
        let (described, schemas) = operation.describes(&route);
        answered = schemas;
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.name().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lictor",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The REST API of Lictor's control plane. Moments are RFC 3339 in UTC. Errors are problem \
                documents (RFC 9457); branch on their `code`, which is stable.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer", "description": "The token of an account; its role says what it may do.",
            }},
            "schemas": answered.take_definitions(true),
        },
    })
}

/// The method and the path's words: `post_keys_id_revoke`.
fn id(route: &Route) -> String {
    let path = route.path.strip_prefix("/api/v1").unwrap_or(route.path);
    let words: Vec<_> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.verb.name().to_ascii_lowercase(), words.join("_"))
}

/// The noun of a path; `service` for what is not of the API's first version.
fn tag(path: &str) -> &str {
    path.strip_prefix("/api/v1/").and_then(|path| path.split('/').next()).unwrap_or("service")
}

/// A patch needs no field and sets none by default.
fn make_optional(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    fields.remove("required");
    fields.remove("default");
    for field in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        make_optional(field.1);
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
