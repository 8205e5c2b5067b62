//! What a snapshot may not hold.

use lictor_policy::decide::Trace;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Termination};
use serde_json::{Value, json};

use crate::cases::execute;
use crate::setting::{self, Memory, NOW};

/// A second key of the same user, under another prefix, in another slot.
fn second(policy: &mut wire::Snapshot) -> &mut wire::Key {
    let record = wire::Key { id: "k2".into(), line: "k2".into(), slot: 1, ..policy.keys[0].record.clone() };
    policy.keys.push(wire::KeyEntry { prefix: "second00".into(), record });
    &mut policy.keys[1].record
}

#[test]
fn what_cannot_be_used_is_refused_by_what_is_wrong() {
    for (change, expected) in [
        (|p| second(p).version = 2, None),
        // A rotated key shares the slot of its line.
        (|p| *second(p) = wire::Key { id: "k2".into(), ..p.keys[0].record.clone() }, None),
        (|p| second(p).slot = 0, Some("two records share slot 0")),
        (
            |p| {
                second(p);
                p.keys[1].prefix = p.keys[0].prefix.clone();
            },
            Some("two records share the prefix "),
        ),
        (|p| p.users.push(p.users[0].clone()), Some("two records share the user id u1")),
        (|p| p.permissions.push(p.permissions[0].clone()), Some("two records share the permission for res.partner")),
        (|p| p.keys[0].record.user_id = "u2".into(), Some("key k1: there is no user u2")),
        (|p| p.keys[0].record.hash = Secret::new("plain"), Some("key k1: not a $pbkdf2-sha512$ hash")),
        (
            |p| p.keys[0].record.ip_allow_list = vec!["10.0.0.1/8".into()],
            Some("a key's ip_allow_list: '10.0.0.1/8' has host bits"),
        ),
        (|p| p.keys[0].record.rate_limit_per_minute = Some(0), Some("rate_limit_per_minute must be 1 or more")),
        (|p| p.settings.body_limit_bytes = 0, Some("body_limit_bytes must be 1 or more")),
        (|p| p.version = 0, Some("wire version 0")),
        (
            |p| p.terminations.push(Termination { line: "k1".into(), client_ip: "nowhere".into(), until: 1 }),
            Some("a termination: 'nowhere' is no IP address"),
        ),
    ] as [(fn(&mut wire::Snapshot), Option<&str>); 13]
    {
        let mut policy = setting::policy();
        change(&mut policy);
        let problem = Snapshot::try_from(policy).err().map(|problem| problem.to_string());
        let begins = problem.as_deref().zip(expected).is_some_and(|(problem, expected)| problem.starts_with(expected));
        assert!(begins || (problem.is_none() && expected.is_none()), "{problem:?}, not {expected:?}");
    }
}

/// A policy as it is sent, changed.
fn sent(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut policy = serde_json::to_value(setting::policy()).unwrap();
    change(&mut policy);
    serde_json::to_vec(&policy).unwrap()
}

#[test]
fn what_another_version_would_send_is_refused_without_quoting_it() {
    for (change, expected) in [
        (
            (|p| p["tomorrow"] = json!("s3cret")) as fn(&mut Value),
            "the snapshot is not of this version (line 1, column ",
        ),
        (|p| p["users"][0]["tomorrow"] = json!("s3cret"), "the snapshot is not of this version"),
        (|p| p["keys"][0]["tomorrow"] = json!("s3cret"), "the snapshot is not of this version"),
        (|p| p["keys"][0]["record"]["tomorrow"] = json!("s3cret"), "the record of the key "),
        (|p| p["keys"][0]["record"]["slot"] = json!("s3cret"), "the record of the key "),
    ] {
        let problem = Snapshot::checked(&sent(change), setting::SEED).unwrap_err().to_string();
        assert!(problem.starts_with(expected) && !problem.contains("s3cret"), "{problem}");
    }
}

#[test]
fn a_stored_key_that_cannot_be_read_is_refused_when_it_is_used() {
    for (change, reason) in [
        ((|_| {}) as fn(&mut Value), None),
        (|p| p["keys"][0]["record"]["tomorrow"] = json!(1), Some(Reason::PolicyUnavailable)),
        (|p| p["keys"][0]["record"]["hash"] = json!("plain"), Some(Reason::PolicyUnavailable)),
        (|p| p["keys"][0]["record"]["user_id"] = json!("u2"), Some(Reason::PolicyUnavailable)),
        (|p| p["keys"][0]["prefix"] = json!("another0"), Some(Reason::InvalidKey)),
    ] {
        let snapshot = Snapshot::stored(&sent(change), setting::SEED).unwrap();
        assert_eq!(Snapshot::checked(&sent(change), setting::SEED).is_err(), reason == Some(Reason::PolicyUnavailable));
        let call = execute("res.partner", "read", &json!([[1]]), &json!({}));
        let mut memory = Memory::default();
        // As often as it is used.
        for _ in 0..2 {
            let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
            let body = Body::Whole(call.as_bytes());
            let verdict =
                setting::verdict(policy, Road::Mcp, body, setting::facts(), &mut memory, &mut Trace::default());
            let refused = if let Verdict::Refuse(refusal) = verdict { Some(refusal.reason) } else { None };
            assert_eq!(refused, reason);
        }
    }
}

#[test]
fn a_policy_prints_no_hash() {
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    snapshot.key(setting::key().prefix()).unwrap().unwrap();
    let printed = format!("{snapshot:?}");
    assert!(!printed.contains("pbkdf2") && !printed.contains(setting::SECRET), "{printed}");
}

#[test]
fn what_the_control_plane_of_the_version_before_sends_is_read_whole() {
    let sent = include_bytes!("../../../tests/fixtures/0.2.0/snapshot.json");
    let document: Value = serde_json::from_slice(sent).unwrap();
    assert!(document["keys"].as_array().unwrap().len() >= 4 && !document["permissions"].as_array().unwrap().is_empty());
    let read = Snapshot::checked(sent, 7).unwrap();
    assert_eq!(read.revision, document["revision"].as_u64().unwrap());
}
