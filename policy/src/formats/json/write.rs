//! The canonical writer: one form for every value, read by every JSON parser as the same value.

use std::borrow::Cow;

use crate::formats::json::escapes::first_escaped;
use crate::formats::value::Value;

/// Appends a value. Doubles keep their digits, which are those that a JSON reader took or Rust wrote; what only XML-RPC
/// has, bytes and moments, become their text.
pub fn write(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => out.push_str(itoa::Buffer::new().format(*number)),
        Value::Double(digits) => out.push_str(digits),
        Value::String(text) | Value::Base64(text) | Value::DateTime(text) | Value::Decimal(text) => {
            write_string(out, text);
        }
        Value::Array(values) => {
            out.push('[');
            for (at, item) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Struct(members) => {
            out.push('{');
            for (at, (name, item)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                write(out, item);
            }
            out.push('}');
        }
    }
}

/// Appends a text: quotes, backslashes and control characters escaped, the rest as it is.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = first_escaped(rest) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        out.push_str(&match characters.next() {
            Some('"') => Cow::Borrowed("\\\""),
            Some('\\') => Cow::Borrowed("\\\\"),
            Some('\n') => Cow::Borrowed("\\n"),
            other => Cow::Owned(format!("\\u{:04x}", u32::from(other.unwrap_or_default()))),
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::json::read;

    #[test]
    fn what_was_read_is_written_with_one_meaning() {
        for (given, written) in [
            (" { \"a\" : [ 1 , 2.50 , true , null ] } ", r#"{"a":[1,2.50,true,null]}"#),
            (r#""\u00e9\ud83d\ude00\u0000\/\b""#, "\"é\u{1f600}\\u0000/\\u0008\""),
            ("\"\\\"\\\\\\n\u{2028}\u{7f}\"", "\"\\\"\\\\\\n\u{2028}\u{7f}\""),
            ("[]", "[]"),
            ("{}", "{}"),
        ] {
            let mut out = String::new();
            write(&mut out, &read(given.as_bytes()).unwrap());
            assert_eq!(out, written);
        }
    }
}
