//! `/jsonrpc`: the services of XML-RPC in another form. Odoo looks at `id` and `params` only.

use std::borrow::Cow;

use crate::call::{BadCall, Parameter};
use crate::formats::json;
use crate::formats::value::{Members, Value, member};
use crate::formats::xmlrpc::MethodCall;
use crate::refusal::Refusal;

/// The longest text that is echoed as an id, in bytes.
pub(crate) const MAX_ID: usize = 128;

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The `service`: `object`, `common` or `db`.
    pub service: Cow<'a, str>,
    /// The service's method and its arguments.
    pub call: MethodCall<'a>,
}

/// The `id`, as JSON, for the answer: `null` where there is none that can be echoed.
pub fn id(body: &Value<'_>) -> String {
    let mut out = String::new();
    let Value::Struct(members) = body else { return "null".to_owned() };
    match member(members, "id") {
        Some(id) if is_id(id) => json::write(&mut out, id),
        _ => out.push_str("null"),
    }
    out
}

/// Reads a request.
///
/// # Errors
/// Everything that is not exactly one call, batches too, also when Odoo would take it.
pub fn read(body: Value<'_>) -> Result<Request<'_>, BadCall> {
    let members = match body {
        Value::Struct(members) => members,
        Value::Array(_) => return Err(BadCall::Batch),
        _ => return Err(BadCall::Shape(Parameter::Document)),
    };
    let mut params = None;
    for (name, value) in members {
        match (name.as_ref(), value) {
            ("params", Value::Struct(found)) => params = Some(found),
            ("id", value) if is_id(&value) => {}
            ("jsonrpc", Value::String(version)) if version == "2.0" => {}
            ("method", Value::String(_)) => {}
            ("params", _) => return Err(BadCall::Shape(Parameter::Params)),
            ("id", _) => return Err(BadCall::Shape(Parameter::Id)),
            ("jsonrpc", _) => return Err(BadCall::Shape(Parameter::JsonRpc)),
            ("method", _) => return Err(BadCall::Shape(Parameter::Call)),
            _ => return Err(BadCall::Member(Parameter::Document)),
        }
    }
    service_call(params.ok_or(BadCall::Missing(Parameter::Params))?)
}

fn service_call(params: Members<'_>) -> Result<Request<'_>, BadCall> {
    let (mut service, mut method, mut args) = (None, None, None);
    for (name, value) in params {
        match (name.as_ref(), value) {
            ("service", Value::String(name)) => service = Some(name),
            ("method", Value::String(name)) => method = Some(name),
            ("args", Value::Array(values)) => args = Some(values),
            ("service", _) => return Err(BadCall::Shape(Parameter::Service)),
            ("method", _) => return Err(BadCall::Shape(Parameter::ServiceMethod)),
            ("args", _) => return Err(BadCall::Shape(Parameter::ServiceArgs)),
            _ => return Err(BadCall::Member(Parameter::Params)),
        }
    }
    let service = service.ok_or(BadCall::Missing(Parameter::Service))?;
    let method = method.ok_or(BadCall::Missing(Parameter::ServiceMethod))?;
    let params = args.ok_or(BadCall::Missing(Parameter::ServiceArgs))?;
    Ok(Request { service, call: MethodCall { method, params } })
}

/// The request that is forwarded. `id` is JSON.
pub fn write_call(service: &str, call: &MethodCall<'_>, id: &str, size_hint: usize) -> String {
    let mut out = String::with_capacity(size_hint);
    out.push_str(r#"{"jsonrpc":"2.0","method":"call","id":"#);
    out.push_str(id);
    out.push_str(r#","params":{"service":"#);
    json::write_string(&mut out, service);
    out.push_str(r#","method":"#);
    json::write_string(&mut out, &call.method);
    out.push_str(r#","args":["#);
    for (at, param) in call.params.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write(&mut out, param);
    }
    out.push_str("]}}");
    out
}

/// An answer with a value.
pub fn write_result(value: &Value<'_>, id: &str) -> String {
    let mut out = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"#);
    json::write(&mut out, value);
    out.push('}');
    out
}

/// An answer with an error, in Odoo's shape.
pub fn write_error(refusal: &Refusal, decision_id: &str, id: &str) -> String {
    let mut out = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{},"message":"#, refusal.reason.row().code);
    json::write_string(&mut out, "Refused by the gate");
    out.push_str(r#","data":"#);
    json::write(&mut out, &error(refusal, decision_id));
    out.push_str("}}");
    out
}

/// What Odoo writes of an exception on its JSON roads.
pub(crate) fn error(refusal: &Refusal, decision_id: &str) -> Value<'static> {
    let text = refusal.fault_string(decision_id);
    Value::Struct(vec![
        ("name".into(), Value::String(refusal.reason.row().name.into())),
        ("message".into(), Value::String(text.clone().into())),
        ("arguments".into(), Value::Array(vec![Value::String(text.into())])),
        ("context".into(), Value::Struct(Members::new())),
        ("debug".into(), Value::String("".into())),
    ])
}

/// What JSON-RPC allows as an id.
fn is_id(value: &Value<'_>) -> bool {
    match value {
        Value::Nil | Value::Int(_) => true,
        Value::Double(text) | Value::String(text) => text.len() <= MAX_ID,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_is_read_and_written() {
        let text =
            r#"{"jsonrpc":"2.0","method":"call","id":"a\"","params":{"service":"object","method":"m","args":[1,[]]}}"#;
        let value = json::read(text.as_bytes()).unwrap();
        let id = id(&value);
        let Request { service, call } = read(value).unwrap();
        assert_eq!(write_call(&service, &call, &id, 0), text);
    }

    #[test]
    fn all_else_is_refused() {
        for (text, error) in [
            ("[]", BadCall::Batch),
            (r#"[{"params":{"service":"object","method":"m","args":[]}}]"#, BadCall::Batch),
            ("1", BadCall::Shape(Parameter::Document)),
            ("{}", BadCall::Missing(Parameter::Params)),
            (r#"{"params":{"service":"object","method":"m"}}"#, BadCall::Missing(Parameter::ServiceArgs)),
            (r#"{"params":{"service":"object","method":"m","args":"abc"}}"#, BadCall::Shape(Parameter::ServiceArgs)),
            (r#"{"params":{"service":"object","method":"m","args":{"a":1}}}"#, BadCall::Shape(Parameter::ServiceArgs)),
            (r#"{"params":["object","m",[]]}"#, BadCall::Shape(Parameter::Params)),
            (r#"{"id":{},"params":{"service":"object","method":"m","args":[]}}"#, BadCall::Shape(Parameter::Id)),
            (
                r#"{"jsonrpc":"1.0","params":{"service":"object","method":"m","args":[]}}"#,
                BadCall::Shape(Parameter::JsonRpc),
            ),
            (
                r#"{"params":{"service":"object","method":"m","args":[],"context":{}}}"#,
                BadCall::Member(Parameter::Params),
            ),
            (
                r#"{"extra":1,"params":{"service":"object","method":"m","args":[]}}"#,
                BadCall::Member(Parameter::Document),
            ),
        ] {
            assert_eq!(read(json::read(text.as_bytes()).unwrap()), Err(error), "{text}");
        }
    }

    #[test]
    fn only_short_plain_ids_are_echoed() {
        for (body, echoed) in [
            (r#"{"id":7}"#.to_owned(), "7"),
            (r#"{"id":"x"}"#.to_owned(), "\"x\""),
            (r#"{"id":[1]}"#.to_owned(), "null"),
            ("[]".to_owned(), "null"),
            (format!(r#"{{"id":"{}"}}"#, "x".repeat(200)), "null"),
        ] {
            assert_eq!(id(&json::read(body.as_bytes()).unwrap()), echoed);
        }
    }
}
