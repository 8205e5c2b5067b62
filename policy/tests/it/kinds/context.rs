//! Keys of the context.

use lictor_policy::odoo::tables::rows;
use serde_json::json;

use super::{Gate, Row, call, everything, schema};
use lictor_policy::formats::value::Value;
use lictor_policy::wire::FieldType;

const MODEL: &str = "x_model";

fn gate(open: Vec<String>) -> Gate {
    let mut permission = everything(MODEL);
    permission.context = open;
    Gate::of(&schema(&[Row::of(MODEL, "name", FieldType::Plain)]), vec![permission], vec![], &[])
}

/// What a call with the key lacks, and whether the key is forwarded.
fn with(gate: &Gate, method: &str, key: &str) -> (Vec<String>, bool) {
    let args = if method == "create" { json!([{}]) } else { json!([[1], ["name"]]) };
    let value = if key == "uid" { json!(crate::setting::UID) } else { json!(3) };
    let mut call = call(MODEL, method, args, json!({"context": {key: value}}));
    let (lacks, rewrite) = gate.asked(&call).unwrap();
    let told = lacks.iter().map(lictor_policy::decide::lack::Lack::name).collect();
    rewrite.apply(&mut call);
    (told, call.context().iter().any(|(name, value)| name == key && *value != Value::Nil))
}

#[test]
fn keys_that_odoo_reads_are_opened_by_naming_them() {
    let keys: Vec<&str> = rows::CONTEXT.iter().copied().chain(["no_such_key"]).filter(|key| *key != "uid").collect();
    for half in 0..2 {
        let listed: Vec<&str> = keys.iter().copied().skip(half).step_by(2).collect();
        let gate = gate(listed.iter().map(|key| (*key).to_owned()).collect());
        for key in &keys {
            for method in ["read", "create"] {
                let lacks = if listed.contains(key) { vec![] } else { vec![format!("context {MODEL}: {key}")] };
                assert_eq!(with(&gate, method, key), (lacks, true), "{key} {method}");
            }
            let part = call(MODEL, "web_read", json!([[1], {"name": {"context": {*key: 3}}}]), json!({}));
            assert_eq!(gate.told(&part).is_empty(), listed.contains(key), "{key}");
        }
    }
}

#[test]
fn keys_of_web_clients_are_left_out_and_others_always_open() {
    let gate = gate(vec![]);
    let open = rows::CONTEXT_OPEN.iter().copied().chain(["bin_size_image"]);
    let left_out = rows::CONTEXT_LEFT_OUT.iter().copied().chain(["search_default_x", "form_view_ref", "uid"]);
    for (key, is_open) in open.map(|key| (key, true)).chain(left_out.map(|key| (key, false))) {
        for method in ["read", "create"] {
            assert_eq!(with(&gate, method, key), (vec![], is_open), "{key} {method}");
        }
        // Nothing is left out of a part of an argument.
        let part = call(MODEL, "web_read", json!([[1], {"name": {"context": {key: 3}}}]), json!({}));
        assert_eq!(gate.told(&part).is_empty(), is_open, "{key}");
    }
    assert_eq!(with(&gate, "read", "default_name"), (vec![], false));
    assert_eq!(with(&gate, "create", "default_name"), (vec![], true));
}
