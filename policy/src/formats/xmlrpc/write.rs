//! The canonical writer: one form for every value, read by every XML-RPC parser as the same value.

use crate::formats::bytes::{self, Word};
use crate::formats::value::Value;
use crate::formats::xmlrpc::{Fault, MethodCall};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// Writes a `methodCall`, in UTF-8.
pub fn write_call(call: &MethodCall<'_>, size_hint: usize) -> String {
    let mut out = String::with_capacity(size_hint);
    out.push_str(DECLARATION);
    out.push_str("<methodCall><methodName>");
    escape(&mut out, &call.method);
    out.push_str("</methodName><params>");
    for param in &call.params {
        out.push_str("<param>");
        value(&mut out, param);
        out.push_str("</param>");
    }
    out.push_str("</params></methodCall>");
    out
}

/// Writes a `methodResponse` with a value.
pub fn write_response(answer: &Value<'_>) -> String {
    let mut out = format!("{DECLARATION}<methodResponse><params><param>");
    value(&mut out, answer);
    out.push_str("</param></params></methodResponse>");
    out
}

/// Writes a `methodResponse` with a fault.
pub fn write_fault(fault: &Fault) -> String {
    let mut out = format!("{DECLARATION}<methodResponse><fault>");
    let members = vec![
        ("faultCode".into(), Value::Int(fault.code)),
        ("faultString".into(), Value::String((&fault.string).into())),
    ];
    value(&mut out, &Value::Struct(members));
    out.push_str("</fault></methodResponse>");
    out
}

/// Recursion is bounded by the reader's depth; what Lictor itself writes is shallow.
fn value(out: &mut String, given: &Value<'_>) {
    out.push_str("<value>");
    match given {
        Value::Nil => out.push_str("<nil/>"),
        Value::Bool(truth) => element(out, "boolean", if *truth { "1" } else { "0" }),
        // `int` has 32 bits by the specification; Python reads both the same.
        Value::Int(number) => {
            let tag = if i32::try_from(*number).is_ok() { "int" } else { "i8" };
            element(out, tag, itoa::Buffer::new().format(*number));
        }
        Value::Double(digits) => element(out, "double", digits),
        // By Apache's name without its prefix, which Python does not ask for.
        Value::Decimal(digits) => element(out, "bigdecimal", digits),
        Value::String(text) => {
            out.push_str("<string>");
            escape(out, text);
            out.push_str("</string>");
        }
        Value::Base64(text) => element(out, "base64", text),
        Value::DateTime(text) => element(out, "dateTime.iso8601", text),
        Value::Array(values) => {
            out.push_str("<array><data>");
            for item in values {
                value(out, item);
            }
            out.push_str("</data></array>");
        }
        Value::Struct(members) => {
            out.push_str("<struct>");
            for (name, item) in members {
                out.push_str("<member><name>");
                escape(out, name);
                out.push_str("</name>");
                value(out, item);
                out.push_str("</member>");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>");
}

fn element(out: &mut String, tag: &str, text: &str) {
    for piece in ["<", tag, ">", text, "</", tag, ">"] {
        out.push_str(piece);
    }
}

/// A bare carriage return would be read as a line feed; `>` is escaped because of `]]>`.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = first_escaped(rest) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        out.push_str(match characters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => "&#13;",
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
}

fn first_escaped(text: &str) -> Option<usize> {
    let may_hold = |word: Word| word.holds(b'&') | word.holds(b'<') | word.holds(b'>') | word.holds(b'\r');
    bytes::find(text.as_bytes(), may_hold, |byte| matches!(byte, b'&' | b'<' | b'>' | b'\r'))
}
