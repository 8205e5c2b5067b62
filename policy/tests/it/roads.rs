//! One call on every road, as its clients write it: the same decision, and the same record of it.

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::odoo::operations;
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire;
use serde_json::{Map, Value as Json, json};

use crate::cases::execute;
use crate::setting::{self, DATABASE, Memory, NOW, UID};

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

pub(crate) fn outcome(verdict: &Verdict) -> &'static str {
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
