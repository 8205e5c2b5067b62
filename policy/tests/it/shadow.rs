//! Shadow mode: what passes, what never does, and what is remembered.

use lictor_policy::call::Call;
use lictor_policy::decide::{Facts, Finding, Stage, Trace, explain};
use lictor_policy::formats::xmlrpc;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Reason;
use lictor_policy::refusal::shadow::Shadow;
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Enforcement, Pause, Termination};
use serde_json::{Value as Json, json};

use crate::cases::{document, execute};
use crate::module;
use crate::roads::{self, Request};
use crate::setting::{self, DATABASE, LOGIN, Memory, NOW, UID, facts, judge_at};

const STAGES: [Shadow; 6] =
    [Shadow::Session, Shadow::Ip, Shadow::RateLimit, Shadow::Scope, Shadow::Model, Shadow::Permission];
const ROADS: [Road; 5] = [Road::Mcp, Road::Object, Road::OldObject, Road::JsonRpc, Road::Json2];

pub(crate) fn shadowed(policy: &wire::Snapshot, shadow: &[Shadow]) -> wire::Snapshot {
    let mut policy = policy.clone();
    policy.settings.shadow = shadow.iter().copied().collect();
    policy
}

/// What becomes of a call: a reason, `would` and a reason, or `ok`.
fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Refuse(refusal) => refusal.reason.row().name.to_owned(),
        Verdict::Forward(forward) => would(forward.would_deny),
        Verdict::Answer { denied: Some(reason), .. } => reason.row().name.to_owned(),
        Verdict::Answer { would_deny, .. } => would(*would_deny),
        Verdict::Pass(_) | Verdict::PassTo(..) => "pass".to_owned(),
    }
}

fn would(would_deny: Option<Reason>) -> String {
    would_deny.map_or("ok".to_owned(), |reason| format!("would {}", reason.row().name))
}

fn read() -> String {
    execute("res.partner", "read", &json!([[1]]), &json!({}))
}

fn read_at(policy: &wire::Snapshot, memory: &mut Memory, facts: Facts<'_>) -> String {
    told(&judge_at(policy, Road::Mcp, read().as_bytes(), facts, memory))
}

fn from(address: u8) -> Facts<'static> {
    Facts { client: Some([10, 0, 0, address].into()), ..facts() }
}

/// A policy of which one stage refuses a read, and whether others came before.
fn restricted(stage: Shadow) -> (wire::Snapshot, Memory, &'static str) {
    let (mut policy, mut memory) = (setting::with_api_key(setting::policy()), Memory::default());
    let reason = match stage {
        Shadow::Session => {
            policy.keys[0].record.session_limit = Some(1);
            assert_eq!(read_at(&policy, &mut memory, from(2)), "ok");
            "session_limit"
        }
        Shadow::Ip => {
            policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
            "ip_denied"
        }
        Shadow::RateLimit => {
            policy.keys[0].record.rate_limit_per_minute = Some(1);
            assert_eq!(read_at(&policy, &mut memory, facts()), "ok");
            "rate_limited"
        }
        Shadow::Scope => {
            policy.keys[0].record.scopes = Operations::of(&[Operation::Write]);
            "scope_denied"
        }
        Shadow::Model => {
            policy.keys[0].record.models = vec!["res.company".into()];
            "model_denied"
        }
        Shadow::Permission | Shadow::All => {
            policy.permissions.clear();
            "permission_denied"
        }
    };
    (policy, memory, reason)
}

#[test]
fn each_stage_alone_lets_pass_what_it_would_refuse_on_every_road() {
    for stage in STAGES {
        let (policy, mut memory, reason) = restricted(stage);
        for road in ROADS {
            let request = roads::on(road, "res.partner", "read", &json!([[1]]), &json!({})).unwrap();
            let mut told =
                |shadow: &[Shadow]| told(&roads::judge_with(&shadowed(&policy, shadow), road, &request, &mut memory).0);
            let others: Vec<_> = STAGES.into_iter().filter(|other| *other != stage).collect();
            assert_eq!(told(&[]), reason, "{stage:?} {road:?}");
            assert_eq!(told(&others), reason, "{stage:?} {road:?}");
            for shadow in [stage, Shadow::All] {
                assert_eq!(told(&[shadow]), format!("would {reason}"), "{stage:?} {road:?}");
            }
        }
    }
}

#[test]
fn all_that_a_permission_refuses_passes_and_is_told_apart() {
    let policy = setting::policy();
    for (model, method, args, reason) in [
        ("res.partner", "unlink", json!([[1]]), "permission_denied"),
        ("res.company", "read", json!([[1]]), "permission_denied"),
        ("res.partner", "action_done", json!([[1]]), "method_denied"),
        ("res.partner", "create", json!([{"category_id": [[0, 0, {}]]}]), "nested_write_denied"),
        ("res.partner", "search", json!([[["user_id.login", "=", "x"]]]), "cross_model_denied"),
        ("res.partner", "write", json!([[1], {"email": "x"}]), "field_denied"),
    ] {
        let body = execute(model, method, &args, &json!({}));
        assert_eq!(told(&setting::judge(&policy, Road::Mcp, body.as_bytes())), reason);
        let policy = shadowed(&policy, &[Shadow::Permission]);
        assert_eq!(told(&setting::judge(&policy, Road::Mcp, body.as_bytes())), format!("would {reason}"), "{method}");
    }
}

#[test]
fn nothing_puts_the_key_and_what_was_stopped_by_hand_in_shadow() {
    let secret = setting::key().expose().to_owned();
    let wrong = setting::same_prefix(&secret);
    let own = || "u1".to_owned();
    let partner = || "res.partner".to_owned();
    for (change, reason) in [
        ((|_| {}) as fn(&mut wire::Snapshot), "ok"),
        (|p| p.keys.clear(), "invalid_key"),
        (|p| p.keys[0].record.expires_at = Some(NOW), "invalid_key"),
        (|p| p.users[0].upstream.uid = 8, "identity_mismatch"),
        (|p| p.users[0].upstream.database = "other".into(), "identity_mismatch"),
        (|p| p.users[0].upstream_rejected = true, "upstream_credential_rejected"),
        (
            |p| {
                let until = NOW + 1;
                p.terminations = vec![Termination { line: "k1".into(), client_ip: "10.0.0.1".into(), until }];
            },
            "session_terminated",
        ),
        (|p| p.settings.enforcement = Enforcement::Block, "endpoint_blocked"),
    ] {
        let mut policy = shadowed(&setting::policy(), &[Shadow::All]);
        change(&mut policy);
        assert_eq!(told(&setting::judge(&policy, Road::Object, read().as_bytes())), reason);
    }
    let policy = shadowed(&setting::policy(), &[Shadow::All]);
    for pause in [Pause::All, Pause::User { id: own() }, Pause::Model { id: partner() }, Pause::Writes] {
        let policy = wire::Snapshot { pauses: vec![pause], ..policy.clone() };
        for method in ["unlink", "action_done"] {
            let body = execute("res.partner", method, &json!([[1]]), &json!({}));
            let verdict = setting::judge(&policy, Road::Mcp, body.as_bytes());
            assert_eq!(told(&verdict), "permission_denied", "{:?} {method}", policy.pauses);
        }
    }
    for (model, method, args, reason) in [
        ("res.partner", "_write", json!([[1], {}]), "method_denied"),
        ("res.partner", "sudo", json!([[1]]), "method_denied"),
        ("res.partner", "message_notify", json!([[1]]), "method_denied"),
        ("ir.cron", "read", json!([[1]]), "method_denied"),
        ("res.users", "write", json!([[1], {}]), "method_denied"),
        // Nobody has said that it only reads.
        ("res.users", "action_done", json!([[1]]), "method_denied"),
        ("res.partner", "read", json!(["1"]), "malformed_request"),
    ] {
        let body = execute(model, method, &args, &json!({}));
        assert_eq!(told(&setting::judge(&policy, Road::Mcp, body.as_bytes())), reason, "{model} {method}");
    }
    for (body, reason) in [
        (read().replace(&secret, &wrong), "invalid_key"),
        (read().replace(&secret, "admin"), "key_required"),
        (read().replace("</methodCall>", ""), "malformed_request"),
    ] {
        assert_eq!(told(&setting::judge(&policy, Road::Mcp, body.as_bytes())), reason);
    }
    let mut memory = Memory::default();
    let body = read().replace(&secret, &wrong);
    let mut guess = || told(&judge_at(&policy, Road::Mcp, body.as_bytes(), facts(), &mut memory));
    assert_eq!((0..10).map(|_| guess()).filter(|told| told == "invalid_key").count(), 10);
    assert_eq!(guess(), "too_many_failures");
    let request = roads::on(Road::Json2, "res.partner", "read", &json!([[1]]), &json!({})).unwrap();
    assert_eq!(
        told(&roads::judge(&policy, Road::Json2, &request).0),
        "endpoint_blocked",
        "Odoo takes no password there"
    );
}

#[test]
fn only_what_a_stage_decides_can_be_in_shadow() {
    let shadowed: Vec<_> = Reason::ALL.iter().filter(|reason| reason.row().shadow.is_some()).collect();
    assert_eq!(shadowed.len(), 11, "{shadowed:?}");
    assert!(shadowed.iter().all(|reason| !matches!(reason.row().code, 400 | 401 | 413 | 415 | 503)), "{shadowed:?}");
}

#[test]
fn the_first_reason_is_told_and_a_stage_that_is_not_in_shadow_still_refuses() {
    let mut policy = setting::policy();
    policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
    policy.keys[0].record.scopes = Operations::of(&[Operation::Write]);
    policy.permissions.clear();
    let told = |shadow: &[Shadow]| told(&setting::judge(&shadowed(&policy, shadow), Road::Mcp, read().as_bytes()));
    assert_eq!(told(&[Shadow::All]), "would ip_denied");
    assert_eq!(told(&[Shadow::Ip, Shadow::Scope, Shadow::Permission]), "would ip_denied");
    assert_eq!(told(&[Shadow::Ip, Shadow::Permission]), "scope_denied");
    assert_eq!(told(&[Shadow::Ip, Shadow::Scope]), "permission_denied");
}

#[test]
fn a_method_of_which_nothing_is_known_is_a_call() {
    let mut policy = shadowed(&setting::policy(), &[Shadow::Permission]);
    let body = execute("res.partner", "action_done", &json!([[1, 2]]), &json!({}));
    let snapshot = Snapshot::try_from(policy.clone()).unwrap();
    let mut trace = Trace::default();
    let gate = Policy::new(Some(&snapshot), NOW, NOW, false);
    let verdict =
        setting::verdict(gate, Road::Mcp, Body::Whole(body.as_bytes()), facts(), &mut Memory::default(), &mut trace);
    assert_eq!(told(&verdict), "would method_denied");
    let ids: Vec<i64> = trace.recorded.ids.iter().collect();
    assert_eq!((trace.operations, ids), (Operations::of(&[Operation::Call]), vec![1, 2]));
    policy.keys[0].record.scopes = Operations::of(&[Operation::Read, Operation::Write, Operation::Create]);
    assert_eq!(told(&setting::judge(&policy, Road::Mcp, body.as_bytes())), "scope_denied");
    // A method that an administrator has closed is known.
    policy.settings.methods = [("read".to_owned(), Operations::NONE)].into();
    assert_eq!(read_at(&policy, &mut Memory::default(), facts()), "would method_denied");
}

#[test]
fn limits_count_in_shadow_as_they_do_out_of_it() {
    let (mut policy, mut memory) = (setting::policy(), Memory::default());
    policy.keys[0].record.rate_limit_per_minute = Some(2);
    policy.keys[0].record.session_limit = Some(1);
    let shadow = shadowed(&policy, &[Shadow::All]);
    assert_eq!(read_at(&shadow, &mut memory, from(1)), "ok");
    // One who is beyond the limit stays so: no session was started, or the next call would look allowed.
    for _ in 0..2 {
        assert_eq!(read_at(&shadow, &mut memory, from(2)), "would session_limit");
    }
    for _ in 0..3 {
        assert_eq!(read_at(&shadow, &mut memory, from(1)), "would rate_limited");
    }
    assert_eq!(read_at(&policy, &mut memory, from(2)), "session_limit");
    assert_eq!(read_at(&policy, &mut memory, from(1)), "rate_limited");
    let later = Facts { now: NOW + 61_000_000, ..from(1) };
    assert_eq!(read_at(&policy, &mut memory, later), "ok", "what was beyond the limit has not filled the window");
}

#[test]
fn a_limit_that_is_not_in_shadow_holds_for_those_whom_another_stage_would_refuse() {
    let (mut policy, mut memory) = (shadowed(&setting::policy(), &[Shadow::Ip]), Memory::default());
    policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
    policy.keys[0].record.session_limit = Some(1);
    policy.keys[0].record.rate_limit_per_minute = Some(2);
    assert_eq!(read_at(&policy, &mut memory, from(1)), "would ip_denied");
    assert_eq!(read_at(&policy, &mut memory, from(2)), "session_limit");
    assert_eq!(read_at(&policy, &mut memory, from(1)), "would ip_denied");
    assert_eq!(read_at(&policy, &mut memory, from(1)), "rate_limited");
}

#[test]
fn logins_and_the_modules_pages_are_in_shadow_too() {
    let mut policy = setting::policy();
    policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
    policy.settings.mcp_module_contract = true;
    let shadow = shadowed(&policy, &[Shadow::All]);
    let key = setting::key();
    let xml = Request::with_body(document("authenticate", json!([DATABASE, LOGIN, key.expose(), {}])));
    let json = Request::with_body(roads::rpc("common", "login", &json!([DATABASE, LOGIN, key.expose()])));
    let page = |path: &str| module::page(path, key.expose());
    for (road, request) in [(Road::Common, &xml), (Road::JsonRpc, &json), (Road::Module, &page("/mcp/auth/validate"))] {
        assert_eq!(told(&roads::judge(&policy, road, request).0), "ip_denied");
        let (verdict, _) = roads::judge(&shadow, road, request);
        assert_eq!(told(&verdict), "would ip_denied");
        let Verdict::Answer { reply, .. } = verdict else { panic!("{verdict:?}") };
        assert!(reply.document.contains(&UID.to_string()), "{}", reply.document);
    }
    let other = xml.body.replace(LOGIN, "nobody");
    assert_eq!(told(&setting::judge(&shadow, Road::Common, other.as_bytes())), "identity_mismatch");
    // What passes is told as allowed, or clients that look first would not even try.
    for (model, enabled) in [("res.company", true), ("ir.cron", false)] {
        let (verdict, _) = roads::judge(&shadow, Road::Module, &page(&format!("/mcp/models/{model}/access")));
        let Verdict::Answer { reply, .. } = verdict else { panic!("{verdict:?}") };
        let answer: Json = serde_json::from_str(&reply.document).unwrap();
        assert_eq!(answer["data"]["enabled"], json!(enabled), "{model}");
    }
}

#[test]
fn explain_shows_every_stage_that_would_refuse() {
    let mut policy = setting::policy();
    policy.settings.ip_allow_list = vec!["192.0.2.1".into()];
    policy.keys[0].record.models = vec!["res.company".into()];
    policy.permissions.clear();
    let body = read();
    let call = Call::read(xmlrpc::read_call(&body).unwrap()).unwrap();
    let findings = |shadow: &[Shadow]| {
        let snapshot = Snapshot::try_from(shadowed(&policy, shadow)).unwrap();
        let checks = explain(&snapshot, snapshot.key(setting::key().prefix()).unwrap().unwrap(), &call, facts());
        let told = |check: lictor_policy::decide::Check| match check.finding {
            Finding::Passed | Finding::NotEvaluated => None,
            Finding::WouldDeny(refusal) => Some((check.stage, would(Some(refusal.reason)))),
            Finding::Refused(refusal) => Some((check.stage, refusal.reason.row().name.to_owned())),
        };
        (checks.len(), checks.into_iter().filter_map(told).collect::<Vec<_>>())
    };
    let (address, model, permission) = (
        (Stage::Address, "would ip_denied".to_owned()),
        (Stage::Model, "would model_denied".to_owned()),
        (Stage::Permission, "would permission_denied".to_owned()),
    );
    assert_eq!(findings(&[Shadow::All]), (10, vec![address.clone(), model, permission]));
    assert_eq!(findings(&[Shadow::Ip]), (9, vec![address, (Stage::Model, "model_denied".to_owned())]));
    assert_eq!(findings(&[]), (5, vec![(Stage::Address, "ip_denied".to_owned())]));
}
