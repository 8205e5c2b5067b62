//! JSON as different clients write it: the same value in many spellings.

use lictor_policy::value::Value;
use proptest::prelude::*;
use proptest::test_runner::TestRng;

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
        Value::String(text) | Value::Base64(text) | Value::DateTime(text) => string(out, text, rng),
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

fn pick<'s>(rng: &mut TestRng, from: &[&'s str]) -> &'s str {
    from[rng.random_range(0..from.len())]
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

/// Damages a body: bytes changed, dropped, doubled, and pieces that mean something put where they do not belong.
pub(crate) fn mutate(body: &str, rng: &mut TestRng) -> Vec<u8> {
    const PIECES: &[&str] = &[
        "\"ids\":[2],",
        "\"__method__\":\"unlink\",",
        "\"context\":{\"a\":1},",
        ",\"args\":[]",
        "NaN",
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
    let mut bytes = body.as_bytes().to_vec();
    for _ in 0..rng.random_range(1..3) {
        let at = rng.random_range(0..bytes.len().max(1)).min(bytes.len());
        let length = rng.random_range(0..20).min(bytes.len() - at);
        match rng.random_range(0..5) {
            0 => drop(bytes.splice(at..at, pick(rng, PIECES).bytes())),
            1 => drop(bytes.drain(at..at + length)),
            2 => {
                let copy = bytes[at..at + length].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            3 if at < bytes.len() => bytes[at] = rng.random(),
            _ => {
                // Behind a brace or comma a piece has the best chance to be taken for part of the document.
                let border = |byte: &u8| matches!(byte, b'{' | b',' | b'[' | b':');
                let place = bytes[at..].iter().position(border).map_or(bytes.len(), |next| at + next + 1);
                drop(bytes.splice(place..place, pick(rng, PIECES).bytes()));
            }
        }
    }
    bytes
}
