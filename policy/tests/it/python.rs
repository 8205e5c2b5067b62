//! Whatever the gate forwards, Python's `xmlrpc.client.loads` reads as exactly the call that was decided.

use std::collections::BTreeMap;
use std::process::Command;

use base64::Engine as _;
use lictor_policy::call::Call;
use lictor_policy::decide::Trace;
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc;
use lictor_policy::gate::{Body, Forward, Policy, Verdict};
use lictor_policy::road::Road;
use proptest::prelude::RngExt as _;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::damage::damage;
use crate::oracle::{self, Oracle};
use crate::render;
use crate::setting::{self, DATABASE, Memory, NOW, SECRET, UID};

#[test]
fn what_is_forwarded_is_what_was_decided() {
    let snapshot = oracle::open(setting::policy());
    let mut memory = Memory::default();
    let mut oracle = Oracle::start();
    let mut runner = oracle::runner();
    let arguments = proptest::collection::vec(render::value(), 0..4);
    for number in 0..oracle::bodies() {
        let args = arguments.new_tree(&mut runner).unwrap().current();
        let original = body(args, &mut runner);
        let damaged = number % 2 == 1;
        let bytes = if damaged { damage(&original, render::PIECES, render::BORDERS, runner.rng()) } else { original };
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let verdict = setting::verdict(
            policy,
            Road::Mcp,
            Body::Whole(&bytes),
            setting::facts(),
            &mut memory,
            &mut Trace::default(),
        );
        let Verdict::Forward(Forward { document, .. }) = verdict else { continue };
        let text = xmlrpc::decode(&bytes).unwrap();
        let call = Call::read(xmlrpc::read_call(&text).unwrap()).unwrap();
        let base64 = base64::engine::general_purpose::STANDARD;
        let case = json!({
            "road": "xmlrpc",
            "forwarded": base64.encode(&document),
            "original": base64.encode(&bytes),
            "call": tagged(&decided(call)),
        });
        if !oracle.ask(damaged, &bytes, &case) {
            break; // The reader's panic says which body failed.
        }
    }
    oracle.finish();
}

/// What Python reads of each byte in each encoding, as one line of JSON.
const EACH_BYTE: &str = r#"
import json
import xmlrpc.client

def read(encoding, byte):
    head = f"<?xml version='1.0' encoding='{encoding}'?><methodCall><methodName>m</methodName><params><param><value>"
    try:
        return xmlrpc.client.loads(head.encode() + bytes([byte]) + b"</value></param></params></methodCall>")[0][0]
    except Exception:
        return None

encodings = ["utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"]
print(json.dumps({encoding: [read(encoding, byte) for byte in range(256)] for encoding in encodings}))
"#;

#[test]
fn each_byte_of_each_encoding_is_what_python_reads() {
    let python = Command::new("python3").args(["-c", EACH_BYTE]).output().unwrap();
    let read: BTreeMap<String, Vec<Option<String>>> = serde_json::from_slice(&python.stdout).unwrap();
    assert_eq!(read.len(), 5);
    for (encoding, characters) in read {
        for (byte, character) in (0..=u8::MAX).zip(characters) {
            let head =
                format!("<?xml version='1.0' encoding='{encoding}'?><methodCall><methodName>m</methodName><params>");
            let param = [b"<param><value>", &[byte][..], b"</value></param></params></methodCall>"].concat();
            let body = [head.as_bytes(), &param].concat();
            let text = xmlrpc::decode(&body).ok();
            let call = text.as_deref().and_then(|text| xmlrpc::read_call(text).ok());
            let found = call.and_then(|call| call.params[0].as_str().map(str::to_owned));
            assert_eq!(found, character, "{byte:#x} in {encoding}");
        }
    }
}

fn body(args: Vec<Value<'static>>, runner: &mut TestRunner) -> Vec<u8> {
    let kwargs = render::value().new_tree(runner).unwrap().current();
    let key = setting::key();
    let uid = setting::uid(runner.rng());
    let credential = [Value::String(DATABASE.into()), uid, Value::String(key.expose().to_owned().into())];
    let target = [Value::String("res.partner".into()), Value::String("any_method".into())];
    let mut params = [credential.to_vec(), target.to_vec()].concat();
    let method = match kwargs {
        Value::Struct(_) => {
            params.extend([Value::Array(args), kwargs]);
            "execute_kw"
        }
        Value::Nil | Value::Bool(_) => {
            params.push(Value::Array(args));
            // What clients send for no keyword arguments, and for no context.
            let context = |value| Value::Struct(vec![("context".into(), value)]);
            params.extend(match runner.rng().random_range(0..7) {
                0 => Some(Value::Nil),
                1 => Some(Value::Array(Vec::new())),
                5 => Some(Value::String("".into())),
                2 => Some(context(Value::Array(Vec::new()))),
                3 => Some(context(Value::Nil)),
                4 => Some(context(Value::String("".into()))),
                _ => None,
            });
            "execute_kw"
        }
        _ => {
            params.extend(args);
            "execute"
        }
    };
    render::call(method, &params, runner.rng())
}

/// The parameters that must be forwarded.
fn decided(call: Call<'_>) -> Value<'_> {
    Value::Array(vec![
        Value::String(DATABASE.into()),
        Value::Int(UID),
        Value::String(SECRET.into()),
        Value::String(call.model),
        Value::String(call.method),
        Value::Array(call.args),
        Value::Struct(call.kwargs),
    ])
}

/// In a form that says each value's type.
pub(crate) fn tagged(value: &Value<'_>) -> Json {
    match value {
        Value::Nil => json!(["nil", null]),
        Value::Bool(truth) => json!(["bool", truth]),
        Value::Int(number) => json!(["int", number.to_string()]),
        Value::Double(digits) => json!(["double", digits]),
        Value::Decimal(digits) => json!(["decimal", digits]),
        Value::String(text) => json!(["string", text]),
        Value::Base64(text) => json!(["base64", text]),
        Value::DateTime(text) => json!(["datetime", text]),
        Value::Array(values) => json!(["array", values.iter().map(tagged).collect::<Vec<_>>()]),
        Value::Struct(members) => {
            json!(["struct", members.iter().map(|(name, value)| json!([name, tagged(value)])).collect::<Vec<_>>()])
        }
    }
}
