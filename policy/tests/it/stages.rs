//! The stages that remember: wrong keys, session, rate; and what administrators stop.

use lictor_policy::call::Call;
use lictor_policy::decide::{Facts, Finding, Stage, Trace, explain};
use lictor_policy::formats::xmlrpc;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::refusal::Refusal;
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Pause, Termination};

use crate::cases::execute;
use crate::setting::{self, Memory, NOW, facts, judge_at};

const SECOND: u64 = 1_000_000;

fn read() -> String {
    execute("res.partner", "read", &serde_json::json!([[1]]), &serde_json::json!({}))
}

/// The refusal of a read at a time and from a client, or none.
fn call(policy: &wire::Snapshot, memory: &mut Memory, facts: Facts<'_>) -> Option<Refusal> {
    match judge_at(policy, Road::Mcp, read().as_bytes(), facts, memory) {
        Verdict::Refuse(refusal) => Some(refusal),
        Verdict::Pass(_) | Verdict::PassTo(..) | Verdict::Forward(_) | Verdict::Answer { .. } => None,
    }
}

fn reason(refusal: Option<Refusal>) -> Option<&'static str> {
    refusal.map(|refusal| refusal.reason.row().name)
}

fn after(seconds: u64) -> Facts<'static> {
    Facts { now: NOW + seconds * SECOND, ..facts() }
}

fn from(address: u8, user_agent: &'static [u8]) -> Facts<'static> {
    Facts { client: Some([10, 0, 0, address].into()), user_agent, ..facts() }
}

#[test]
fn a_malformed_call_is_recorded_with_its_key_if_that_is_right() {
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    let right = setting::key().expose().to_owned();
    for (password, verified) in [(right.clone(), true), (setting::same_prefix(&right), false)] {
        let mut trace = Trace::default();
        // The keyword arguments must be a struct.
        let body = execute("res.partner", "read", &serde_json::json!([[1]]), &serde_json::json!(1));
        let body = body.replace(&right, &password);
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let memory = &mut Memory::default();
        let verdict = setting::verdict(policy, Road::Mcp, Body::Whole(body.as_bytes()), facts(), memory, &mut trace);
        let Verdict::Refuse(refusal) = verdict else { panic!("{verdict:?}") };
        assert_eq!((refusal.reason.row().name, trace.verified), ("malformed_request", verified));
    }
}

#[test]
fn a_full_window_refuses_until_it_has_room() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    policy.settings.rate_limit.enabled = true;
    policy.settings.rate_limit.per_minute = 3;
    for _ in 0..3 {
        assert_eq!(call(&policy, &mut memory, facts()), None);
    }
    let refusal = call(&policy, &mut memory, after(10)).unwrap();
    assert_eq!((refusal.reason.row().name, refusal.retry_after_seconds), ("rate_limited", Some(51)));
    assert_eq!(call(&policy, &mut memory, after(61)), None);
    policy.keys[0].record.rate_limit_per_minute = Some(100);
    assert_eq!(call(&policy, &mut memory, after(62)), None);
    policy.settings.rate_limit.enabled = false;
    policy.keys[0].record.rate_limit_per_minute = Some(1);
    assert_eq!(reason(call(&policy, &mut memory, after(62))), Some("rate_limited"));
}

#[test]
fn calls_that_a_later_stage_refuses_count_and_those_of_an_earlier_one_do_not() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    policy.keys[0].record.rate_limit_per_minute = Some(2);
    policy.permissions.clear();
    assert_eq!(reason(call(&policy, &mut memory, facts())), Some("permission_denied"));
    policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
    assert_eq!(reason(call(&policy, &mut memory, facts())), Some("ip_denied"));
    policy.settings.ip_allow_list.clear();
    assert_eq!(reason(call(&policy, &mut memory, facts())), Some("permission_denied"));
    assert_eq!(reason(call(&policy, &mut memory, facts())), Some("rate_limited"));
}

#[test]
fn a_new_key_of_the_line_goes_on_with_its_counters() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    policy.keys[0].record.rate_limit_per_minute = Some(1);
    assert_eq!(call(&policy, &mut memory, facts()), None);
    policy.keys[0].record.id = "k2".into();
    policy.keys[0].record.version = 2;
    assert_eq!(reason(call(&policy, &mut memory, facts())), Some("rate_limited"));
    policy.keys[0].record.line = "k2".into();
    assert_eq!(call(&policy, &mut memory, facts()), None);
}

#[test]
fn no_more_sessions_than_the_limit_are_alive() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    policy.settings.sessions = wire::Sessions { enabled: true, timeout_seconds: 60, limit: 2 };
    assert_eq!(call(&policy, &mut memory, from(1, b"a")), None);
    assert_eq!(call(&policy, &mut memory, from(1, b"b")), None);
    assert_eq!(call(&policy, &mut memory, from(1, b"a")), None);
    let refusal = call(&policy, &mut memory, from(2, b"a")).unwrap();
    assert_eq!((refusal.reason.row().name, refusal.retry_after_seconds), ("session_limit", Some(60)));
    policy.keys[0].record.session_limit = Some(3);
    assert_eq!(call(&policy, &mut memory, from(2, b"a")), None);
    policy.keys[0].record.session_limit = Some(0);
    assert_eq!(call(&policy, &mut memory, from(3, b"a")), None);
}

#[test]
fn a_terminated_session_is_refused_from_its_address_until_the_time_has_passed() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    let until = NOW + 30 * SECOND;
    policy.terminations = vec![Termination { line: "k1".into(), client_ip: "10.0.0.1".into(), until }];
    let refusal = call(&policy, &mut memory, facts()).unwrap();
    assert_eq!((refusal.reason.row().name, refusal.retry_after_seconds), ("session_terminated", Some(30)));
    assert_eq!(call(&policy, &mut memory, from(2, b"agent/1")), None);
    assert_eq!(call(&policy, &mut memory, after(30)), None);
    policy.terminations[0].line = "k2".into();
    assert_eq!(call(&policy, &mut memory, facts()), None);
}

#[test]
fn ten_wrong_keys_from_an_address_stop_it_and_nobody_else() {
    let (policy, mut memory) = (setting::policy(), Memory::default());
    let good = setting::key().expose().to_owned();
    let wrong = setting::same_prefix(&good);
    let mut guess = |facts: Facts<'_>, key: &str| {
        let body = read().replace(&good, key);
        match judge_at(&policy, Road::Mcp, body.as_bytes(), facts, &mut memory) {
            Verdict::Refuse(refusal) => refusal.reason.row().name,
            Verdict::Pass(_) | Verdict::PassTo(..) | Verdict::Forward(_) | Verdict::Answer { .. } => "ok",
        }
    };
    for _ in 0..10 {
        assert_eq!(guess(facts(), &wrong), "invalid_key");
    }
    assert_eq!(guess(facts(), &wrong), "too_many_failures");
    // The right key too, while no gate has seen it from anywhere: it could not be told from a guess without hashing.
    assert_eq!(guess(facts(), &good), "too_many_failures");
    assert_eq!(guess(from(2, b"a"), &good), "ok");
    assert_eq!(guess(facts(), &good), "ok");
    assert_eq!(guess(after(60), &wrong), "invalid_key");
}

#[test]
fn pauses_stop_what_they_cover() {
    let write = execute("res.partner", "write", &serde_json::json!([[1], {}]), &serde_json::json!({}));
    let own = || "u1".to_owned();
    let model = || "res.partner".to_owned();
    for (pause, reads, writes) in [
        (Pause::All, false, false),
        (Pause::User { id: own() }, false, false),
        (Pause::User { id: "u2".into() }, true, true),
        (Pause::Model { id: model() }, false, false),
        (Pause::Model { id: "res.company".into() }, true, true),
        (Pause::Writes, true, false),
    ] {
        let mut policy = setting::policy();
        policy.pauses = vec![pause.clone()];
        for (body, passes) in [(&read(), reads), (&write, writes)] {
            let verdict = setting::judge(&policy, Road::Mcp, body.as_bytes());
            assert_eq!(matches!(verdict, Verdict::Forward(_)), passes, "{pause:?}");
        }
    }
}

#[test]
fn explain_says_what_the_gate_would_decide_check_by_check() {
    for (change, expected) in [
        ((|_| {}) as fn(&mut wire::Snapshot), None),
        (|p| p.permissions.clear(), Some((Stage::Permission, "permission_denied"))),
        (|p| p.keys[0].record.models = vec!["x".into()], Some((Stage::Model, "model_denied"))),
        (|p| p.keys[0].record.ip_allow_list = vec!["192.0.2.1".into()], Some((Stage::Address, "ip_denied"))),
        (|p| p.pauses = vec![Pause::All], Some((Stage::Pause, "permission_denied"))),
        (|p| p.keys[0].record.expires_at = Some(NOW), Some((Stage::Key, "invalid_key"))),
        (|p| p.users[0].upstream_rejected = true, Some((Stage::Key, "upstream_credential_rejected"))),
    ] {
        let mut policy = setting::policy();
        policy.keys[0].record.rate_limit_per_minute = Some(5);
        change(&mut policy);
        let gate = reason(call(&policy, &mut Memory::default(), facts()));
        assert_eq!(gate, expected.map(|(_, reason)| reason));
        let snapshot = Snapshot::try_from(policy).unwrap();
        let body = read();
        let call = Call::read(xmlrpc::read_call(&body).unwrap()).unwrap();
        let checks = explain(&snapshot, snapshot.key(setting::key().prefix()).unwrap().unwrap(), &call, facts());
        let refused = checks.iter().find_map(|check| match &check.finding {
            Finding::Refused(refusal) => Some((check.stage, refusal.reason.row().name)),
            Finding::Passed | Finding::NotEvaluated | Finding::WouldDeny(_) => None,
        });
        assert_eq!(refused, expected);
        assert!(checks.is_sorted_by_key(|check| check.stage));
        if expected.is_none() {
            assert_eq!(checks.len(), 10);
            let unknown: Vec<_> =
                checks.iter().filter(|c| c.finding == Finding::NotEvaluated).map(|c| c.stage).collect();
            assert_eq!(unknown, [Stage::Rate]);
        }
    }
}
