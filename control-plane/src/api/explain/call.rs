//! A call as far as it is given, read by the code that reads a client's.

use std::borrow::Cow;

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::MethodCall;
use lictor_policy::odoo::operations;
use serde_json::{Map, Value as Given};

use crate::domain::problem::{Problem, Result};

/// A call, as far as it is given.
pub(super) struct GivenCall {
    pub model: String,
    pub method: String,
    pub args: Option<Vec<Given>>,
    pub kwargs: Map<String, Given>,
    pub database: Option<String>,
    pub uid: Option<i64>,
}

impl GivenCall {
    /// The call; where it names no database or user, that of the key.
    pub(super) fn read(&self, database: &str, uid: i64) -> Result<Call<'_>> {
        let args = match &self.args {
            Some(args) => args.iter().map(value).collect(),
            None if operations::method(&self.method).is_some_and(|method| method.ids) => {
                vec![Value::Array(vec![Value::Int(1)])]
            }
            None => Vec::new(),
        };
        let database = self.database.as_deref().unwrap_or(database).to_owned();
        let params = vec![
            Value::String(Cow::Owned(database)),
            Value::Int(self.uid.unwrap_or(uid)),
            Value::String(Cow::Borrowed("")),
            Value::String(Cow::Borrowed(&self.model)),
            Value::String(Cow::Borrowed(&self.method)),
            Value::Array(args),
            members(&self.kwargs),
        ];
        Call::read(MethodCall { method: Cow::Borrowed("execute_kw"), params })
            .map_err(|bad| Problem::invalid(self.bad_field(), format!("This is no call: {bad}.")))
    }

    /// The field that keeps it from being a call: a name, or else the context.
    fn bad_field(&self) -> &'static str {
        let is_name = |name: &str| (1..=256).contains(&name.len());
        match self {
            Self { database: Some(database), .. } if !is_name(database) => "database",
            Self { model, .. } if !is_name(model) => "model",
            Self { method, .. } if !is_name(method) => "method",
            _ => "kwargs.context",
        }
    }
}

fn members(object: &Map<String, Given>) -> Value<'_> {
    Value::Struct(object.iter().map(|(name, json)| (Cow::Borrowed(name.as_str()), value(json))).collect())
}

fn value(json: &Given) -> Value<'_> {
    match json {
        Given::Null => Value::Nil,
        Given::Bool(flag) => Value::Bool(*flag),
        Given::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Double(Cow::Owned(number.to_string())),
        },
        Given::String(text) => Value::String(Cow::Borrowed(text)),
        Given::Array(items) => Value::Array(items.iter().map(value).collect()),
        Given::Object(object) => members(object),
    }
}
