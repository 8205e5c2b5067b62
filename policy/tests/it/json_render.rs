//! JSON as different clients write it: the same value in many spellings.

use lictor_policy::formats::value::Value;
use proptest::prelude::*;
use proptest::test_runner::TestRng;

use crate::damage::pick;

/// A value of any type and shape that JSON has.
pub(crate) fn value() -> impl Strategy<Value = Value<'static>> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| Value::Struct(map.into_iter().map(|(name, value)| (name.into(), value)).collect())),
        ]
    })
}

/// A value that is neither an array nor an object.
pub(crate) fn scalar() -> impl Strategy<Value = Value<'static>> {
    let double = prop_oneof![
        any::<f64>().prop_filter("JSON has no nan", |f| f.is_finite()).prop_map(|f| format!("{f:e}")),
        Just("-0.0".to_owned()),
        Just("1.50".to_owned()),
        Just("123456789012345678901234567890.5E-3".to_owned()),
    ];
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-100i64..100).prop_map(Value::Int),
        // As JSON tells them apart: a double has a fraction or an exponent.
        double.prop_map(|digits| Value::Double(digits.into())),
        text().prop_map(|text| Value::String(text.into())),
    ]
}

/// Text of every character that there is.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['"', '\\', '/', '\n', '\r', '\t', '\0', '\u{1f}', '\u{7f}', '\u{2028}', '\u{feff}']),
        1 => any::<char>(),
    ];
    proptest::collection::vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

/// Writes a value in a random spelling.
pub(crate) fn write(out: &mut String, value: &Value<'_>, rng: &mut TestRng) {
    gap(out, rng);
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => out.push_str(&truth.to_string()),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Double(digits) => out.push_str(digits),
        Value::String(text) | Value::Base64(text) | Value::DateTime(text) | Value::Decimal(text) => {
            string(out, text, rng);
        }
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(out, value, rng);
            }
            gap(out, rng);
            out.push(']');
        }
        Value::Struct(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                gap(out, rng);
                string(out, name, rng);
                gap(out, rng);
                out.push(':');
                write(out, value, rng);
            }
            gap(out, rng);
            out.push('}');
        }
    }
    gap(out, rng);
}

fn gap(out: &mut String, rng: &mut TestRng) {
    out.push_str(pick(rng, &["", "", "", "", " ", "\n  ", "\r\n\t"]));
}

fn string(out: &mut String, text: &str, rng: &mut TestRng) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if rng.random_bool(0.5) => out.push_str("\\/"),
            '\n' if rng.random_bool(0.5) => out.push_str("\\n"),
            other if other < ' ' || rng.random_bool(0.1) => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&if rng.random_bool(0.5) {
                        format!("\\u{unit:04x}")
                    } else {
                        format!("\\u{unit:04X}")
                    });
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Pieces that mean something in a document, and behind which bytes: see [`damage`](crate::damage::damage).
pub(crate) const PIECES: &[&str] = &[
    "\"ids\":[2],",
    "\"__method__\":\"unlink\",",
    "\"context\":{\"a\":1},",
    ",\"args\":[]",
    "NaN",
    "\"7\"",
    "Infinity",
    "1e999",
    "9223372036854775808",
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "/* */",
    "//",
    ",",
    "null",
    "[]",
    "{}",
    "\"",
    "\u{feff}",
    "0",
];
pub(crate) const BORDERS: &[u8] = b"{,[:";
