//! What a call does, told of each spelling that Odoo takes: commands in values, ids of records.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use lictor_policy::decide::Trace;
use lictor_policy::effects::Effects;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::odoo::operations::{self, Kind, METHODS};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::records::{MAX_CHANGED, MAX_READ, Recorded, digest_of};
use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::cases::execute;
use crate::setting::{self, Memory, NOW};

/// Everything on one model. Made once, as the key's hash takes its time.
pub(crate) fn wide() -> wire::Snapshot {
    static WIDE: LazyLock<wire::Snapshot> = LazyLock::new(everything);
    WIDE.clone()
}

fn everything() -> wire::Snapshot {
    let mut policy = setting::with_api_key(setting::policy());
    let all = Operations::of(&Operation::ON_RECORDS);
    policy.permissions[0].operations = all;
    policy.permissions[0].calls = calls();
    policy.permissions[0].nested_writes = vec!["child_ids".into()];
    policy.permissions[0].methods = [("action_mine".to_owned(), all), ("load".to_owned(), all)].into();
    let orders = wire::Permission { model: "sale.order".into(), ..policy.permissions[0].clone() };
    policy.permissions.push(wire::Permission { nested_writes: vec!["order_line".into()], ..orders });
    policy
}

/// All methods and arguments of the operations table that a permission must list.
pub(crate) fn calls() -> Vec<String> {
    let crossing = METHODS.iter().filter(|method| method.crosses).map(|method| method.name);
    let arguments = METHODS.iter().flat_map(|method| method.params).filter(|param| param.kind == Kind::Cross);
    crossing.chain(arguments.map(|param| param.name)).map(str::to_owned).collect()
}

thread_local! {
    /// Of one gate, so that the key is hashed once.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The verdict on a call of `res.partner`, and what was found of its records.
pub(crate) fn judge(policy: &wire::Snapshot, method: &str, args: &Json, kwargs: &Json) -> (Verdict, Recorded) {
    judge_on(policy, "res.partner", method, args, kwargs)
}

fn judge_on(policy: &wire::Snapshot, model: &str, method: &str, args: &Json, kwargs: &Json) -> (Verdict, Recorded) {
    let body = execute(model, method, args, kwargs);
    let snapshot = Snapshot::try_from(policy.clone()).unwrap();
    let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
    let (mut trace, body) = (Trace::default(), Body::Whole(body.as_bytes()));
    let verdict = MEMORY
        .with_borrow_mut(|memory| setting::verdict(policy, Road::Mcp, body, setting::facts(), memory, &mut trace));
    (verdict, trace.recorded)
}

pub(crate) fn refused(verdict: &Verdict) -> Option<(Reason, &str)> {
    if let Verdict::Refuse(refusal) = verdict { Some((refusal.reason, &refusal.sentence)) } else { None }
}

/// A command and what it does: operations on the other model, the records that it names.
#[derive(Clone, Debug)]
struct Command {
    json: Json,
    operations: Vec<Operation>,
    ids: Vec<i64>,
}

fn command() -> impl Strategy<Value = Command> {
    use Operation::{Create, Delete, Write};
    let id = 1..5000_i64;
    let ids = proptest::collection::vec(1..5000_i64, 0..4);
    let third = proptest::sample::select(vec![json!(0), json!(false), json!("virtual_1")]);
    let leaf = prop_oneof![
        (Just(json!(2)), id.clone(), any::<bool>()).prop_map(|(code, id, short)| {
            let json = if short { json!([code, id]) } else { json!([code, id, 0]) };
            Command { json, operations: vec![Delete], ids: vec![id] }
        }),
        (Just(json!(3)), id.clone()).prop_map(|(code, id)| Command {
            json: json!([code, id, 0]),
            operations: vec![Write],
            ids: vec![id]
        }),
        (Just(json!(4)), id.clone()).prop_map(|(code, id)| Command {
            json: json!([code, id]),
            operations: vec![Write],
            ids: vec![id]
        }),
        (Just(json!(5)), any::<bool>()).prop_map(|(code, short)| {
            let json = if short { json!([code]) } else { json!([code, 0, 0]) };
            Command { json, operations: vec![Write], ids: vec![] }
        }),
        (Just(json!(6)), ids)
            .prop_map(|(code, ids)| { Command { json: json!([code, false, ids]), operations: vec![Write], ids } }),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let values = proptest::collection::vec(inner, 0..4);
        prop_oneof![
            (Just(json!(0)), third.clone(), values.clone()).prop_map(|(code, third, inner)| with(
                json!([code, third, of(&inner)]),
                Create,
                None,
                &inner
            )),
            (Just(json!(1)), 1..5000_i64, values).prop_map(|(code, id, inner)| with(
                json!([code, id, of(&inner)]),
                Write,
                Some(id),
                &inner
            )),
        ]
    })
}

/// Values of a record whose field has these commands.
fn of(commands: &[Command]) -> Json {
    let list: Vec<&Json> = commands.iter().map(|command| &command.json).collect();
    json!({"name": "x", "child_ids": list, "function": false})
}

fn with(json: Json, operation: Operation, id: Option<i64>, inner: &[Command]) -> Command {
    let operations = inner.iter().flat_map(|inner| inner.operations.clone()).chain([operation]).collect();
    let ids = id.into_iter().chain(inner.iter().flat_map(|inner| inner.ids.clone())).collect();
    Command { json, operations, ids }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever commands stand in a field, at whatever depth: they need their operations in the key's scopes, and all
    /// records that they name are recorded.
    #[test]
    fn commands_count_as_what_they_do(commands in proptest::collection::vec(command(), 1..5), by_default in any::<bool>()) {
        let list: Vec<&Json> = commands.iter().map(|command| &command.json).collect();
        // A value by default counts where records are made.
        let (method, own) = if by_default { ("create", Operation::Create) } else { ("write", Operation::Write) };
        let mut needed = Operations::of(&[own]);
        let mut ids = BTreeSet::new();
        for command in &commands {
            needed = needed.union(Operations::of(&command.operations));
            ids.extend(&command.ids);
        }
        let (args, kwargs) = if by_default {
            (json!([{"name": "x"}]), json!({"context": {"default_child_ids": list}}))
        } else {
            (json!([[77], {"child_ids": list}]), json!({}))
        };
        let mut policy = wide();
        policy.keys[0].record.scopes = needed;
        let (verdict, recorded) = judge(&policy, method, &args, &kwargs);
        prop_assert_eq!(refused(&verdict), None);
        prop_assert_eq!(recorded.nested.iter().collect::<BTreeSet<_>>(), ids);
        prop_assert_eq!(recorded.ids.iter().collect::<Vec<_>>(), if by_default { vec![] } else { vec![77] });
        for missing in needed.iter().filter(|operation| *operation != own) {
            policy.keys[0].record.scopes = needed.without(Operations::of(&[missing]));
            let (verdict, _) = judge(&policy, method, &args, &kwargs);
            prop_assert_eq!(refused(&verdict).map(|refusal| refusal.0), Some(Reason::ScopeDenied));
        }
        policy.keys[0].record.scopes = needed;
        policy.permissions[0].nested_writes.clear();
        policy.permissions[0].operations = Operations::of(&[own]);
        let (verdict, _) = judge(&policy, method, &args, &kwargs);
        let nested = (needed != Operations::of(&[own])).then_some(Reason::NestedWriteDenied);
        prop_assert_eq!(refused(&verdict).map(|refusal| refusal.0), nested);
    }
}

#[test]
fn what_takes_lines_away_is_a_delete_unless_they_live_on() {
    let mut policy = wide();
    let judge = |policy: &wire::Snapshot, field: &str, value: &Json| {
        let model = if field == "order_line" { "sale.order" } else { "res.partner" };
        ["write", "create"].map(|method| {
            let values = json!({field: value});
            let args = if method == "write" { json!([[1], values]) } else { json!([values]) };
            refused(&judge_on(policy, model, method, &args, &json!({})).0).map(|refusal| refusal.0)
        })
    };
    policy.keys[0].record.scopes = Operations::of(&[Operation::Write, Operation::Create]);
    for value in [
        json!([[3, 5]]),
        json!([[3, 5, 0]]),
        json!([[5]]),
        json!([[5, 0, 0]]),
        json!([[6, 0, []]]),
        json!([[6, 0, [5]]]),
        json!([[6, 0, false]]),
        json!([[6, 0, null]]),
        json!([5]),
        json!([5, 6]),
        json!([[4, 1], [5]]),
        json!(false),
        json!(null),
    ] {
        assert_eq!(judge(&policy, "order_line", &value), [Some(Reason::ScopeDenied); 2], "{value}");
        assert_eq!(judge(&policy, "child_ids", &value), [None; 2], "{value}");
    }
    for field in ["order_line", "child_ids"] {
        assert_eq!(judge(&policy, field, &json!([[2, 5]])), [Some(Reason::ScopeDenied); 2]);
        for value in [json!([]), json!([[4, 5]]), json!([[1, 5, {}]]), json!([[0, 0, []]])] {
            assert_eq!(judge(&policy, field, &value), [None; 2], "{field} {value}");
        }
    }
    // Of fields that hold one value nothing is taken away.
    let values = json!([[1], {"active": false, "name": null}]);
    assert_eq!(refused(&judge_on(&policy, "res.partner", "write", &values, &json!({})).0), None);
}

#[test]
fn what_is_no_command_is_refused() {
    let policy = wide();
    for value in [
        json!([[7]]),
        json!([[-1, 5]]),
        json!([["5"]]),
        json!([["5", 0, 0]]),
        json!([[null, 5]]),
        json!([[2.5, 5]]),
        json!([[[5]]]),
        json!([[]]),
        json!([[1, 5]]),
        json!([[0]]),
        json!([[0, 0, "x"]]),
        json!([[1, 5, [1]]]),
        json!([[2]]),
        json!([[2, "5"]]),
        json!([[2, 5.0]]),
        json!([[2, true]]),
        json!([[2, 0]]),
        json!([[2, -5]]),
        json!([[3, [5, 6]]]),
        json!([[1, [5, 6], {}]]),
        json!([[4, null]]),
        json!([[6, 0]]),
        json!([[6, 0, ["5"]]]),
        json!([[6, 0, {"5": 1}]]),
        json!(["5"]),
        json!([5, "6"]),
        json!([[4, 5], 5.5]),
        json!([[1, 5, {"child_ids": [[2, "6"]]}]]),
        json!([[0.0, 0, {}]]),
        json!([[false, 0, {}]]),
        json!([[true, 5, {}]]),
        json!([[3.0, 5]]),
        json!([[6, 0, 5]]),
        json!({"1": 2}),
        json!("x"),
        json!(5),
    ] {
        for (method, args, kwargs) in [
            ("write", json!([[1], {"child_ids": value}]), json!({})),
            ("write", json!([[1], {"category_id": value}]), json!({})),
            ("create", json!([{}]), json!({"context": {"default_child_ids": value}})),
        ] {
            let (verdict, _) = judge(&policy, method, &args, &kwargs);
            assert_eq!(refused(&verdict).map(|r| r.0), Some(Reason::MalformedRequest), "{value}");
        }
    }
}

#[test]
fn what_stands_deep_in_a_mapped_methods_arguments_must_be_listed() {
    let mut policy = wide();
    let deep = [json!([[1], {"child_ids": ["a"]}]), json!([[1], [[4, 1]]]), json!([[{}]])];
    for args in &deep {
        let (verdict, _) = judge(&policy, "action_mine", args, &json!({}));
        assert_eq!(refused(&verdict).map(|r| r.0), Some(Reason::MethodDenied), "{args}");
    }
    policy.permissions[0].calls.push("action_mine".to_owned());
    for args in &deep {
        assert_eq!(refused(&judge(&policy, "action_mine", args, &json!({})).0), None, "{args}");
    }
}

#[test]
fn every_record_that_is_changed_is_recorded() {
    let policy = wide();
    let (decoy, target) = (5, 42);
    let ids: Vec<i64> = std::iter::repeat_n(decoy, 5000).chain([target]).collect();
    for method in METHODS.iter().filter(|method| method.ids) {
        let params = |kind| match kind {
            Kind::Values => json!({}),
            Kind::Specification => json!({}),
            Kind::Cross => json!(false),
            _ => json!([]),
        };
        // Partners are in no sequence.
        let written = method.params.iter().any(|param| param.kind == Kind::WrittenField).then(|| json!("color"));
        let rest = method.params.iter().take(1).map(|param| params(param.kind)).chain(written);
        let args: Vec<Json> = [json!(ids)].into_iter().chain(rest).collect();
        let (verdict, recorded) = judge(&policy, method.name, &json!(args), &json!({}));
        assert_eq!(refused(&verdict), None, "{}", method.name);
        assert_eq!(
            (recorded.ids.iter().collect::<Vec<_>>(), recorded.count),
            (vec![decoy, target], 2),
            "{}",
            method.name
        );
        let changes = method.operations.contains(Operation::Write) || method.operations.contains(Operation::Delete);
        for (count, passes) in [(MAX_CHANGED, true), (MAX_CHANGED + 1, !changes)] {
            let many: Vec<i64> = (1..=count as i64).rev().collect();
            let mut args = args.clone();
            args[0] = json!(many);
            let (verdict, recorded) = judge(&policy, method.name, &json!(args), &json!({}));
            let reason = refused(&verdict);
            assert_eq!(reason.map(|r| r.0), (!passes).then_some(Reason::TooManyRecords), "{}", method.name);
            if let Some((_, sentence)) = reason {
                assert!(sentence.contains("at most 1000 records") && sentence.contains("1001"), "{sentence}");
            }
            let listed = if changes && passes { count } else { MAX_READ };
            assert_eq!((recorded.ids.len(), recorded.count), (listed, count), "{}", method.name);
            let first: Vec<i64> = many.iter().take(listed).copied().collect();
            assert_eq!(recorded.ids.iter().collect::<Vec<_>>(), first);
            assert_eq!(recorded.digest, (listed < count).then(|| digest_of(&many)));
        }
    }
}

#[test]
fn records_of_other_models_count_with_the_calls_own() {
    let policy = wide();
    let call = |own: i64, nested: i64| {
        let (ids, lines): (Vec<i64>, Vec<Json>) =
            ((1..=own).collect(), (1..=nested).map(|id| json!([2, id])).collect());
        judge(&policy, "write", &json!([ids, {"child_ids": lines}]), &json!({}))
    };
    let (verdict, recorded) = call(600, 400);
    assert_eq!((refused(&verdict), recorded.ids.len(), recorded.nested.len()), (None, 600, 400));
    let (verdict, recorded) = call(600, 401);
    assert_eq!(refused(&verdict).map(|r| r.0), Some(Reason::TooManyRecords));
    assert_eq!((recorded.count, recorded.nested_count), (600, 401));
    // New ones are no records yet, and of a record that is made nothing is changed.
    let new: Vec<Json> = (0..1500).map(|_| json!([0, 0, {"name": "x"}])).collect();
    let (verdict, recorded) = judge(&policy, "create", &json!([[{"child_ids": new}, {}]]), &json!({}));
    assert_eq!((refused(&verdict), recorded.created, recorded.total()), (None, 2, 0));
}

#[test]
fn a_mapped_methods_ids_are_known_in_each_shape_that_odoo_takes() {
    let policy = wide();
    for (ids, found) in [
        (json!([7, 7, 8]), vec![7, 8]),
        (json!(7), vec![7]),
        (json!(0), vec![]),
        (json!(false), vec![]),
        (json!([7.0, "8", " 9 ", true]), vec![7, 8, 9, 1]),
        (json!("78"), vec![7, 8]),
        (json!({"7": 1, "8": 2}), vec![7, 8]),
        (json!("name"), vec![]),
    ] {
        let (verdict, recorded) = judge(&policy, "action_mine", &json!([ids]), &json!({}));
        assert_eq!((refused(&verdict), recorded.ids.iter().collect::<Vec<_>>()), (None, found), "{ids}");
    }
    let many: Vec<String> = (1..=1001).map(|id: i32| id.to_string()).collect();
    let (verdict, _) = judge(&policy, "action_mine", &json!([many]), &json!({}));
    assert_eq!(refused(&verdict).map(|r| r.0), Some(Reason::TooManyRecords));
}

#[test]
fn what_a_call_makes_is_known_before_its_answer() {
    for (method, args, created) in [
        ("create", json!([{"name": "x"}]), 1),
        ("create", json!([[{"name": "x"}, {"name": "y"}]]), 2),
        ("name_create", json!(["x"]), 1),
        ("copy", json!([[1, 2]]), 2),
        ("web_save", json!([[], {}, {}]), 1),
        ("web_save", json!([[1], {}, {}]), 0),
        ("load", json!([["name"], [["x"], ["y"]]]), 2),
        ("write", json!([[1], {}]), 0),
        ("action_mine", json!([[1]]), 0),
        ("action_mine", json!([]), MAX_READ),
    ] {
        let (verdict, recorded) = judge(&wide(), method, &args, &json!({}));
        assert_eq!((refused(&verdict), recorded.created), (None, created), "{method} {args}");
    }
}

#[test]
fn who_is_mailed_what_happens_next_is_not_a_plain_write() {
    let mut policy = wide();
    let subscribe = |policy: &wire::Snapshot| judge(policy, "message_subscribe", &json!([[1], [2]]), &json!({})).0;
    assert_eq!(refused(&subscribe(&policy)).map(|r| r.0), Some(Reason::MethodDenied));
    let write = Operations::of(&[Operation::Write]);
    policy.permissions[0].methods.insert("message_subscribe".to_owned(), write);
    assert_eq!(refused(&subscribe(&policy)), None);
    assert_eq!(operations::method("message_unsubscribe").map(|method| method.operations), Some(write));
}

#[test]
fn effects_of_nothing_are_none() {
    assert_eq!(Effects::default().recorded(), Recorded::default());
}
