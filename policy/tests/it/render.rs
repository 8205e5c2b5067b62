//! XML-RPC as different clients write it: the same call in many spellings.

use lictor_policy::formats::value::Value;
use proptest::prelude::*;
use proptest::test_runner::TestRng;

use crate::damage::pick;

/// A value of any type and shape that a client may send.
pub(crate) fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-100i64..100).prop_map(Value::Int),
        (any::<i64>(), 0usize..19, -999i32..1000)
            .prop_map(|(digits, places, exponent)| Value::Decimal(decimal(digits, places, exponent).into())),
        any::<f64>()
            .prop_filter("XML-RPC has no nan", |f| f.is_finite())
            .prop_map(|f| Value::Double(f.to_string().into())),
        text().prop_map(|text| Value::String(text.into())),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| {
            use base64::Engine as _;
            Value::Base64(base64::engine::general_purpose::STANDARD.encode(bytes).into())
        }),
        (1u32..9999, 1u32..13, 1u32..29, 0u32..24, 0u32..60, 0u32..60)
            .prop_map(|(y, m, d, h, i, s)| Value::DateTime(format!("{y:04}{m:02}{d:02}T{h:02}:{i:02}:{s:02}").into())),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| Value::Struct(map.into_iter().map(|(name, value)| (name.into(), value)).collect())),
        ]
    })
}

/// A decimal with some of its digits behind the point, and an exponent.
fn decimal(digits: i64, places: usize, exponent: i32) -> String {
    let mut text = digits.to_string();
    let at = text.len().saturating_sub(places).max(usize::from(digits < 0));
    text.insert(at, '.');
    if exponent % 2 == 0 { text } else { format!("{text}E{exponent:+}") }
}

/// Text of every character that XML 1.0 has, markup and line ends among them.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['<', '>', '&', '"', '\'', ']', '\n', '\r', '\t', ' ']),
        1 => prop::char::range('\u{80}', '\u{d7ff}'),
        1 => prop::char::range('\u{e000}', '\u{fffd}'),
        1 => prop::char::range('\u{10000}', '\u{10ffff}'),
    ];
    proptest::collection::vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

/// Writes a call in a random spelling and encoding.
pub(crate) fn call(method: &str, params: &[Value<'_>], rng: &mut TestRng) -> Vec<u8> {
    let document = document(method, params, rng);
    if rng.random_bool(0.6) {
        return document.into_bytes();
    }
    // One byte a character: which one it is does not matter, as long as all read the same.
    let encoding = pick(rng, &["iso-8859-1", "ISO-8859-15", "windows-1252", "us-ascii"]);
    let mut bytes = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>").into_bytes();
    let (_, root) = document.split_once("<methodCall>").unwrap();
    for character in "<methodCall>".chars().chain(root.chars()) {
        match character {
            '\0'..='\x7f' => bytes.push(character as u8),
            _ if encoding != "us-ascii" && rng.random_bool(0.7) => bytes.push(rng.random_range(0x80..=0xff)),
            other => bytes.extend(format!("&#{};", u32::from(other)).bytes()),
        }
    }
    bytes
}

fn document(method: &str, params: &[Value<'_>], rng: &mut TestRng) -> String {
    let declaration = [
        "",
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "\u{feff}<?xml version=\"1.0\"?>",
    ];
    let mut out = pick(rng, &declaration).to_owned();
    out.push_str("<methodCall>");
    gap(&mut out, rng);
    out.push_str(&format!("<methodName>{method}</methodName>"));
    gap(&mut out, rng);
    out.push_str("<params>");
    for param in params {
        gap(&mut out, rng);
        out.push_str("<param>");
        gap(&mut out, rng);
        write(&mut out, param, rng);
        out.push_str("</param>");
    }
    gap(&mut out, rng);
    out.push_str("</params></methodCall>");
    gap(&mut out, rng);
    out
}

fn gap(out: &mut String, rng: &mut TestRng) {
    out.push_str(pick(rng, &["", "", "", " ", "\n  ", "\r\n", "<!-- a <value> comment -->"]));
}

fn write(out: &mut String, value: &Value<'_>, rng: &mut TestRng) {
    out.push_str(pick(rng, &["<value>", "<value>", "<value>", "<value\n>"]));
    match value {
        // White space before an untyped string would belong to it.
        Value::String(text) => string(out, text, rng),
        other => {
            gap(out, rng);
            typed(out, other, rng);
            gap(out, rng);
        }
    }
    out.push_str(pick(rng, &["</value>", "</value>", "</value>", "</value\t>"]));
}

fn string(out: &mut String, text: &str, rng: &mut TestRng) {
    let element = rng.random_bool(0.7);
    out.push_str(if element { "<string>" } else { "" });
    if !text.contains("]]>") && !text.contains('\r') && rng.random_bool(0.1) {
        out.push_str(&format!("<![CDATA[{text}]]>"));
    } else {
        for character in text.chars() {
            match character {
                '<' => out.push_str("&lt;"),
                '&' => out.push_str("&amp;"),
                '>' => out.push_str("&gt;"),
                '\r' => out.push_str("&#13;"),
                other if rng.random_bool(0.05) => out.push_str(&format!("&#x{:x};", u32::from(other))),
                other if rng.random_bool(0.02) => out.push_str(&format!("&#{};", u32::from(other))),
                other => out.push(other),
            }
        }
    }
    out.push_str(if element { "</string>" } else { "" });
}

fn typed(out: &mut String, value: &Value<'_>, rng: &mut TestRng) {
    match value {
        Value::Nil => out.push_str(pick(rng, &["<nil/>", "<nil></nil>", "<ex:nil/>"])),
        Value::Bool(truth) => out.push_str(&format!("<boolean>{}</boolean>", u8::from(*truth))),
        Value::Int(number) => {
            let tags = ["int", "i4", "i8", "i1", "i2", "biginteger", "ex:i8", "ex:i1", "ex:i2", "ex:biginteger"];
            number_in(out, &tags, &number.to_string(), rng);
        }
        Value::Double(digits) => number_in(out, &["double", "float", "ex:float"], digits, rng),
        Value::Decimal(digits) => number_in(out, &["bigdecimal", "ex:bigdecimal"], digits, rng),
        Value::String(text) => string(out, text, rng),
        Value::Base64(text) => out.push_str(&format!("<base64>\n{text}\n</base64>")),
        Value::DateTime(text) => out.push_str(&format!("<dateTime.iso8601>{text}</dateTime.iso8601>")),
        Value::Array(values) if values.is_empty() && rng.random_bool(0.5) => out.push_str("<array><data/></array>"),
        Value::Array(values) => {
            out.push_str("<array>");
            gap(out, rng);
            out.push_str("<data>");
            for value in values {
                gap(out, rng);
                write(out, value, rng);
            }
            gap(out, rng);
            out.push_str("</data></array>");
        }
        Value::Struct(members) if members.is_empty() && rng.random_bool(0.5) => out.push_str("<struct/>"),
        Value::Struct(members) => {
            out.push_str("<struct>");
            for (name, value) in members {
                gap(out, rng);
                out.push_str("<member>");
                gap(out, rng);
                out.push_str("<name>");
                let mut escaped = String::new();
                string(&mut escaped, name, rng);
                out.push_str(escaped.trim_start_matches("<string>").trim_end_matches("</string>"));
                out.push_str("</name>");
                gap(out, rng);
                write(out, value, rng);
                gap(out, rng);
                out.push_str("</member>");
            }
            out.push_str("</struct>");
        }
    }
}

/// A number in one of some elements, with white space round it.
fn number_in(out: &mut String, tags: &[&str], digits: &str, rng: &mut TestRng) {
    let tag = pick(rng, tags);
    let [before, behind] = [(), ()].map(|()| pick(rng, &["", "", "", " ", "\n\t", "\r\n "]));
    out.push_str(&format!("<{tag}>{before}{digits}{behind}</{tag}>"));
}

/// Pieces that mean something in a document, and behind which bytes: see [`damage`](crate::damage::damage).
pub(crate) const PIECES: &[&str] = &[
    "<methodName>execute</methodName>",
    "<params><param><value>x</value></param></params>",
    "</params><params>",
    "<!DOCTYPE x [<!ENTITY e \"z\">]>",
    "&e;",
    "<?pi?>",
    "<value><int>2</int></value>",
    "<value><string>unlink</string></value>",
    "<name>context</name>",
    "<string>",
    "</value>",
    "<data>",
    "<nil/>",
    "<!-- -->",
    "<!-- a --->",
    "<!-- a -- b -->",
    "<![CDATA[x]]>",
    "<![cdata[x]]>",
    "<value a='>'>",
    "<x:int xmlns:x=\"y\">1</x:int>",
    "_",
    " ",
    "\n",
    "E999999999",
    "<value><string>7</string></value>",
    "<value><ex:bigdecimal>1</ex:bigdecimal></value>",
    "<value><array><data/></array></value>",
    "&#0;",
    "&#x110000;",
    "&#+65;",
    "&amp",
    "]]>",
];
pub(crate) const BORDERS: &[u8] = b">";
