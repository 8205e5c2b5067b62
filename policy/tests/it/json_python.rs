//! Whatever the gate forwards on the JSON roads, Python's `json.loads` reads as exactly the call that was decided.

use base64::Engine as _;
use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::formats::json;
use lictor_policy::formats::value::{Members, Value};
use lictor_policy::gate::{Body, Forward, Policy, Verdict, json2};
use lictor_policy::road::{Road, Target};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::damage::damage;
use crate::json_render as render;
use crate::oracle::{self, Oracle};
use crate::python::tagged;
use crate::setting::{self, API_KEY, DATABASE, Memory, NOW, UID};

const PATH: &str = "/json/2/res.partner/any_method";

#[test]
fn json_that_is_forwarded_is_what_was_decided() {
    let snapshot = oracle::open(setting::with_api_key(setting::policy()));
    let mut memory = Memory::default();
    let mut oracle = Oracle::start();
    let mut runner = oracle::runner();
    let bearer = format!("Bearer {}", setting::key().expose());
    let target = Target::of(PATH).unwrap();
    for number in 0..oracle::bodies() {
        let (road, damaged) = (if number % 4 < 2 { Road::Json2 } else { Road::JsonRpc }, number % 2 == 1);
        let mut original = String::new();
        let value = if road == Road::Json2 { arguments(&mut runner) } else { request(&mut runner) };
        render::write(&mut original, &value, runner.rng());
        let bytes = if damaged {
            damage(original.as_bytes(), render::PIECES, render::BORDERS, runner.rng())
        } else {
            original.into_bytes()
        };
        if bytes.is_empty() {
            continue; // No arguments for JSON-2, and no document for either reader.
        }
        let authorization = bearer.as_bytes();
        let head = Head { target: Some(&target), authorization, database: Some(DATABASE), ..Head::default() };
        let facts = Facts { head, ..setting::facts() };
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let verdict = setting::verdict(policy, road, Body::Whole(&bytes), facts, &mut memory, &mut Trace::default());
        let Verdict::Forward(Forward { document, .. }) = verdict else { continue };
        let base64 = base64::engine::general_purpose::STANDARD;
        let case = json!({
            "road": if road == Road::Json2 { "json2" } else { "jsonrpc" },
            "forwarded": base64.encode(&document),
            "original": base64.encode(&bytes),
            "call": tagged(&decided(road, &target, &bytes)),
        });
        if !oracle.ask(damaged, &bytes, &case) {
            break; // The reader's panic says which body failed.
        }
    }
    oracle.finish();
}

/// A body of JSON-2. The record's values hold no arrays, which a mapped method must not have outside the context.
fn arguments(runner: &mut TestRunner) -> Value<'static> {
    let mut members = Members::new();
    if runner.rng().random_bool(0.5) {
        members.push((
            "ids".into(),
            Value::Array(vec![Value::Int(1), Value::Int(i64::from(runner.rng().random::<i32>()))]),
        ));
    }
    for name in ["a", "b"] {
        members.push((name.into(), scalar(runner)));
    }
    let context = match render::value().new_tree(runner).unwrap().current() {
        Value::Struct(members) => Value::Struct(members),
        Value::Nil => Value::Nil,
        Value::Bool(_) => Value::Array(Vec::new()),
        value => Value::Struct(vec![("x".into(), value)]),
    };
    members.push(("context".into(), context));
    // PHP's empty object.
    if runner.rng().random_bool(0.02) { Value::Array(Vec::new()) } else { Value::Struct(members) }
}

fn scalar(runner: &mut TestRunner) -> Value<'static> {
    render::scalar().new_tree(runner).unwrap().current()
}

fn request(runner: &mut TestRunner) -> Value<'static> {
    let text = |text: &str| Value::String(text.to_owned().into());
    let mut args = vec![
        text(DATABASE),
        setting::uid(runner.rng()),
        text(setting::key().expose()),
        text("res.partner"),
        text("any_method"),
        Value::Array(vec![Value::Int(5), scalar(runner)]),
    ];
    let context = match runner.rng().random_range(0..6) {
        0 => Some(Value::Array(Vec::new())),
        1 => Some(Value::Nil),
        2 => None,
        _ => Some(Value::Struct(vec![("x".into(), render::value().new_tree(runner).unwrap().current())])),
    };
    match (context, runner.rng().random_range(0..8)) {
        (_, 0) => {}
        (_, 1) => args.push(Value::Nil),
        (_, 2) => args.push(Value::Array(Vec::new())),
        (None, _) => args.push(Value::Struct(vec![("k".into(), scalar(runner))])),
        (Some(context), _) => {
            args.push(Value::Struct(vec![("k".into(), scalar(runner)), ("context".into(), context)]));
        }
    }
    let params = vec![
        ("service".into(), text("object")),
        ("method".into(), text("execute_kw")),
        ("args".into(), Value::Array(args)),
    ];
    let members = vec![
        ("jsonrpc".into(), text("2.0")),
        ("method".into(), text("call")),
        ("params".into(), Value::Struct(params)),
        ("id".into(), scalar(runner)),
    ];
    Value::Struct(
        members.into_iter().filter(|(name, _): &(_, _)| name != "id" || runner.rng().random_bool(0.7)).collect(),
    )
}

/// What must be forwarded, from what the gate read.
fn decided<'a>(road: Road, target: &'a Target, bytes: &'a [u8]) -> Value<'a> {
    let body = json::read(bytes).unwrap();
    if road == Road::Json2 {
        let call = json2::read(target, None, "", body).unwrap();
        let ids = call.args.into_iter().map(|ids| ("ids".into(), ids));
        return Value::Struct(ids.chain(call.kwargs).collect());
    }
    let call = lictor_policy::call::jsonrpc::read(body).unwrap().call;
    let call = lictor_policy::call::Call::read(call).unwrap();
    let text = |text: &str| Value::String(text.to_owned().into());
    let target = [Value::String(call.model), Value::String(call.method)];
    let arguments = [Value::Array(call.args), Value::Struct(call.kwargs)];
    Value::Array([text(DATABASE), Value::Int(UID), text(API_KEY)].into_iter().chain(target).chain(arguments).collect())
}
