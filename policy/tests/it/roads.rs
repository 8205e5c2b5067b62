//! One call on every road: the same decision, and the same record of it.

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::formats::json;
use lictor_policy::formats::value::Value;
use lictor_policy::gate::{Asked, Body, Forward, Policy, Verdict, Watch};
use lictor_policy::odoo::operations;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Reason;
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Enforcement};
use serde_json::{Map, Value as Json, json};

use crate::cases::{document, execute, value};
use crate::setting::{self, API_KEY, DATABASE, LOGIN, Memory, NOW, UID};

/// A request, as the filter sees it.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) database: Option<&'static str>,
    pub(crate) api_key: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn with_body(body: String) -> Self {
        Self { path: String::new(), authorization: String::new(), database: None, api_key: String::new(), body }
    }

    pub(crate) fn json2(model: &str, method: &str, body: String) -> Self {
        let authorization = format!("Bearer {}", setting::key().expose());
        let path = format!("/json/2/{model}/{method}");
        Self { path, authorization, database: Some(DATABASE), ..Self::with_body(body) }
    }
}

/// The same call as the clients of a road write it; none where the road has no way to say it.
pub(crate) fn on(road: Road, model: &str, method: &str, args: &Json, kwargs: &Json) -> Option<Request> {
    match road {
        Road::Json2 => {
            let body = named(method, args.as_array()?, kwargs.as_object()?)?;
            Some(Request::json2(model, method, Json::Object(body).to_string()))
        }
        Road::JsonRpc => {
            let params = json!([DATABASE, UID, setting::key().expose(), model, method, args, kwargs]);
            Some(Request::with_body(rpc("object", "execute_kw", &params)))
        }
        _ => Some(Request::with_body(execute(model, method, args, kwargs))),
    }
}

pub(crate) fn rpc(service: &str, method: &str, args: &Json) -> String {
    let params = json!({"service": service, "method": method, "args": args});
    json!({"jsonrpc": "2.0", "method": "call", "id": 7, "params": params}).to_string()
}

/// The arguments by name, as JSON-2 wants them.
fn named(method: &str, args: &[Json], kwargs: &Map<String, Json>) -> Option<Map<String, Json>> {
    let (mut body, mut rest) = (kwargs.clone(), args);
    let known = operations::method(method);
    if known.is_none_or(|known| known.ids)
        && let [ids, others @ ..] = args
    {
        if body.insert("ids".into(), ids.clone()).is_some() {
            return None;
        }
        rest = others;
    } else if known.is_some_and(|known| known.ids) {
        return None;
    }
    let params = known.map_or(&[][..], |known| known.params);
    for (at, argument) in rest.iter().enumerate() {
        if body.insert(params.get(at)?.name.to_owned(), argument.clone()).is_some() {
            return None;
        }
    }
    Some(body)
}

/// Judges a request, and says what was found on the way.
pub(crate) fn judge(policy: &wire::Snapshot, road: Road, request: &Request) -> (Verdict, String) {
    judge_with(policy, road, request, &mut Memory::default())
}

/// The same, as one of several calls: a key is hashed once.
pub(crate) fn judge_with(
    policy: &wire::Snapshot,
    road: Road,
    request: &Request,
    memory: &mut Memory,
) -> (Verdict, String) {
    let snapshot = Snapshot::try_from(policy.clone()).unwrap();
    let (path, authorization) = (request.path.as_str(), request.authorization.as_bytes());
    let api_key = request.api_key.as_bytes();
    let target = Target::of(path);
    let head =
        Head { path, target: target.as_ref(), authorization, database: request.database, api_key, ..Head::default() };
    let facts = Facts { head, ..setting::facts() };
    let mut trace = Trace::default();
    let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
    let body = Body::Whole(request.body.as_bytes());
    let verdict = setting::verdict(policy, road, body, facts, memory, &mut trace);
    let Trace { stage, key, verified, model, method, operations, recorded, .. } = trace;
    let key = key.map(|key| &key.wire.id);
    (verdict, format!("{stage:?} {key:?} {verified} {model:?} {method:?} {operations:?} {recorded:?}"))
}

fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Refuse(refusal) => refusal.reason.row().name,
        Verdict::Pass(_) => "pass",
        Verdict::PassTo(path, _) => path,
        Verdict::Forward(_) | Verdict::Answer { .. } => "ok",
    }
}

/// Runs a call over every road and compares decision, sentence and record. True if all had a way to say it.
pub(crate) fn check_all(
    policy: &wire::Snapshot,
    (model, method): (&str, &str),
    args: &Json,
    kwargs: &Json,
    expected: &str,
) -> bool {
    let policy = setting::with_api_key(policy.clone());
    let mut memory = Memory::default();
    let first = on(Road::Mcp, model, method, args, kwargs).unwrap();
    let (first, record) = judge_with(&policy, Road::Mcp, &first, &mut memory);
    let mut all = true;
    for road in [Road::Object, Road::OldObject, Road::JsonRpc, Road::Json2] {
        if road == Road::Json2 && expected == "identity_mismatch" {
            // It names no uid, and its database has a test of its own.
            continue;
        }
        let Some(request) = on(road, model, method, args, kwargs) else {
            all = false;
            continue;
        };
        let (verdict, found) = judge_with(&policy, road, &request, &mut memory);
        let context = format!("{road:?} {model} {method} {args} {kwargs}");
        assert_eq!(outcome(&verdict), expected, "{context}");
        assert_eq!(found, record, "{context}");
        if let (Verdict::Refuse(one), Verdict::Refuse(other)) = (&first, &verdict) {
            assert_eq!(one, other, "{context}");
        }
    }
    all
}

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
    let read = json!([DATABASE, UID, setting::key().expose(), "res.partner", "read", [[1]], {"context": {"a": 1.0}}]);
    let (verdict, _) = judge(&policy, Road::JsonRpc, &Request::with_body(rpc("object", "execute_kw", &read)));
    let Verdict::Forward(Forward { path, document, .. }) = verdict else { panic!("{verdict:?}") };
    assert_eq!(path, "/jsonrpc");
    let forwarded = json::read(document.as_bytes()).unwrap();
    let expected = rpc(
        "object",
        "execute_kw",
        &json!([DATABASE, UID, setting::SECRET, "res.partner", "read", [[1]], {"context": {"a": 1.0}}]),
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
