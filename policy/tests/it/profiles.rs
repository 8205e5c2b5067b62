//! Profiles: a call passes if one of its key's profiles allows it whole.

use lictor_policy::gate::Verdict;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::road::Road;
use lictor_policy::wire::{self, DEFAULT_PROFILE, Profile};
use serde_json::json;

use crate::cases::{execute, reason};
use crate::setting;

/// Reads contacts and users; writes contacts, but reads nothing; reads the names of contacts; nothing.
const PROFILES: [&str; 4] = ["reader", "writer", "names", "nothing"];

fn permission(profile: &str, model: &str, operation: Operation) -> wire::Permission {
    wire::Permission {
        profile: Profile(profile.to_owned()),
        model: model.to_owned(),
        operations: Operations::of(&[operation]),
        ..wire::Permission::default()
    }
}

/// A policy with these profiles, and a key that names some of them.
fn policy(named: &[&str]) -> wire::Snapshot {
    let mut policy = setting::policy();
    let only_names = Some(wire::FieldRule::Only(vec!["name".to_owned()]));
    policy.permissions.extend([
        permission("reader", "res.partner", Operation::Read),
        permission("reader", "res.users", Operation::Read),
        permission("writer", "res.partner", Operation::Write),
        wire::Permission {
            fields: wire::Fields { read: only_names, write: None },
            ..permission("names", "res.partner", Operation::Read)
        },
    ]);
    policy.keys[0].record.profiles = named.iter().map(|name| Profile((*name).to_owned())).collect();
    policy
}

fn calls() -> Vec<String> {
    let all = [
        ("res.partner", "read", json!([[1], ["name"]])),
        ("res.partner", "read", json!([[1], ["email"]])),
        ("res.partner", "search", json!([[["user_id.login", "=", "x"]]])),
        ("res.partner", "write", json!([[1], {"name": "x"}])),
        ("res.partner", "web_save", json!([[1], {"name": "x"}, {"name": {}}])),
        ("res.partner", "create", json!([{"name": "x"}])),
        ("res.users", "search", json!([[]])),
        ("sale.order", "search", json!([[]])),
        ("res.partner", "not_listed", json!([[1]])),
    ];
    all.iter().map(|(model, method, args)| execute(model, method, args, &json!({}))).collect()
}

fn judge(policy: &wire::Snapshot, body: &str) -> Verdict {
    setting::judge(policy, Road::Mcp, body.as_bytes())
}

fn allows(policy: &wire::Snapshot, body: &str) -> bool {
    reason(&judge(policy, body)).is_none()
}

#[test]
fn a_call_passes_if_one_profile_allows_it_whole_whichever_are_named_with_it() {
    let (mut allowed, mut all) = (0, 0);
    for subset in 1_u32..1 << PROFILES.len() {
        let named: Vec<&str> = (0..PROFILES.len()).filter(|at| subset & 1 << at != 0).map(|at| PROFILES[at]).collect();
        for body in calls() {
            let by_one = named.iter().any(|name| allows(&policy(&[name]), &body));
            assert_eq!(allows(&policy(&named), &body), by_one, "{named:?}: {body}");
            (allowed, all) = (allowed + usize::from(by_one), all + 1);
        }
    }
    assert!(allowed > all / 5 && allowed < all * 4 / 5, "{allowed} of {all}");
}

#[test]
fn a_key_that_names_none_has_the_default_one_and_no_other_key_has_it() {
    let create = execute("res.partner", "create", &json!([{"name": "x"}]), &json!({}));
    assert!(allows(&policy(&[]), &create));
    assert!(allows(&policy(&[DEFAULT_PROFILE]), &create));
    assert!(allows(&policy(&["reader", DEFAULT_PROFILE]), &create));
    assert!(!allows(&policy(&["reader"]), &create));
    assert!(!allows(&policy(&["no such profile"]), &create));
}

#[test]
fn a_refusal_tells_what_lacks_in_the_profile_that_is_nearest() {
    let path = execute("res.partner", "search", &json!([[["user_id.login", "=", "x"]]]), &json!({}));
    let told = |named: &[&str]| match judge(&policy(named), &path) {
        Verdict::Refuse(refusal) => refusal.sentence.into_owned(),
        other => panic!("{other:?}"),
    };
    assert!(
        told(&["nothing", "writer", "names"]).contains("In the profile names, "),
        "{}",
        told(&["nothing", "names"])
    );
    assert!(!told(&[]).contains("profile"));
}
