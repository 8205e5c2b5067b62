//! JSON-2: what the headers settle alone, and what they settle with the body.

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::gate::{Body, Forward, Policy, Verdict};
use lictor_policy::refusal::Reason;
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::Enforcement;

use crate::roads::{Request, judge, outcome};
use crate::setting::{self, API_KEY, DATABASE, Memory, NOW};

#[test]
fn json_2_takes_the_key_from_the_head_and_the_call_from_path_and_body() {
    let policy = setting::with_api_key(setting::policy());
    let request = Request::json2("res.partner", "read", r#"{"ids":[1],"fields":["name"]}"#.to_owned());
    let Verdict::Forward(Forward { path, kind, headers, document, would_deny: None }) =
        judge(&policy, Road::Json2, &request).0
    else {
        panic!("it is permitted")
    };
    assert_eq!((path.as_ref(), kind), ("/json/2/res.partner/read", "application/json"));
    assert_eq!(document, r#"{"ids":[1],"fields":["name"]}"#);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.expose())).collect();
    assert_eq!(headers, [("authorization", &*format!("Bearer {API_KEY}")), ("x-odoo-database", DATABASE)]);
    for (change, expected) in [
        ((|_| {}) as fn(&mut Request), "ok"),
        (|r| r.body.clear(), "ok"),
        (|r| r.body = "[]".into(), "ok"),
        (|r| r.database = None, "ok"),
        (|r| r.database = Some("other"), "identity_mismatch"),
        (|r| r.authorization = r.authorization.replace("Bearer ", "bearer  "), "ok"),
        (|r| r.authorization.push('x'), "invalid_key"),
        (|r| r.authorization = format!("Bearer {}", setting::numbered_key(5).expose()), "invalid_key"),
        (|r| r.authorization = format!("Bearer {API_KEY}"), "pass"),
        (|r| r.authorization.clear(), "pass"),
        (|r| r.authorization = "Basic YWRtaW46YWRtaW4=".into(), "pass"),
        // A key elsewhere than in a bearer token would reach Odoo.
        (|r| r.authorization = r.authorization.replace("Bearer", "Basic"), "malformed_request"),
        (|r| r.path = "//json/2/res%2Epartner%2fread/?a=1".into(), "ok"),
        (|r| r.path = "/json/2/res.partner".into(), "malformed_request"),
        (|r| r.path = "/json/2/res.partner/unlink".into(), "malformed_request"),
        (|r| r.body = r#"{"ids":[1],"ids":[2]}"#.into(), "malformed_request"),
        (|r| r.body = r#"{"ids":[18446744073709551616]}"#.into(), "malformed_request"),
        (|r| r.body = "1".into(), "malformed_request"),
    ] {
        let mut request = Request::json2("res.partner", "read", r#"{"ids":[1],"fields":["name"]}"#.to_owned());
        change(&mut request);
        assert_eq!(outcome(&judge(&policy, Road::Json2, &request).0), expected, "{}", request.path);
    }
}

#[test]
fn a_user_with_a_password_is_told_that_json_2_takes_api_keys_only() {
    let request = Request::json2("res.partner", "read", "{}".to_owned());
    let (verdict, _) = judge(&setting::policy(), Road::Json2, &request);
    let Verdict::Refuse(refusal) = verdict else { panic!("{verdict:?}") };
    assert_eq!(refusal.reason, Reason::EndpointBlocked);
    assert!(refusal.sentence.contains("API key"), "{}", refusal.sentence);
}

#[test]
fn headers_alone_refuse_and_pass_json_2_before_its_body() {
    let key = format!("Bearer {}", setting::key().expose());
    let unknown = format!("Bearer {}", setting::numbered_key(9).expose());
    for (mode, authorization, path, needs_body, expected) in [
        (Enforcement::Off, key.as_str(), "/json/2/res.partner/read", false, "pass"),
        (Enforcement::Block, &key, "/json/2/res.partner/read", false, "endpoint_blocked"),
        (Enforcement::Secure, &key, "/json/2/res.partner/read", true, ""),
        (Enforcement::Secure, &key, "/json/2/res.partner", false, "malformed_request"),
        (Enforcement::Secure, &unknown, "/json/2/res.partner/read", false, "invalid_key"),
        (Enforcement::Secure, "Bearer lct_x", "/json/2/res.partner/read", false, "invalid_key"),
        (Enforcement::Secure, "Bearer 0123", "/json/2/res.partner/read", false, "pass"),
        (Enforcement::Require, "Bearer 0123", "/json/2/res.partner/read", false, "key_required"),
        (Enforcement::Require, "", "/json/2/res.partner/read", false, "key_required"),
        (Enforcement::Require, &key, "/json/2/res.partner/read", true, ""),
    ] {
        let mut policy = setting::policy();
        policy.settings.enforcement = mode;
        let snapshot = Snapshot::try_from(policy).unwrap();
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let target = Target::of(path);
        let head = Head { path, target: target.as_ref(), authorization: authorization.as_bytes(), ..Head::default() };
        let facts = Facts { head, ..setting::facts() };
        let case = format!("{mode:?} {authorization} {path}");
        assert_eq!(policy.ignores(Road::Json2) || !policy.needs_body(Road::Json2, &head), !needs_body, "{case}");
        if !needs_body {
            let (mut memory, mut trace) = (Memory::default(), Trace::default());
            let verdict = setting::verdict(policy, Road::Json2, Body::Unread, facts, &mut memory, &mut trace);
            assert_eq!(outcome(&verdict), expected, "{case}");
        }
    }
}

#[test]
fn without_a_policy_json_2_is_open_to_odoos_own_keys_only() {
    let key = format!("Bearer {}", setting::key().expose());
    for (authorization, require, expected) in [
        (key.as_str(), false, "policy_unavailable"),
        ("Bearer 0123", false, "pass"),
        ("Bearer 0123", true, "policy_unavailable"),
    ] {
        let head =
            Head { path: "/json/2/res.partner/read", authorization: authorization.as_bytes(), ..Head::default() };
        let facts = Facts { head, ..setting::facts() };
        let policy = Policy::new(None, 0, NOW, require);
        let (mut memory, mut trace) = (Memory::default(), Trace::default());
        let verdict = setting::verdict(policy, Road::Json2, Body::Unread, facts, &mut memory, &mut trace);
        assert_eq!(outcome(&verdict), expected, "{authorization} {require}");
    }
}
