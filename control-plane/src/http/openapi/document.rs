//! The description of the REST API in OpenAPI 3.1, made from the table of routes and the types of their handlers.

#![expect(
    clippy::indexing_slicing,
    reason = "of JSON objects that are made here: reading a field that is not there is null, and writing one makes it"
)]

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::domain::problem::Code;
use crate::http::openapi::operation::Operation;
use crate::http::problem::Document;
use crate::http::route::{Access, Route, Verb};

/// The whole document of some routes.
pub fn document<S>(routes: &[Route<S>]) -> Value {
    let mut answered = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let _ = answered.subschema_for::<Document<'_>>();
    let mut paths = Map::new();
    for route in routes {
        let mut operation = Operation::new(answered);
        (route.describe)(&mut operation);
        let (described, schemas) = operation.describes(route);
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
        "security": [{"token": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token of an account; its role says what it may do.",
                },
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-lictor",
                    "description": "The session of a browser, which `POST /api/v1/sign-in` gives with `cookie`; by http its \
                        name is `lictor`. Every request but `GET` needs the header `X-CSRF-Token` with the `csrf_token` of \
                        `GET /api/v1/me`. A token in the header `Authorization` goes before it.",
                },
            },
            "schemas": answered.take_definitions(true),
        },
    })
}

impl Operation {
    fn describes<S>(mut self, route: &Route<S>) -> (Value, SchemaGenerator) {
        let mut notes = Vec::new();
        match route.access {
            Access::Role(role) => {
                self.may_refuse(&[Code::NotAuthenticated, Code::RoleRequired, Code::RowUnproven]);
                if route.verb != Verb::Get {
                    self.may_refuse(&[Code::Csrf]);
                }
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

    fn responses<S>(&self, route: &Route<S>) -> Value {
        let mut responses = Map::new();
        let own = [self.status];
        for status in if route.statuses.is_empty() { &own } else { route.statuses } {
            let mut response = json!({"description": "Done."});
            if !self.content.is_empty() && *status != 204 {
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

/// The method and the path's words: `post_keys_id_revoke`.
fn id<S>(route: &Route<S>) -> String {
    let path = route.path.strip_prefix("/api/v1").unwrap_or(route.path);
    let words: Vec<_> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.verb.name().to_ascii_lowercase(), words.join("_"))
}

/// The noun of a path; `service` for what is not of the API's first version.
fn tag(path: &str) -> &str {
    path.strip_prefix("/api/v1/").and_then(|path| path.split('/').next()).unwrap_or("service")
}
