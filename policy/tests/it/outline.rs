//! The outline of a call: it is decided on as the call is, and holds none of its values.

use std::collections::BTreeSet;

use lictor_policy::call::Call;
use lictor_policy::decide;
use lictor_policy::effects::outline;
use lictor_policy::formats::json;
use lictor_policy::formats::value::{Members, Value};
use lictor_policy::snapshot::Snapshot;

use crate::rules_cases::Case;
use crate::rules_property::each_case;
use crate::{rules_core, setting};

/// All that a call lacks, or why it cannot be judged.
fn lacks(snapshot: &Snapshot, call: &Call<'_>) -> Result<BTreeSet<String>, String> {
    let key = snapshot.key(setting::key().prefix()).unwrap().unwrap();
    let lacks = decide::lacks(snapshot, key, call).map_err(|refusal| format!("{:?}", refusal.reason))?;
    Ok(lacks.0.iter().map(|lack| format!("{lack:?}")).collect())
}

#[test]
fn an_outline_lacks_what_its_call_lacks() {
    each_case(|Case { who, call }| {
        // An outline does not have the model of a reference that Odoo does not bring.
        let call = &with_values(call, &|value| match value {
            Value::String(text) if text.starts_with("x_") && text.contains(',') => *value = Value::String("x".into()),
            Value::String(text) if text == "<b>x</b>" => *value = Value::String("<".into()),
            _ => {}
        });
        let snapshot = Snapshot::try_from(rules_core::policy(who)).unwrap();
        let wanted = lacks(&snapshot, call);
        let Some(text) = outline::of(call) else {
            return if wanted.is_err() { Ok(()) } else { Err(format!("no outline, and it lacks {wanted:?}")) };
        };
        let again = outline::call(&call.model, &call.method, &text).unwrap();
        let found = lacks(&snapshot, &again);
        if wanted.is_ok() && wanted != found { Err(format!("{text}: {wanted:?}, {found:?}")) } else { Ok(()) }
    });
}

#[test]
fn an_outline_is_its_own_outline() {
    each_case(|Case { call, .. }| {
        let Some(text) = outline::of(call) else { return Ok(()) };
        let again = outline::of(&outline::call(&call.model, &call.method, &text).unwrap());
        if again.as_ref() == Some(&text) { Ok(()) } else { Err(format!("{text}, {again:?}")) }
    });
}

/// A text that stands in a call only as a value, and a number.
const SECRET: &str = "Hedwig \u{e9}";
const NUMBER: i64 = 8_675_309;

/// The call with its values, names among them, changed.
fn with_values(call: &Call<'static>, change: &impl Fn(&mut Value<'static>)) -> Call<'static> {
    fn each(value: &mut Value<'static>, change: &impl Fn(&mut Value<'static>)) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
            Value::Struct(members) => members.iter_mut().for_each(|(_, value)| each(value, change)),
            value => change(value),
        }
    }
    let mut call = call.clone();
    call.args.iter_mut().chain(call.kwargs.iter_mut().map(|(_, value)| value)).for_each(|value| each(value, change));
    call
}

#[test]
fn no_value_of_a_call_stands_in_its_outline() {
    each_case(|Case { call, .. }| {
        let call = with_values(call, &|value| match value {
            Value::String(text) if ["x", "<b>x</b>", "a.txt", "eA=="].contains(&text.as_ref()) => *text = SECRET.into(),
            Value::Int(number) if *number > 6 => *number = NUMBER,
            Value::Double(digits) | Value::Decimal(digits) => *digits = NUMBER.to_string().into(),
            _ => {}
        });
        let Some(text) = outline::of(&call) else { return Ok(()) };
        let holds = |part: &str| text.contains(part);
        if holds("Hedwig") || holds("8675309") { Err(text) } else { Ok(()) }
    });
}

fn outline_of(model: &str, method: &str, args: &'static str, kwargs: &'static str) -> Option<String> {
    let (args, kwargs) = (json::read(args.as_bytes()).unwrap(), json::read(kwargs.as_bytes()).unwrap());
    let call = Call {
        database: None,
        uid: None,
        password: "".into(),
        model: model.to_owned().into(),
        method: method.to_owned().into(),
        args: args.as_array().unwrap().to_vec(),
        kwargs: kwargs.into_members().unwrap_or(Members::new()),
    };
    outline::of(&call)
}

#[test]
fn outlines_are_read_by_people() {
    for (model, method, args, kwargs, expected) in [
        (
            "res.partner",
            "search_read",
            r#"[["|", ["country_id.code", "=", "BE"], ["name", "ilike", "Agrolait"], ["name", "ilike", "Azure"]]]"#,
            r#"{"fields": ["name", "email", "name"], "limit": 80, "context": {"lang": "fr_BE", "active_test": false}}"#,
            r#"{"kwargs":{"domain":[["country_id.code","=","-"],["name","ilike","-"]],"fields":["email","name"]}}"#,
        ),
        ("res.partner", "read", "[[7, 8, 9], []]", "{}", r#"{"args":[[1]]}"#),
        (
            "res.partner",
            "write",
            r#"[[3], {"name": "Ada", "comment": "<p>hi</p>", "category_id": [[6, 0, [3, 4]], [4, 9]], "parent_id": 0}]"#,
            "{}",
            r#"{"args":[[1]],"kwargs":{"vals":{"category_id":[[6,1,[1]],[4,1]],"comment":"<","name":"-","parent_id":0}}}"#,
        ),
        (
            "sale.order",
            "create",
            r#"[[{"partner_id": 3, "order_line": [[0, 0, {"product_id": 5, "price_unit": 9.5}], [0, "virtual_2", {"product_id": 6, "price_unit": 1}]]}, {"partner_id": 4}]]"#,
            r#"{"context": {"default_note": "private", "tracking_disable": true}}"#,
            r#"{"kwargs":{"vals_list":[{"order_line":[[0,1,{"price_unit":1,"product_id":1}]],"partner_id":1},{"partner_id":1}],"context":{"default_note":"-","tracking_disable":1}}}"#,
        ),
        ("sale.order", "action_confirm", "[[17]]", "{}", r#"{"args":[[1]]}"#),
        (
            "res.partner",
            "message_post",
            "[[3]]",
            r#"{"body": "Call him", "attachments": [["a.txt", "eA=="]], "message_type": "comment"}"#,
            r#"{"args":[[1]],"kwargs":{"attachments":[["-","-"]],"body":"-","message_type":"comment"}}"#,
        ),
        (
            "res.partner",
            "message_post",
            "[[3]]",
            r#"{"body": "Call him", "partner_ids": [4, 5]}"#,
            r#"{"args":[[1]],"kwargs":{"body":"-","partner_ids":[]}}"#,
        ),
        (
            "res.partner",
            "web_read_group",
            r#"[[["create_date", ">", "2026-01-01"]], ["country_id", "create_date:month"], ["__count", "color:sum"]]"#,
            "{}",
            r#"{"kwargs":{"domain":[["create_date",">","-"]],"groupby":["country_id","create_date:month"],"aggregates":["__count","color:sum"]}}"#,
        ),
    ] {
        let found = outline_of(model, method, args, kwargs);
        assert_eq!(found.as_deref(), Some(expected), "{method}");
    }
}

#[test]
fn what_is_no_name_is_no_outline() {
    for (method, args) in [
        ("search_read", r#"[[["name; DROP TABLE", "=", 1]]]"#),
        ("read", r#"[[1], ["Ada Lovelace's file"]]"#),
        ("write", r#"[[1], {"na\nme": 1}]"#),
        ("read", "[]"),
        ("search_read", "[[], [], 0, 80, null, null, 1, 1, 1]"),
    ] {
        let found = outline_of("res.partner", method, args, "{}");
        assert!(found.is_none(), "{found:?}");
    }
}
