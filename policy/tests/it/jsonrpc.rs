//! JSON-RPC: its two services, and the ids of its answers.

use lictor_policy::formats::json;
use lictor_policy::formats::value::Value;
use lictor_policy::gate::{Forward, Verdict};
use lictor_policy::road::Road;
use lictor_policy::wire::Enforcement;
use serde_json::{Value as Json, json};

use crate::cases::value;
use crate::roads::{Request, judge, outcome, rpc};
use crate::setting::{self, DATABASE, LOGIN, UID};

#[test]
fn json_rpc_has_the_two_services_and_no_batches() {
    let mut policy = setting::policy();
    let key = setting::key();
    let read = json!([DATABASE, UID, key.expose(), "res.partner", "read", [[1]]]);
    let login = |password: &str| json!([DATABASE, LOGIN, password]);
    let batch = format!("[{}]", rpc("object", "execute_kw", &read));
    let twice = rpc("object", "execute_kw", &read).replace("\"id\":7", "\"id\":7,\"id\":7");
    let cases = |open: &str| {
        vec![
            (rpc("object", "execute_kw", &read), "ok".to_owned()),
            (
                rpc("object", "execute", &json!([DATABASE, UID, key.expose(), "res.partner", "read", [1]])),
                "ok".to_owned(),
            ),
            (rpc("common", "login", &login(key.expose())), "ok".to_owned()),
            (rpc("common", "authenticate", &json!([DATABASE, LOGIN, key.expose(), {}])), "ok".to_owned()),
            (rpc("common", "version", &json!([])), "pass".to_owned()),
            (rpc("common", "about", &json!([])), "pass".to_owned()),
            (batch.clone(), "malformed_request".to_owned()),
            (rpc("common", "login", &login("admin")), open.replace("NO", "key_required")),
            (rpc("db", "list", &json!([])), open.replace("NO", "endpoint_blocked")),
            (batch.replace(key.expose(), "admin"), open.replace("NO", "malformed_request")),
            (twice.clone(), "malformed_request".to_owned()),
            (twice.replace(key.expose(), "admin"), open.replace("NO", "malformed_request")),
        ]
    };
    for (mode, open) in [(Enforcement::Secure, "pass"), (Enforcement::Require, "NO")] {
        policy.settings.enforcement = mode;
        for (body, expected) in cases(open) {
            let (verdict, _) = judge(&policy, Road::JsonRpc, &Request::with_body(body.clone()));
            assert_eq!(outcome(&verdict), expected, "{mode:?} {body}");
        }
    }
    // An address that may do without a key still gets no databases, in whatever spelling.
    policy.settings.require_exceptions = vec!["10.0.0.0/8".into()];
    for (body, expected) in [
        (rpc("db", "list", &json!([])), "endpoint_blocked"),
        (rpc("db", "list", &json!([])).replace("\"id\":7", "\"id\":7,\"id\":7"), "malformed_request"),
        (rpc("common", "login", &login("admin")), "pass"),
    ] {
        assert_eq!(outcome(&judge(&policy, Road::JsonRpc, &Request::with_body(body)).0), expected);
    }
}

#[test]
fn json_rpc_answers_carry_the_id_of_the_request() {
    let policy = setting::policy();
    let body = rpc("common", "login", &json!([DATABASE, LOGIN, setting::key().expose()]));
    let (verdict, _) = judge(&policy, Road::JsonRpc, &Request::with_body(body));
    let Verdict::Answer { reply, denied: None, would_deny: None } = verdict else { panic!("{verdict:?}") };
    assert_eq!(reply.document, format!(r#"{{"jsonrpc":"2.0","id":7,"result":{UID}}}"#));
    let read = json!([DATABASE, UID, setting::key().expose(), "res.partner", "read", [[1], ["name"]], {"context": {"lang": 1.0}}]);
    let (verdict, _) = judge(&policy, Road::JsonRpc, &Request::with_body(rpc("object", "execute_kw", &read)));
    let Verdict::Forward(Forward { path, document, .. }) = verdict else { panic!("{verdict:?}") };
    assert_eq!(path, "/jsonrpc");
    let forwarded = json::read(document.as_bytes()).unwrap();
    let expected = rpc(
        "object",
        "execute_kw",
        &json!([DATABASE, UID, setting::SECRET, "res.partner", "read", [[1], ["name"]], {"context": {"lang": 1.0}}]),
    );
    let Value::Struct(mut members) = forwarded else { panic!() };
    let Value::Struct(mut wanted) = value(&serde_json::from_str(&expected).unwrap()) else { panic!() };
    members.sort_by(|a, b| a.0.cmp(&b.0));
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        format!("{:?}", members.iter().map(|(name, _)| name).collect::<Vec<_>>()),
        r#"["id", "jsonrpc", "method", "params"]"#
    );
    assert_eq!(members[0], wanted[0]);
    let sorted = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    assert_eq!(sorted(&document), sorted(&expected));
}
