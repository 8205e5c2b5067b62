//! One change of one record: how a plan shows it, and how it is done.

use axum::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::remote::client::Condition;
use crate::cli::remote::policy::record::Record;
use crate::cli::remote::settings;
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::print::printable;
use crate::domain::policy::difference::{Field, Kind, of_new};

/// One change of one record.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The kind of change.
    pub change: Kind,
    /// The kind of record, such as `permission`.
    pub noun: &'static str,
    /// The name of the record.
    pub name: String,
    /// The fields that change; those of a new record that are not empty.
    pub fields: Vec<Field>,
    /// Whether it loosens the policy, as far as the service has said so.
    pub loosens: bool,
    /// The fields for which that is so.
    pub loosened_fields: Vec<String>,
    /// The path of the record, if there is one by now.
    #[serde(skip)]
    pub record: Option<String>,
    /// How it is done.
    #[serde(skip)]
    pub request: Request,
}

/// A write of the API.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path after `/api/v1/`.
    pub path: String,
    /// The body, without a secret.
    pub body: Option<Value>,
    /// The condition of the write.
    pub condition: Condition,
    /// Whether the body needs an `upstream.secret`.
    pub needs_secret: bool,
    /// Where that is, if the policy file says so.
    pub secret: Option<SecretSource>,
    /// The reference of the user that the body's `user_id` is to name.
    pub user: Option<String>,
}

/// The plan as text, in the manner of a diff.
pub fn shown(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let sign = match change.change {
            Kind::Add => '+',
            Kind::Alter => '~',
            Kind::Remove => '-',
        };
        text.push_str(printable(format!("{sign} {} {}", change.noun, change.name).trim_end()).as_str());
        text.push_str(if change.loosens { "  LOOSENS\n" } else { "\n" });
        for Field { field, before, after } in &change.fields {
            let line = match change.change {
                Kind::Alter => format!("    {field}: {before} -> {after}"),
                _ => format!("    {field}: {after}"),
            };
            text.push_str(&printable(&line));
            // A flag of a permission is a field of its own, and so is each setting.
            let loosens = change.loosened_fields.iter().any(|name| name == field);
            text.push_str(if loosens { "  LOOSENS\n" } else { "\n" });
        }
    }
    text
}

impl Change {
    /// Whether names of models stand in it, which the service looks at.
    pub(crate) fn names_models(&self) -> bool {
        matches!(self.noun, "permission" | "key" | "settings")
    }

    pub(crate) fn add(noun: &'static str, name: String, path: &str, body: Value) -> Self {
        let fields = of_new(&body);
        let request = Request {
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body),
            condition: Condition::Any,
            needs_secret: false,
            secret: None,
            user: None,
        };
        let (loosens, loosened_fields) = (false, Vec::new());
        Self { change: Kind::Add, noun, name, fields, loosens, loosened_fields, record: None, request }
    }

    pub(crate) fn alter(noun: &'static str, name: String, fields: Vec<Field>, record: &Record, body: Value) -> Self {
        let request = Request::on(Method::PATCH, record, Some(body));
        let (record, loosens, loosened_fields) = (Some(record.path.clone()), false, Vec::new());
        Self { change: Kind::Alter, noun, name, fields, loosens, loosened_fields, record, request }
    }
}

/// How the plan shows that a secret is sent.
pub(crate) fn secret_field(source: Option<&SecretSource>) -> Field {
    let place = match source {
        Some(SecretSource::Variable(name)) => format!("from the environment variable {name}"),
        Some(SecretSource::File(path)) => format!("from the file {}", path.display()),
        None => "is needed: add secret_from_env or secret_from_file".to_owned(),
    };
    Field { field: "upstream.secret".to_owned(), before: json!("stored"), after: Value::String(place) }
}

impl Request {
    /// A write on a record that is as it was read.
    pub(crate) fn on(method: Method, record: &Record, body: Option<Value>) -> Self {
        let condition = record.etag.clone().map_or(Condition::Any, Condition::Unchanged);
        Self { method, path: record.path.clone(), body, condition, needs_secret: false, secret: None, user: None }
    }
}

/// The body that changes these fields; none if there are none.
pub(crate) fn patch(fields: &[Field]) -> Option<Value> {
    if fields.is_empty() {
        return None;
    }
    let assignments = fields.iter().map(|field| (field.field.clone(), field.after.clone()));
    Some(settings::patch(assignments))
}
