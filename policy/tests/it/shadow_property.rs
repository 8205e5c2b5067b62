//! Shadow mode with any call and any policy: what it forwards is the call, and what it tells is the refusal.

use std::cell::RefCell;

use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::{self, MethodCall};
use lictor_policy::gate::Verdict;
use lictor_policy::odoo::never;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Reason;
use lictor_policy::refusal::shadow::Shadow;
use lictor_policy::road::Road;
use lictor_policy::wire;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::render;
use crate::setting::{self, DATABASE, Memory, UID, facts, judge_at};
use crate::shadow::shadowed;

/// Model, method, args and kwargs.
type AnyCall = (String, String, Vec<Value<'static>>, Value<'static>);

/// Any call: often one that is known, sometimes of anything.
fn any_call() -> impl Strategy<Value = AnyCall> {
    let model =
        prop::sample::select(vec!["res.partner", "res.partner", "res.partner", "res.company", "res.users", "ir.cron"]);
    let method = prop::sample::select(vec![
        "read",
        "search",
        "search_read",
        "create",
        "write",
        "unlink",
        "copy",
        "web_read",
        "action_done",
        "action_no",
        "message_notify",
        "_write",
        "sudo",
        "context_get",
    ]);
    let ids = Just(Value::Array(vec![Value::Int(1)]));
    let argument = prop_oneof![3 => ids, 1 => render::value()];
    let named = proptest::collection::btree_map(render::text(), render::value(), 1..3)
        .prop_map(|members| Value::Struct(members.into_iter().map(|(name, value)| (name.into(), value)).collect()));
    let kwargs = prop_oneof![3 => Just(Value::Struct(vec![])), 1 => named];
    (model, method, proptest::collection::vec(argument, 0..3), kwargs)
        .prop_map(|(model, method, args, kwargs)| (model.to_owned(), method.to_owned(), args, kwargs))
}

/// Any restrictions but those that remember.
fn any_policy() -> impl Strategy<Value = wire::Snapshot> {
    let operations =
        || prop::sample::subsequence(Operation::ON_RECORDS.to_vec(), 0..=4).prop_map(|list| Operations::of(&list));
    let models = prop::sample::subsequence(vec!["res.partner".to_owned(), "res.users".to_owned()], 0..=2);
    let addresses = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["192.0.2.1".to_owned()])];
    // Made once: it hashes the key.
    let base = wire::Snapshot { schema: setting::known(&["res.partner"]), ..setting::policy() };
    (operations(), models, addresses, operations(), operations()).prop_map(
        move |(scopes, models, addresses, permitted, mapped)| {
            let mut policy = base.clone();
            (policy.keys[0].record.scopes, policy.keys[0].record.models, policy.keys[0].record.ip_allow_list) =
                (scopes, models, addresses);
            policy.settings.methods = [("action_done".to_owned(), mapped)].into();
            policy.permissions = ["res.partner", "res.users", "ir.cron"]
                .map(|model| wire::Permission {
                    model: model.to_owned(),
                    operations: permitted,
                    ..wire::Permission::default()
                })
                .into();
            policy
        },
    )
}

#[test]
fn all_in_shadow_forwards_every_call_unchanged_that_is_no_danger_beyond_it() {
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let memory = RefCell::new(Memory::default());
    let met = RefCell::new([0; 3]);
    let property = |((model, method, args, kwargs), policy): (AnyCall, wire::Snapshot)| {
        let parameters = |password: &str| {
            let text = |text: &str| Value::String(text.to_owned().into());
            let names = [text(DATABASE), Value::Int(UID), text(password), text(&model), text(&method)];
            let params = names.into_iter().chain([Value::Array(args.clone()), kwargs.clone()]).collect();
            xmlrpc::write_call(&MethodCall { method: "execute_kw".into(), params }, 0)
        };
        let body = parameters(setting::key().expose());
        let judge =
            |policy: &wire::Snapshot| judge_at(policy, Road::Mcp, body.as_bytes(), facts(), &mut memory.borrow_mut());
        let (strict, shadow) = (judge(&policy), judge(&shadowed(&policy, &[Shadow::All])));
        let case = match (&strict, &shadow) {
            (Verdict::Forward(_), Verdict::Forward(other)) => {
                prop_assert_eq!(&other.document, &parameters(setting::SECRET));
                prop_assert_eq!(other.would_deny, None);
                0
            }
            (Verdict::Refuse(refusal), Verdict::Forward(forward)) => {
                prop_assert_eq!(forward.would_deny, Some(refusal.reason));
                prop_assert_eq!(&forward.document, &parameters(setting::SECRET));
                1
            }
            (Verdict::Refuse(_), Verdict::Refuse(refusal)) => {
                // A method of which nothing is known may do anything.
                let all = Operations::of(&Operation::ALL);
                let closed = never::is_private(&method) || never::is_listed(&model, &method, all, &[].into());
                let rightly =
                    refusal.reason == Reason::MalformedRequest || (refusal.reason == Reason::MethodDenied && closed);
                prop_assert!(rightly, "{:?}", refusal);
                2
            }
            _ => return Err(TestCaseError::fail(format!("{strict:?} {shadow:?}"))),
        };
        met.borrow_mut()[case] += 1;
        Ok(())
    };
    runner.run(&(any_call(), any_policy()), property).unwrap();
    assert!(met.borrow().iter().all(|times| *times > 50), "{met:?}");
}
