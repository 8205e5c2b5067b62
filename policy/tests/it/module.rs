//! The pages of Odoo's MCP module, which the gate stands in for.

use lictor_policy::gate::Verdict;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::road::Road;
use lictor_policy::wire::{self, Enforcement};
use serde_json::{Value as Json, json};

use crate::cases::{document, execute};
use crate::roads::{Request, judge, outcome};
use crate::setting::{self, DATABASE, LOGIN, UID};

/// A page of the MCP module, asked for with a key.
pub(crate) fn page(path: &str, key: &str) -> Request {
    Request { path: path.into(), api_key: key.into(), database: Some(DATABASE), ..Request::with_body(String::new()) }
}

#[test]
fn the_gate_stands_in_for_the_mcp_module_if_it_is_told_to() {
    let key = setting::key().expose().to_owned();
    let login = |password: &str| document("authenticate", json!([DATABASE, LOGIN, password, {}]));
    let read = |password: &str| execute("res.partner", "read", &json!([[1]]), &json!({})).replace(&key, password);
    let other_database = Request { database: Some("other"), ..page("/mcp/models", &key) };
    for (road, request, told, has_key) in [
        (Road::ModuleCommon, Request::with_body(document("version", json!([]))), "/xmlrpc/2/common", false),
        (Road::ModuleCommon, Request::with_body(login(&key)), "ok", true),
        (Road::ModuleCommon, Request::with_body(login("admin")), "key_required", false),
        (Road::ModuleObject, Request::with_body(read(&key)), "ok", true),
        (Road::ModuleObject, Request::with_body(read("admin")), "key_required", false),
        (Road::Module, page("/mcp/auth/validate", &key), "ok", true),
        (Road::Module, page("/mcp/auth/validate", "admin"), "key_required", false),
        (Road::Module, page("/mcp/auth/validate", "lct_x"), "invalid_key", false),
        (Road::Module, other_database, "identity_mismatch", true),
        (Road::Module, page("/mcp/health", &key), "malformed_request", true),
    ] {
        for enforcement in [Enforcement::Off, Enforcement::Block, Enforcement::Secure] {
            let mut policy = setting::policy();
            policy.settings.enforcement = enforcement;
            // Odoo's module, if it has one, gets no Lictor key, but where nobody looks.
            let untold = if has_key && enforcement != Enforcement::Off { "endpoint_blocked" } else { "pass" };
            assert_eq!(outcome(&judge(&policy, road, &request).0), untold, "{road:?} {}", request.path);
            policy.settings.mcp_module_contract = true;
            assert_eq!(outcome(&judge(&policy, road, &request).0), told, "{road:?} {}", request.path);
        }
    }
}

#[test]
fn the_module_says_what_the_key_may_do() {
    let mut policy = setting::policy();
    policy.settings.mcp_module_contract = true;
    policy.permissions[0].operations = Operations::of(&[Operation::Read, Operation::Write, Operation::Delete]);
    policy.permissions.push(wire::Permission {
        model: "ir.cron".into(),
        operations: Operations::of(&[Operation::Read]),
        ..wire::Permission::default()
    });
    let ask = |policy: &wire::Snapshot, path: &str| {
        let (verdict, _) = judge(policy, Road::Module, &page(path, setting::key().expose()));
        let Verdict::Answer { reply, denied: None, would_deny: None } = verdict else { panic!("{verdict:?}") };
        let answer: Json = serde_json::from_str(&reply.document).unwrap();
        assert_eq!((reply.status, &answer["success"]), (200, &json!(true)));
        answer["data"].clone()
    };
    let operations = |delete: bool| json!({"read": true, "write": true, "create": false, "unlink": delete});
    assert_eq!(ask(&policy, "/mcp/auth/validate"), json!({"valid": true, "user_id": UID}));
    let model = |delete| json!([{"model": "res.partner", "name": "res.partner", "operations": operations(delete)}]);
    assert_eq!(ask(&policy, "/mcp/models")["models"], model(true));
    policy.keys[0].record.scopes = Operations::of(&[Operation::Read, Operation::Write]);
    assert_eq!(ask(&policy, "/mcp/models")["models"], model(false));
    let access = ask(&policy, "/mcp/models/res.partner/access");
    assert_eq!(access, json!({"model": "res.partner", "enabled": true, "operations": operations(false)}));
    policy.pauses = vec![wire::Pause::Writes];
    assert_eq!(ask(&policy, "/mcp/models/res.partner/access")["operations"]["write"], json!(false));
    for model in ["ir.cron", "res.company"] {
        assert_eq!(ask(&policy, &format!("/mcp/models/{model}/access"))["enabled"], json!(false));
    }
    policy.permissions[0].groups = vec!["managers".into()];
    assert_eq!(ask(&policy, "/mcp/models")["models"], json!([]));
}
