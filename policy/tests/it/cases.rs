//! Each stage, each hole: calls that pass beside calls that are refused.

use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::{self, MethodCall};
use lictor_policy::gate::{Verdict, reply};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::wire::{self, Snapshot};

use crate::roads::check_all;
use crate::setting::{self, DATABASE, LOGIN, NOW, UID};

/// A value from JSON: the shapes that matter here are all in it.
pub(crate) fn value(json: &serde_json::Value) -> Value<'static> {
    use serde_json::Value as J;
    match json {
        J::Null => Value::Nil,
        J::Bool(truth) => Value::Bool(*truth),
        J::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Double(number.to_string().into()),
        },
        J::String(text) => Value::String(text.clone().into()),
        J::Array(items) => Value::Array(items.iter().map(value).collect()),
        J::Object(members) => Value::Struct(members.iter().map(|(name, v)| (name.clone().into(), value(v))).collect()),
    }
}

pub(crate) fn document(method: &str, params: serde_json::Value) -> String {
    let Value::Array(params) = value(&params) else { panic!("params are an array") };
    xmlrpc::write_call(&MethodCall { method: method.into(), params }, 0)
}

pub(crate) fn execute(model: &str, method: &str, args: &serde_json::Value, kwargs: &serde_json::Value) -> String {
    let key = setting::key();
    document("execute_kw", serde_json::json!([DATABASE, UID, key.expose(), model, method, args, kwargs]))
}

pub(crate) fn reason(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Refuse(refusal) => Some(refusal.reason.row().name),
        Verdict::Pass(_) | Verdict::PassTo(..) | Verdict::Forward(_) | Verdict::Answer { .. } => None,
    }
}

/// One call a line: model, method, args, kwargs, and the reason of the refusal, or `ok`. Each runs over every road.
fn check(policy: &Snapshot, cases: &str) {
    let (mut lines, mut everywhere) = (0, 0);
    for line in cases.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split(" | ").collect();
        let [target, args, kwargs, expected] = fields[..] else { panic!("four fields: {line}") };
        let (model, method) = target.split_once(' ').unwrap();
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {line}"));
        let body = execute(model, method, &json(args), &json(kwargs));
        let verdict = setting::judge(policy, Road::Mcp, body.as_bytes());
        assert_eq!(reason(&verdict).unwrap_or("ok"), expected, "{line}\n{verdict:?}");
        lines += 1;
        everywhere += usize::from(check_all(policy, (model, method), &json(args), &json(kwargs), expected));
    }
    // JSON-2 cannot say what has no name, which only few lines are about.
    assert!(everywhere * 2 >= lines, "{everywhere} of {lines} calls went over every road");
}

#[test]
fn permissions_decide_by_model_and_operation() {
    check(
        &setting::policy(),
        r#"
        res.partner read | [[1], ["name"]] | {} | ok
        res.partner read | [[1], ["name"]] | {"context": {"show_address": false}} | context_denied
        res.partner read | [[1], ["name", "nickname"]] | {} | field_denied
        res.partner read | [1] | {} | ok
        res.partner search_read | [[["name", "=", "x"]]] | {"fields": ["name"], "limit": 5} | ok
        res.partner create | [{"name": "x"}] | {} | ok
        res.partner create | [[{"name": "x"}, {"name": "y"}]] | {"context": {"lang": "de_DE"}} | ok
        res.partner write | [[1], {"name": "x"}] | {} | ok
        res.partner unlink | [[1]] | {} | permission_denied
        res.company read | [[1]] | {} | permission_denied
        res.partner _write | [[1], {}] | {} | method_denied
        res.partner sudo | [[1]] | {} | method_denied
        res.partner message_post | [[1]] | {"body": "x"} | method_denied
        res.partner no_such_method | [] | {} | method_denied
        res.users context_get | [] | {} | ok
        res.users read | [[2]] | {} | permission_denied
        "#,
    );
}

#[test]
fn other_models_are_not_read_through_paths() {
    let cases = r#"
        res.partner search_read | [[["user_id.login", "=", "x"]]] | {} | cross_model_denied
        res.partner search | [[["user_id", "any", [["login", "=", "x"]]]]] | {} | cross_model_denied
        res.partner search | [[["user_id", "ilike", "x"]]] | {} | cross_model_denied
        res.partner search | [[["user_id", "in", ["x", 5]]]] | {} | cross_model_denied
        res.partner read_group | [[], ["id"], ["create_uid.login"]] | {} | cross_model_denied
        res.partner formatted_read_group | [[]] | {"groupby": ["create_uid.login"]} | cross_model_denied
        res.partner export_data | [[1], ["user_ids/login"]] | {} | cross_model_denied
        res.partner web_read | [[1], {"user_ids": {"fields": {"login": {}}}}] | {} | cross_model_denied
        res.partner search | [[]] | {"order": "user_id.login"} | cross_model_denied
        res.partner read_progress_bar | [[], "type", {"field": "create_uid.login", "colors": {}}] | {} | cross_model_denied
        res.partner onchange | [[], {}, [], {}] | {} | method_denied
        res.partner web_save | [[1], {"name": "x"}, {}, 5] | {} | method_denied
        res.partner get_views | [[[1, "form"]]] | {} | method_denied
        res.partner get_view | [1, "form"] | {"toolbar": true} | method_denied
        res.partner search_panel_select_range | ["country_id"] | {"search_domain": []} | method_denied
        res.partner message_get_followers | [[1]] | {"limit": 5} | method_denied
        res.partner activity_search | [[1], ["mail.x"]] | {"only_automated": false} | method_denied
        res.partner get_formview_id | [[1]] | {"access_uid": 2} | method_denied
        res.partner web_search_read | [[], {"user_ids": {"context": {"x": 1}}}] | {} | context_denied
        res.partner read | [[1], ["parent_id"]] | {"context": {"show_address": 1}} | context_denied
    "#;
    let mut policy = setting::policy();
    check(&policy, cases);
    let read = Operations::of(&[Operation::Read]);
    let users = wire::Permission { model: "res.users".into(), operations: read, ..wire::Permission::default() };
    policy.permissions.push(users);
    policy.permissions[0].calls = crate::effects::calls();
    policy.permissions[0].context = ["show_address", "x"].map(str::to_owned).into();
    let opened = ["cross_model_denied", "method_denied", "context_denied"];
    check(&policy, &opened.iter().fold(cases.to_owned(), |cases, reason| cases.replace(reason, "ok")));
    check(
        &setting::policy(),
        r#"
        res.partner search | [["|", ["name", "ilike", "a.b/c"], ["id", "in", [1, 2]]]] | {} | ok
        res.partner search | [[["parent_id", "child_of", [3]]]] | {} | ok
        res.partner search | [[["parent_id", "child_of", "Azure"]]] | {} | ok
        res.partner search | [[["country_id.code", "=", "FR"], ["country_id", "ilike", "fr"]]] | {} | ok
        res.partner search | [[["create_date.month_number", "=", 5]]] | {} | ok
        res.partner search | [[["user_id.id", "=", 5]]] | {} | ok
        res.partner search | [true] | {} | ok
        res.partner search | [[[1, "=", 1]]] | {} | ok
        res.partner default_get | [["name"]] | {"context": {"default_parent_id": 1}} | ok
        res.partner web_read | [[1], {"name": {}, "email": {}}] | {} | ok
        res.partner export_data | [[1], ["id", ".id", "name", "create_uid:id", "create_uid/.id"]] | {} | ok
        res.partner formatted_read_group | [[], ["create_date:month"], ["create_uid:count_distinct"]] | {} | ok
        res.partner read_progress_bar | [[], "type", {"field": "lang", "colors": {"a.b": "c"}}] | {} | ok
        res.partner get_formview_id | [[1]] | {} | ok
        res.partner get_property_definition | ["properties.x"] | {} | ok
        res.partner default_get | [["name"]] | {} | ok
        "#,
    );
    let mut policy = setting::policy();
    policy.permissions[0].paths = vec!["user_id.login".into(), "user_id.password".into(), "user_id.name".into()];
    check(
        &policy,
        r#"
        res.partner search_read | [[["user_id.login", "=", "x"]]] | {"fields": ["name"]} | ok
        res.partner search | [[["user_id", "any", [["login", "=", "x"], ["name", "=", "y"]]]]] | {} | ok
        res.partner search | [[["user_id", "ilike", "x"]]] | {} | ok
        res.partner search | [[["user_id.partner_id.email", "=", "x"]]] | {} | cross_model_denied
        res.partner search | [[["user_id.password", "=", "x"]]] | {} | field_denied
        "#,
    );
}

#[test]
fn other_models_are_not_written_through_values() {
    let cases = r#"
        res.partner create | [{"child_ids": [[0, 0, {"name": "x"}]]}] | {} | ok
        res.partner create | [[{"name": "x"}, {"child_ids": [[0, 0, {}]]}]] | {} | ok
        res.partner write | [[1], {"child_ids": []}] | {} | ok
        res.partner write | [[1]] | {"vals": {"child_ids": [[4, 5]]}} | ok
        res.partner write | [[1], {"category_id": [[4, 1], [3, 2], [6, 0, [1]], 5, [5]]}] | {} | ok
        res.partner write | [[1], {"category_id": [[0, 0, {"name": "x"}]]}] | {} | nested_write_denied
        res.partner write | [[1], {"category_id": [[1, 1, {"name": "x"}]]}] | {} | nested_write_denied
        res.partner write | [[1], {"category_id": [[2, 1]]}] | {} | nested_write_denied
        res.partner write | [[1], {"child_ids": [[2, 5]]}] | {} | nested_write_denied
        res.partner write | [[1], {"user_ids": [[4, 5]]}] | {} | nested_write_denied
        res.partner write | [[1], {"child_ids": [[false, 0, {}]]}] | {} | malformed_request
        res.partner copy | [[1], {"child_ids": [[0, 0, {}]]}] | {} | ok
        res.partner name_create | ["x"] | {"context": {"default_child_ids": [[0, 0, {}]]}} | ok
        res.partner create | [{"child_ids": {"definition_changed": [1]}}] | {} | malformed_request
        res.partner write | [[1], {"properties": " \n[ {\"definition_changed\": true}]"}] | {} | malformed_request
        res.partner write | [[1], {"properties": [{"definition_changed": true}]}] | {} | malformed_request
        res.partner write | [[1], {"properties": {"x": 1}}] | {} | ok
        res.partner write | [[1], {"comment": "[see {this}]"}] | {} | ok
    "#;
    let mut policy = setting::policy();
    check(&policy, cases);
    policy.permissions[0].nested_writes = vec!["category_id".into(), "child_ids".into(), "user_ids".into()];
    let closed = "\"user_ids\": [[4, 5]]}] | {} | nested_write_denied";
    let opened =
        cases.replace("nested_write_denied", "ok").replace(&closed.replace("nested_write_denied", "ok"), closed);
    check(&policy, &opened);
}

#[test]
fn commands_need_their_operations_in_the_scopes() {
    let mut policy = setting::policy();
    policy.permissions[0].nested_writes = vec!["child_ids".into()];
    policy.keys[0].record.scopes = Operations::of(&[Operation::Write]);
    check(
        &policy,
        r#"
        res.partner write | [[1], {"child_ids": [[4, 1]]}] | {} | ok
        res.partner write | [[1], {"child_ids": [[1, 1, {"name": "x"}]]}] | {} | ok
        res.partner write | [[1], {"child_ids": [[0, 0, {}]]}] | {} | scope_denied
        res.partner write | [[1], {"child_ids": [[0.0, 0, {}]]}] | {} | malformed_request
        res.partner write | [[1], {"child_ids": [[2, 1]]}] | {} | scope_denied
        res.partner write | [[1], {"child_ids": [[1, 1, {"child_ids": [[2, 3]]}]]}] | {} | scope_denied
        res.partner read | [[1]] | {} | scope_denied
        "#,
    );
    policy.keys[0].record.scopes = Operations::of(&[Operation::Read, Operation::Write]);
    check(
        &policy,
        r#"
        res.partner web_save | [[1], {"name": "x"}, {}] | {} | ok
        res.partner web_save | [[], {"name": "x"}, {}] | {} | scope_denied
        res.partner web_save | [0, {"name": "x"}, {}] | {} | scope_denied
        "#,
    );
}

#[test]
fn arguments_that_are_not_the_methods_are_refused() {
    check(
        &setting::policy(),
        r#"
        res.partner read | [] | {} | malformed_request
        res.partner read | ["1"] | {} | malformed_request
        res.partner read | [[1.0]] | {} | malformed_request
        res.partner read | [[true]] | {} | malformed_request
        res.partner read | [[1], ["name"], "x", 1] | {} | malformed_request
        res.partner read | [[1], ["name"]] | {"fields": ["name"]} | malformed_request
        res.partner read | [[1]] | {"ids": [2]} | malformed_request
        res.partner search | [] | {"domain": [], "args": []} | malformed_request
        res.partner search | ["[]"] | {} | malformed_request
        res.partner search | [[["name", "="]]] | {} | malformed_request
        res.partner search_read | [[]] | {"fields": [["name"]], "order": {"x": 1}} | malformed_request
        res.partner write | [[1], "name"] | {} | malformed_request
        res.partner web_read | [[1], ["name"]] | {} | malformed_request
        "#,
    );
}

#[test]
fn mappings_open_methods_and_close_them() {
    let mut policy = setting::policy();
    let write = Operations::of(&[Operation::Write]);
    policy.settings.methods =
        [("action_done", write), ("copy", Operations::NONE), ("load", write), ("find_or_create", write)]
            .map(|(name, operations)| (name.to_owned(), operations))
            .into();
    policy.permissions[0].methods = [("action_mine".to_owned(), Operations::of(&[Operation::Delete]))].into();
    check(
        &policy,
        r#"
        res.partner action_done | [[1]] | {} | ok
        res.partner action_done | [[1], {"a": 1}, [1, "x"]] | {} | ok
        res.partner action_done | [[1], {"a": [[0, 0, {}]]}] | {} | method_denied
        res.partner action_done | [[[0, 0, {}]]] | {} | method_denied
        res.partner action_mine | [[1]] | {} | permission_denied
        res.partner copy | [[1]] | {} | method_denied
        res.partner load | [["name"], [["x"]]] | {} | ok
        res.partner load | [[".id", "id", "name"], [["1", "a.b", "x"]]] | {} | ok
        res.partner load | [["child_ids/name"], [["x"]]] | {} | ok
        res.partner load | [["category_id/name"], [["x"]]] | {} | nested_write_denied
        res.partner load | [["category_id.name"], [["x"]]] | {} | nested_write_denied
        res.partner load | [["category_id:name"], [["x"]]] | {} | nested_write_denied
        res.partner load | [["category_id/id"], [["x"]]] | {} | ok
        res.partner load | [["user_ids"], [["x"]]] | {} | cross_model_denied
        res.partner load | [["user_ids/id"], [["x"]]] | {} | nested_write_denied
        res.partner load | [["user_ids:.id"], [["x"]]] | {} | nested_write_denied
        res.partner load | [["category_id"], [["x"]]] | {} | cross_model_denied
        res.partner load | [["country_id"], [["x"]]] | {} | ok
        res.partner load | [["child_ids/country_id"], [["x"]]] | {} | ok
        res.partner load | [["child_ids/user_id"], [["x"]]] | {} | cross_model_denied
        res.partner load | [["child_ids:child_ids.user_id"], [["x"]]] | {} | cross_model_denied
        res.partner load | [["child_ids/user_id/id"], [["1"]]] | {} | ok
        res.partner load | [["email"], [["x"]]] | {} | field_denied
        res.partner load | [["properties"], [["[{}]"]]] | {} | malformed_request
        res.partner load | [["name"], [[["x"]]]] | {} | malformed_request
        res.partner load | [["name"], [["x"]]] | {"context": {"name_create_enabled_fields": {"tag": true}}} | context_denied
        res.partner find_or_create | ["x"] | {} | method_denied
        ir.cron action_done | [[1]] | {} | method_denied
        "#,
    );
    policy.settings.methods = [("_secret".to_owned(), write), ("sudo".to_owned(), write)].into();
    check(
        &policy,
        r#"
        res.partner _secret | [[1]] | {} | method_denied
        res.partner sudo | [[1]] | {} | method_denied
        "#,
    );
}

#[test]
fn each_restriction_of_a_key_is_in_force() {
    let read = r#"res.partner read | [[1]] | {} | "#;
    for (change, expected) in [
        ((|_| {}) as fn(&mut Snapshot), "ok"),
        (|p| p.keys[0].record.scopes = Operations::of(&[Operation::Write]), "scope_denied"),
        (|p| p.keys[0].record.models = vec!["res.company".into()], "model_denied"),
        (|p| p.keys[0].record.models = vec!["res.partner".into()], "ok"),
        (|p| p.keys[0].record.ip_allow_list = vec!["192.0.2.0/24".into()], "ip_denied"),
        (|p| p.keys[0].record.ip_allow_list = vec!["10.0.0.0/8".into()], "ok"),
        (|p| p.settings.ip_allow_list = vec!["192.0.2.1".into()], "ip_denied"),
        (|p| p.keys[0].record.expires_at = Some(NOW), "invalid_key"),
        (|p| p.keys[0].record.expires_at = Some(NOW + 1), "ok"),
        (|p| p.keys.clear(), "invalid_key"),
        (|p| p.users[0].upstream_rejected = true, "upstream_credential_rejected"),
        (|p| p.users[0].upstream.uid = 8, "identity_mismatch"),
        (|p| p.users[0].upstream.database = "other".into(), "identity_mismatch"),
        (|p| p.permissions[0].groups = vec!["managers".into()], "permission_denied"),
        (|p| p.permissions[0].groups = vec!["managers".into(), "sales".into()], "ok"),
        (|p| p.permissions[0].operations = Operations::of(&[Operation::Write]), "permission_denied"),
    ] {
        let mut policy = setting::policy();
        change(&mut policy);
        check(&policy, &format!("{read}{expected}"));
    }
}

#[test]
fn another_key_with_the_same_prefix_is_refused() {
    let text = setting::key().expose().to_owned();
    let mut other = setting::same_prefix(&text);
    assert_ne!(text, other);
    let policy = setting::policy();
    other = execute("res.partner", "read", &serde_json::json!([[1]]), &serde_json::json!({})).replace(&text, &other);
    let verdict = setting::judge(&policy, Road::Mcp, other.as_bytes());
    assert_eq!(reason(&verdict), Some("invalid_key"));
}

#[test]
fn authenticate_is_answered_by_the_gate() {
    let key = setting::key();
    let authenticate = |database: &str, login: &str, password: &str| {
        let body = document("authenticate", serde_json::json!([database, login, password, {}]));
        setting::judge(&setting::policy(), Road::Common, body.as_bytes())
    };
    let answer =
        |value, denied| Verdict::Answer { reply: reply::value(Road::Common, &value, None), denied, would_deny: None };
    let uid = answer(Value::Int(UID), None);
    let no = |reason| answer(Value::Bool(false), Some(reason));
    assert_eq!(authenticate(DATABASE, LOGIN, key.expose()), uid);
    assert_eq!(authenticate(DATABASE, "AGENT@example.com", key.expose()), no(Reason::IdentityMismatch));
    assert_eq!(authenticate("other", LOGIN, key.expose()), no(Reason::IdentityMismatch));
    assert_eq!(authenticate(DATABASE, LOGIN, setting::numbered_key(5).expose()), no(Reason::InvalidKey));
    assert!(matches!(authenticate(DATABASE, LOGIN, "admin"), Verdict::Pass(_)));
    let version = document("version", serde_json::json!([]));
    assert!(matches!(setting::judge(&setting::policy(), Road::Common, version.as_bytes()), Verdict::Pass(_)));
}
