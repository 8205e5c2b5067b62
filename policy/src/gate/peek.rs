//! A look at the first bytes of Odoo's answer, which is not buffered: what became of the call, for the audit record.

use crate::formats::xmlrpc;
use crate::road::{Road, Service};

/// Odoo's codes of faults over XML-RPC, which stand in the audit log whatever the road was.
const APPLICATION_ERROR: i64 = 1;
const WARNING: i64 = 2;
const ACCESS_DENIED: i64 = 3;
/// The code of an access error.
pub const ACCESS_ERROR: i64 = 4;

/// Whether an answer's start is a value (`Ok`) or a fault (`Err` with its code, if that is known); nothing if it is not
/// the start of an answer of the road. `status` is the HTTP status, 0 before it is known.
pub fn outcome(road: Road, status: u16, head: &[u8]) -> Option<Result<(), Option<i64>>> {
    match road.service() {
        Service::Object | Service::Common => xmlrpc::peek_answer(head),
        Service::JsonRpc => match result(head)? {
            Part::Result(_) => Some(Ok(())),
            Part::Error(error) => Some(Err(exception(&error))),
        },
        Service::Json2 => match status {
            0 => None,
            200..300 => Some(Ok(())),
            _ => Some(Err(exception(&String::from_utf8_lossy(head)).or(Some(status.into())))),
        },
        // Nothing is forwarded there.
        Service::Databases | Service::Bearer | Service::Upload | Service::Oauth | Service::Module => None,
    }
}

/// The whole numbers in the value that an answer starts with, at most `most`: the new ids in the answer to a `create`. Of a
/// list of records, as `web_save` answers, the id of the first.
pub fn numbers(road: Road, head: &[u8], most: usize) -> Vec<i64> {
    let text = String::from_utf8_lossy(head);
    let value = match road.service() {
        Service::Object | Service::Common => return xmlrpc::peek_numbers(head, most),
        Service::JsonRpc => match result(head) {
            Some(Part::Result(value)) => value,
            Some(Part::Error(_)) | None => return Vec::new(),
        },
        Service::Json2 => text.into_owned(),
        Service::Databases | Service::Bearer | Service::Upload | Service::Oauth | Service::Module => return Vec::new(),
    };
    let (list, whole) = match value.trim_start().strip_prefix('[') {
        Some(list) => list.split_once(']').map_or((list, false), |(list, _)| (list, true)),
        None => (value.trim_matches(['}', ' ', '\n']), true),
    };
    if let Some((id, _)) = list.trim_start().strip_prefix("{\"id\":").and_then(|record| record.split_once([',', '}'])) {
        return id.trim().parse().into_iter().take(most).collect();
    }
    let mut numbers: Vec<&str> = list.split(',').collect();
    if !whole {
        // The last may be cut off.
        numbers.pop();
    }
    numbers.into_iter().map_while(|number| number.trim().parse().ok()).take(most).collect()
}

/// Whether a fault, by its head and its tail, says that a field does not exist.
pub fn names_unknown_field(head: &[u8], tail: &[u8]) -> bool {
    const SAYS: &[u8] = b"Invalid field";
    [head, tail].iter().any(|part| memchr::memmem::find(part, SAYS).is_some())
}

enum Part<T> {
    Result(T),
    Error(T),
}

/// What follows `id` in an answer of `/jsonrpc`, which Odoo writes in a fixed order: `jsonrpc`, `id`, then `error` or
/// `result`, or neither for `None`.
fn result(head: &[u8]) -> Option<Part<String>> {
    let text = String::from_utf8_lossy(head);
    let (_, rest) = text.split_once("\"id\":")?;
    let rest = after_scalar(rest.trim_start())?.trim_start();
    if rest.starts_with('}') {
        return Some(Part::Result(String::new()));
    }
    let rest = rest.strip_prefix(',')?.trim_start();
    if let Some(value) = rest.strip_prefix("\"result\":") {
        return Some(Part::Result(value.trim_start().to_owned()));
    }
    rest.strip_prefix("\"error\":").map(|error| Part::Error(error.to_owned()))
}

/// What stands behind a number, `null` or a text.
fn after_scalar(text: &str) -> Option<&str> {
    let Some(inner) = text.strip_prefix('"') else { return text.find([',', '}']).and_then(|at| text.get(at..)) };
    let mut escaped = false;
    let end = inner.find(|character| {
        let closes = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        closes
    })?;
    inner.get(end + 1..)
}

/// The code that XML-RPC has for the exception whose name is the first in an error.
fn exception(error: &str) -> Option<i64> {
    let (_, rest) = error.split_once("\"name\":")?;
    let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(match name {
        "odoo.exceptions.AccessDenied" | "werkzeug.exceptions.Unauthorized" => ACCESS_DENIED,
        "odoo.exceptions.AccessError" => ACCESS_ERROR,
        "odoo.exceptions.UserError"
        | "odoo.exceptions.ValidationError"
        | "odoo.exceptions.MissingError"
        | "odoo.exceptions.RedirectWarning" => WARNING,
        _ => APPLICATION_ERROR,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odoos_answers_are_told_apart() {
        let rpc = |rest: &str| outcome(Road::JsonRpc, 200, format!(r#"{{"jsonrpc": "2.0", "id": {rest}"#).as_bytes());
        assert_eq!(rpc("7, \"result\": [1"), Some(Ok(())));
        assert_eq!(rpc("null}"), Some(Ok(())));
        assert_eq!(rpc(r#""a\", \"error\": ", "result": 1}"#), Some(Ok(())));
        let denied =
            r#""error": {"code": 0, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied""#;
        assert_eq!(rpc(&format!("7, {denied}")), Some(Err(Some(3))));
        assert_eq!(rpc("7, \"error\": {"), Some(Err(None)));
        assert_eq!(rpc("7"), None);
        assert_eq!(outcome(Road::JsonRpc, 200, b"<html>"), None);
        let two = |status, head: &str| outcome(Road::Json2, status, head.as_bytes());
        assert_eq!(two(0, ""), None);
        assert_eq!(two(200, "[{"), Some(Ok(())));
        assert_eq!(two(403, r#"{"name": "odoo.exceptions.AccessError", "message""#), Some(Err(Some(4))));
        assert_eq!(two(401, r#"{"name": "werkzeug.exceptions.Unauthorized""#), Some(Err(Some(3))));
        assert_eq!(two(404, "<!doctype html>"), Some(Err(Some(404))));
    }

    #[test]
    fn new_ids_are_found() {
        for (head, most, found) in [
            ("[57]", 10, vec![57]),
            ("57", 10, vec![57]),
            ("[1, 2, 31", 10, vec![1, 2]),
            ("[1, 2, 3]", 2, vec![1, 2]),
            ("[]", 10, vec![]),
            ("[7, \"name\"]", 10, vec![7]),
            ("[{\"id\": 7, \"parent_id\": 8}]", 10, vec![7]),
            ("[{\"id\": 7}]", 10, vec![7]),
            ("{\"a\": 1}", 10, vec![]),
        ] {
            assert_eq!(numbers(Road::Json2, head.as_bytes(), most), found, "{head}");
            let whole = format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {head}");
            assert_eq!(numbers(Road::JsonRpc, whole.as_bytes(), most), found, "{head}");
        }
        assert_eq!(numbers(Road::JsonRpc, b"{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": 57}", 10), [57]);
    }
}
