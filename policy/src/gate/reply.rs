//! What the gate answers in Odoo's place, in the form that the clients of each road read.

use crate::call::jsonrpc;
use crate::formats::json;
use crate::formats::value::Value;
use crate::formats::xmlrpc::{self, Fault};
use crate::refusal::Refusal;
use crate::road::{Road, Service};

/// An answer of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub kind: &'static str,
    /// The body.
    pub document: String,
}

/// XML's `Content-Type`.
pub const XML: &str = "text/xml";
/// JSON's `Content-Type`.
pub const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// The answer with a value. `id` is that of a JSON-RPC request, as JSON.
pub fn value(road: Road, value: &Value<'_>, id: Option<&str>) -> Reply {
    let (kind, document) = match road.service() {
        Service::JsonRpc => (JSON, jsonrpc::write_result(value, id.unwrap_or("null"))),
        Service::Json2 | Service::Bearer | Service::Oauth | Service::Module => (JSON, written(value)),
        Service::Object | Service::Common | Service::Databases | Service::Upload => {
            (XML, xmlrpc::write_response(value))
        }
    };
    Reply { status: 200, kind, document }
}

/// The answer to a refused request: over XML-RPC a fault and over JSON-RPC an error, both with HTTP 200 as their clients
/// expect; over JSON-2 the status, and Odoo's shape of an error; on the pages of the MCP module the status and its shape.
pub fn refusal(road: Road, refusal: &Refusal, decision_id: &str, id: Option<&str>) -> Reply {
    let code = refusal.reason.row().code;
    let (status, kind, document) = match road.service() {
        Service::JsonRpc => (200, JSON, jsonrpc::write_error(refusal, decision_id, id.unwrap_or("null"))),
        Service::Json2 | Service::Bearer | Service::Oauth => {
            (code, JSON, written(&jsonrpc::error(refusal, decision_id)))
        }
        Service::Module => (code, JSON, written(&module_error(refusal, decision_id))),
        Service::Upload => (code, TEXT, refusal.fault_string(decision_id)),
        Service::Databases if road == Road::DatabaseForms => (code, TEXT, refusal.fault_string(decision_id)),
        Service::Object | Service::Common | Service::Databases => {
            let fault = Fault { code: code.into(), string: refusal.fault_string(decision_id) };
            (200, XML, xmlrpc::write_fault(&fault))
        }
    };
    Reply { status, kind, document }
}

fn written(value: &Value<'_>) -> String {
    let mut document = String::new();
    json::write(&mut document, value);
    document
}

/// The shape of an error of Odoo's MCP module.
fn module_error(refusal: &Refusal, decision_id: &str) -> Value<'static> {
    let error = vec![
        ("code".into(), Value::String(refusal.reason.row().name.into())),
        ("message".into(), Value::String(refusal.fault_string(decision_id).into())),
    ];
    Value::Struct(vec![("success".into(), Value::Bool(false)), ("error".into(), Value::Struct(error))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Reason;

    #[test]
    fn each_road_has_its_own_form_of_a_refusal() {
        let no = Refusal::explained(Reason::ScopeDenied, "Say \"please\".");
        let text = "scope_denied: Say \\\"please\\\". (decision d)";
        let error =
            format!(r#"{{"name":"scope_denied","message":"{text}","arguments":["{text}"],"context":{{}},"debug":""}}"#);
        let reply = |road, id| {
            let Reply { status, document, .. } = refusal(road, &no, "d", id);
            (status, document)
        };
        assert_eq!(reply(Road::Json2, None), (403, error.clone()));
        let whole = format!(
            r#"{{"jsonrpc":"2.0","id":7,"error":{{"code":403,"message":"Refused by the gate","data":{error}}}}}"#
        );
        assert_eq!(reply(Road::JsonRpc, Some("7")), (200, whole));
        let (status, fault) = reply(Road::Mcp, None);
        assert!(status == 200 && fault.contains("<int>403</int>"));
    }
}
