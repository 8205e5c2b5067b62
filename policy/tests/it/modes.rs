//! Each enforcement mode, and the state without a policy: what they do to callers with and without keys, on each road and on none.

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::gate::{Asked, Body, Policy, Verdict, Watch};
use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::Enforcement;
use serde_json::json;

use crate::cases::{document, execute, reason};
use crate::roads::{Request, judge, outcome};
use crate::setting::{self, API_KEY, Memory, NOW};

#[test]
fn shared_roads_follow_the_enforcement_mode() {
    let with_key = execute("res.partner", "read", &json!([[1]]), &json!({}));
    let password = with_key.replace(setting::key().expose(), "admin");
    let broken = with_key.replace("</methodCall>", "");
    let verdict = |mode, body: &str| {
        let mut policy = setting::policy();
        policy.settings.enforcement = mode;
        match setting::judge(&policy, Road::Object, body.as_bytes()) {
            Verdict::Pass(_) | Verdict::PassTo(..) => "pass",
            Verdict::Forward(_) => "forward",
            Verdict::Answer { .. } => "answer",
            Verdict::Refuse(refusal) => refusal.reason.row().name,
        }
    };
    for (mode, with_key_is, password_is, broken_is) in [
        (Enforcement::Off, "pass", "pass", "pass"),
        (Enforcement::Block, "endpoint_blocked", "pass", "malformed_request"),
        (Enforcement::Secure, "forward", "pass", "malformed_request"),
        (Enforcement::Require, "forward", "key_required", "malformed_request"),
    ] {
        assert_eq!(verdict(mode, &with_key), with_key_is, "{mode:?}");
        assert_eq!(verdict(mode, &password), password_is, "{mode:?}");
        assert_eq!(verdict(mode, &broken), broken_is, "{mode:?}");
        // Without a key in it, it is another client's affair.
        let broken_password_is = if mode == Enforcement::Require { "malformed_request" } else { "pass" };
        assert_eq!(verdict(mode, &password.replace("</methodCall>", "")), broken_password_is, "{mode:?}");
    }
    let policy = setting::policy();
    assert_eq!(reason(&setting::judge(&policy, Road::Mcp, password.as_bytes())), Some("key_required"));
    assert_eq!(reason(&setting::judge(&policy, Road::Mcp, broken.as_bytes())), Some("malformed_request"));
}

#[test]
fn every_road_is_closed_to_callers_without_a_key_in_require_mode() {
    let mut policy = setting::policy();
    policy.settings.enforcement = Enforcement::Require;
    let body = execute("res.partner", "read", &json!([[1]]), &json!({}));
    let password = body.replace(setting::key().expose(), "admin");
    for (road, expected, excepted) in [
        (Road::Mcp, "key_required", "key_required"),
        (Road::Object, "key_required", "ok"),
        (Road::OldObject, "key_required", "ok"),
        (Road::Common, "malformed_request", "ok"),
        (Road::OldCommon, "malformed_request", "ok"),
        (Road::Databases, "endpoint_blocked", "endpoint_blocked"),
        (Road::OldDatabases, "endpoint_blocked", "endpoint_blocked"),
        (Road::JsonRpc, "malformed_request", "malformed_request"),
        (Road::Json2, "key_required", "ok"),
        (Road::DatabaseForms, "endpoint_blocked", "endpoint_blocked"),
        (Road::ModuleUpload, "endpoint_blocked", "ok"),
        (Road::ModuleCommon, "endpoint_blocked", "ok"),
        (Road::ModuleObject, "endpoint_blocked", "ok"),
        (Road::Module, "endpoint_blocked", "ok"),
    ] {
        policy.settings.require_exceptions.clear();
        let verdict = setting::judge(&policy, road, password.as_bytes());
        assert_eq!(reason(&verdict).unwrap_or("ok"), expected, "{road:?}");
        policy.settings.require_exceptions = vec!["10.0.0.0/8".into()];
        let verdict = setting::judge(&policy, road, password.as_bytes());
        assert_eq!(reason(&verdict).unwrap_or("ok"), excepted, "{road:?}");
        let mut open = setting::policy();
        open.settings.enforcement = Enforcement::Off;
        let passes = matches!(setting::judge(&open, road, password.as_bytes()), Verdict::Pass(_));
        assert_eq!(passes, road != Road::Mcp, "{road:?}");
    }
}

#[test]
fn without_a_fresh_policy_calls_with_keys_are_refused() {
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    let with_key = execute("res.partner", "read", &json!([[1]]), &json!({}));
    let password = with_key.replace(setting::key().expose(), "admin");
    let age = u64::from(setting::MAX_AGE_SECONDS) * 1_000_000;
    let judge = |snapshot, confirmed_at, require, road, body: &str| {
        let policy = Policy::new(snapshot, confirmed_at, NOW, require);
        let mut memory = Memory::default();
        setting::verdict(
            policy,
            road,
            Body::Whole(body.as_bytes()),
            setting::facts(),
            &mut memory,
            &mut Trace::default(),
        )
    };
    let refused = Verdict::Refuse(Reason::PolicyUnavailable.into());
    assert!(matches!(judge(Some(&snapshot), NOW - age, false, Road::Mcp, &with_key), Verdict::Forward(_)));
    assert!(matches!(judge(Some(&snapshot), NOW + 5, false, Road::Mcp, &with_key), Verdict::Forward(_)));
    for (snapshot, confirmed_at) in [(None, 0), (Some(&snapshot), NOW - age - 1), (Some(&snapshot), NOW + age + 1)] {
        for road in [Road::Mcp, Road::Object, Road::Common] {
            assert_eq!(judge(snapshot, confirmed_at, false, road, &with_key), refused, "{road:?}");
            assert_eq!(judge(snapshot, confirmed_at, true, road, &password), refused, "{road:?}");
        }
        assert_eq!(judge(snapshot, confirmed_at, false, Road::Mcp, &password), refused);
        assert!(matches!(judge(snapshot, confirmed_at, false, Road::Object, &password), Verdict::Pass(_)));
    }
}

#[test]
fn require_mode_closes_the_roads_of_odoos_own_keys() {
    let page = |authorization: &str| Request {
        path: "/json/1/action-7".into(),
        authorization: authorization.into(),
        ..Request::with_body(String::new())
    };
    for (mode, with_key, as_browser) in
        [(Enforcement::Secure, "pass", "pass"), (Enforcement::Require, "endpoint_blocked", "pass")]
    {
        let mut policy = setting::policy();
        policy.settings.enforcement = mode;
        for road in [Road::Json1, Road::Documentation] {
            assert_eq!(outcome(&judge(&policy, road, &page(&format!("Bearer {API_KEY}"))).0), with_key, "{mode:?}");
            // A browser's session has a cookie, and no key.
            assert_eq!(outcome(&judge(&policy, road, &page("")).0), as_browser, "{mode:?}");
        }
    }
}

#[test]
fn a_call_that_came_by_no_road_is_refused_in_require_only() {
    let call = document("version", json!([]));
    let judge = |policy: Policy<'_>| {
        let sight = Watch::for_calls(&Head::default()).see(call.as_bytes()).unwrap();
        let (mut memory, mut trace) = (Memory::default(), Trace::default());
        let (road, facts, state) = (Road::Object, setting::facts(), &mut memory);
        let refusal = Asked { policy, road, facts, state, trace: &mut trace }.judge_sight(&sight);
        refusal.map_or("pass", |refusal| refusal.reason.row().name)
    };
    for (enforcement, exceptions, expected) in [
        (Enforcement::Off, vec![], "pass"),
        (Enforcement::Block, vec![], "pass"),
        (Enforcement::Secure, vec![], "pass"),
        (Enforcement::Require, vec![], "key_required"),
        (Enforcement::Require, vec!["10.0.0.0/8".to_owned()], "pass"),
        (Enforcement::Require, vec!["192.0.2.0/24".to_owned()], "key_required"),
    ] {
        let mut policy = setting::policy();
        (policy.settings.enforcement, policy.settings.require_exceptions) = (enforcement, exceptions);
        let snapshot = Snapshot::try_from(policy).unwrap();
        assert_eq!(judge(Policy::new(Some(&snapshot), NOW, NOW, false)), expected, "{enforcement:?}");
        // A policy that is too old still says that it was `require`.
        let closed = if enforcement == Enforcement::Require { "policy_unavailable" } else { "pass" };
        assert_eq!(judge(Policy::new(Some(&snapshot), 0, NOW, false)), closed, "{enforcement:?}");
    }
    assert_eq!(judge(Policy::new(None, 0, NOW, true)), "policy_unavailable");
    assert_eq!(judge(Policy::new(None, 0, NOW, false)), "pass");
}

#[test]
fn what_needs_no_key_passes_in_require_without_odoos_key_only() {
    let mut policy = setting::policy();
    policy.settings.enforcement = Enforcement::Require;
    let snapshot = Snapshot::try_from(policy).unwrap();
    let version = document("version", json!([]));
    let odoos = format!("Bearer {API_KEY}");
    // Odoo may read the path as another road's, which takes its own key.
    let path = "/json/1/action-7/../../../xmlrpc/2/common";
    assert_eq!(Road::of(path), Some(Road::Common));
    for (authorization, expected) in [("", "pass"), (odoos.as_str(), "key_required")] {
        let head = Head { path, authorization: authorization.as_bytes(), is_post: true, ..Head::default() };
        let facts = Facts { head, ..setting::facts() };
        let (mut memory, mut trace) = (Memory::default(), Trace::default());
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let verdict =
            setting::verdict(policy, Road::Common, Body::Whole(version.as_bytes()), facts, &mut memory, &mut trace);
        assert_eq!(outcome(&verdict), expected);
    }
}
