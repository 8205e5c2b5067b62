//! Each parameter of a call and each argument of a method that has another shape than it must have is named with that
//! shape.

use std::collections::BTreeSet;

use lictor_policy::call::{BadCall, Call, Common, Parameter, jsonrpc};
use lictor_policy::decide::malformed;
use lictor_policy::effects::BadArguments;
use lictor_policy::formats::{json, xmlrpc};
use lictor_policy::gate::{Verdict, json2};
use lictor_policy::odoo::operations::{Kind, METHODS};
use lictor_policy::refusal::Reason;
use lictor_policy::road::{Road, Target};
use serde_json::json;

use crate::cases::{document, execute};
use crate::problems::{Gate, Names, all_seen, names};
use crate::roads::{Request, rpc};
use crate::setting::{self, DATABASE, LOGIN, Memory, UID};

/// Why a request is no call.
fn bad_call(road: Road, body: &str) -> BadCall {
    let read = match road {
        Road::Json2 => {
            let target = Target { model: "res.partner".to_owned(), method: "read".to_owned() };
            return json2::read(&target, None, "k", json::read(body.as_bytes()).unwrap()).err().unwrap();
        }
        Road::JsonRpc => jsonrpc::read(json::read(body.as_bytes()).unwrap()).map(|request| request.call),
        _ => Ok(xmlrpc::read_call(body).unwrap()),
    };
    let call = match read {
        Ok(call) => call,
        Err(problem) => return problem,
    };
    if road == Road::Common { Common::read(call).err().unwrap() } else { Call::read(call).err().unwrap().problem }
}

#[test]
fn each_parameter_is_named_with_the_shape_that_it_must_have() {
    let mut gate = Gate::new();
    let key = setting::key();
    let key = key.expose();
    let call = |params: serde_json::Value| document("execute_kw", params);
    let login = |params: serde_json::Value| document("authenticate", params);
    let long = "x".repeat(257);
    let head = |rest: serde_json::Value| {
        let mut params = vec![json!(DATABASE), json!(UID), json!(key), json!("res.partner"), json!("read")];
        params.extend(rest.as_array().unwrap().clone());
        call(params.into())
    };
    let service = |member: &str, value: serde_json::Value| {
        let mut params = json!({"service": "object", "method": "execute_kw", "args": []});
        params[member] = value;
        json!({"params": params}).to_string()
    };
    let rpc_with = |member: &str, value: serde_json::Value| {
        let mut document: serde_json::Value = serde_json::from_str(&rpc("object", "execute_kw", &json!([]))).unwrap();
        document[member] = value;
        document.to_string()
    };
    let (xml, common, rpc, two) = (Road::Mcp, Road::Common, Road::JsonRpc, Road::Json2);
    let text = "text of 1 to 256 bytes";
    let context = "a struct; an empty array, an empty text and nil stand for an empty one";
    let kwargs = "a struct; an empty array, an empty text, nil and no parameter at all stand for an empty one";
    let shape = |name: &str, shape: &str| format!("{name} has another shape than it must have: {shape}");
    let mut seen = Vec::new();
    for (road, body, told) in [
        (xml, document("execute_workflow", json!(["d", 1, key])), "the method is none of this endpoint, which has execute_kw and execute".to_owned()),
        (xml, call(json!([7, 7, key])), shape("database", text)),
        (xml, call(json!(["", 7, key])), shape("database", text)),
        (xml, call(json!([DATABASE, 7.9, key])), shape("uid", "a whole number, or text of its digits alone")),
        (xml, call(json!([DATABASE, 7, key])), format!("model is missing; it must be {text}")),
        (xml, call(json!([DATABASE, 7, key, [], "read", []])), shape("model", text)),
        (xml, call(json!([DATABASE, 7, key, "m", long, []])), shape("method", text)),
        (xml, call(json!([DATABASE, 7, key, "m", "read"])), "args is missing; it must be an array".to_owned()),
        (xml, head(json!([{}])), shape("args", "an array")),
        (xml, head(json!([[], 1])), shape("kwargs", kwargs)),
        (xml, head(json!([[], {"context": 1}])), shape("context", context)),
        (xml, head(json!([[], {}, 1])), "it has more parameters than it must have; kwargs is the last".to_owned()),
        (common, login(json!([DATABASE, 7, key, {}])), shape("login", "text")),
        (common, login(json!([DATABASE, LOGIN, 7, {}])), shape("password", "text")),
        (common, login(json!([DATABASE, LOGIN, key, 1])), shape("user_agent_env", kwargs)),
        (common, login(json!([DATABASE, LOGIN, key, {}, 1])), "it has more parameters than it must have; user_agent_env is the last".to_owned()),
        (common, document("logout", json!([])), "the method is none of this endpoint, which has authenticate, login, version and about".to_owned()),
        (rpc, "[]".to_owned(), "it is a batch; send one call".to_owned()),
        (rpc, "1".to_owned(), shape("the document", "one object with params, and if you like jsonrpc, method and id")),
        (rpc, rpc_with("extra", json!(1)), "the document has a member that it must not have; it must be one object with params, and if you like jsonrpc, method and id".to_owned()),
        (rpc, rpc_with("jsonrpc", json!("1.0")), shape("jsonrpc", "\"2.0\"")),
        (rpc, rpc_with("method", json!(1)), shape("method", "text")),
        (rpc, rpc_with("id", json!([1])), shape("id", "a number, a text of at most 128 bytes, or null")),
        (rpc, rpc_with("params", json!([])), shape("params", "an object with service, method and args")),
        (rpc, "{}".to_owned(), "params is missing; it must be an object with service, method and args".to_owned()),
        (rpc, service("extra", json!(1)), "params has a member that it must not have; it must be an object with service, method and args".to_owned()),
        (rpc, service("service", json!(1)), shape("params.service", "text")),
        (rpc, service("method", json!(1)), shape("params.method", "text")),
        (rpc, service("args", json!({})), shape("params.args", "an array")),
        (two, "1".to_owned(), shape("the body", "an object of named arguments, without __model__ and __method__, which the path names")),
        (two, r#"{"__model__":"a"}"#.to_owned(), "the body has a member that it must not have; it must be an object of named arguments, without __model__ and __method__, which the path names".to_owned()),
        (two, r#"{"context":1}"#.to_owned(), shape("context", context)),
    ] {
        let found = bad_call(road, &body);
        assert_eq!(found.to_string(), told, "{body}");
        let request = if road == two { Request::json2("res.partner", "read", body) } else { Request::with_body(body) };
        // Where the key stands there is none in two of them.
        if !matches!(found, BadCall::Shape(Parameter::Password)) {
            assert_eq!(gate.refusal(road, &request), malformed(found));
        }
        seen.push(found);
    }
    let parameters = seen.iter().filter_map(|found| match found {
        BadCall::Shape(parameter) => Some(parameter.name().to_owned() + &parameter.shape()),
        _ => None,
    });
    let parameters: BTreeSet<_> = parameters.collect();
    assert_eq!(
        parameters,
        Parameter::ALL.iter().map(|parameter| parameter.name().to_owned() + &parameter.shape()).collect()
    );
    let names: Names<BadCall> = names! { BadCall:
        BadCall::Method(_) => "Method", BadCall::Missing(_) => "Missing", BadCall::Shape(_) => "Shape",
        BadCall::Extra(_) => "Extra", BadCall::Member(_) => "Member", BadCall::Batch => "Batch",
    };
    all_seen(names, &seen);
}

#[test]
fn each_argument_of_each_method_is_named_with_the_shape_that_it_must_have() {
    let (policy, memory) = (setting::policy(), &mut Memory::default());
    let mut shapes = 0;
    for method in METHODS.iter().filter(|method| !method.mapped_only) {
        let ids = if method.ids { json!([[1]]) } else { json!([]) };
        for param in method.params {
            let body = execute("res.partner", method.name, &ids, &json!({param.name: 1}));
            let Verdict::Refuse(refusal) =
                setting::judge_at(&policy, Road::Mcp, body.as_bytes(), setting::facts(), memory)
            else {
                assert!(matches!(param.kind, Kind::Plain | Kind::Names), "{} {}", method.name, param.name);
                continue;
            };
            if refusal.reason == Reason::MalformedRequest {
                assert_eq!(refusal, malformed(BadArguments::ShapeOf(param)));
                assert!(refusal.sentence.contains(&format!("{} must be {}", param.name, param.kind.shape())));
                shapes += 1;
            }
        }
    }
    assert!(shapes > 40, "{shapes}");
    let search = METHODS.iter().find(|method| method.name == "search_count").unwrap();
    let read = METHODS.iter().find(|method| method.name == "read").unwrap();
    let mut seen = Vec::new();
    for (method, args, kwargs, problem, told) in [
        (
            "read",
            json!([]),
            json!({}),
            BadArguments::NoIds,
            "the record ids are missing; its first argument must be one whole number or an array of them",
        ),
        (
            "read",
            json!(["1"]),
            json!({}),
            BadArguments::Ids,
            "the record ids, its first argument (ids in JSON-2), must be one whole number or an array of them",
        ),
        (
            "search_count",
            json!([[], 1, 1]),
            json!({}),
            BadArguments::TooMany(search),
            "it has more arguments than search_count takes, which are domain, limit",
        ),
        (
            "read",
            json!([[1]]),
            json!({"field": []}),
            BadArguments::Keyword(read),
            "it has a keyword argument that read does not take; its arguments are the record ids, fields, load",
        ),
        (
            "read",
            json!([[1], []]),
            json!({"fields": []}),
            BadArguments::Twice(&read.params[0]),
            "fields is given twice",
        ),
        (
            "search_count",
            json!([]),
            json!({"domain": [], "args": []}),
            BadArguments::Twice(&search.params[0]),
            "domain is given twice",
        ),
        (
            "search_count",
            json!(["x"]),
            json!({}),
            BadArguments::ShapeOf(&search.params[0]),
            "domain must be a domain: an array of conditions [field, operator, value] and of the operators & | !",
        ),
        (
            "write",
            json!([[1], {"child_ids": [[7, 0, 0]]}]),
            json!({}),
            BadArguments::Command,
            "a field that holds many records has neither record ids nor commands: arrays that begin with a whole number from 0 to \
             6, each with one positive record id or with values, as its code needs",
        ),
        (
            "write",
            json!([[1], {"name": ["x"]}]),
            json!({}),
            BadArguments::OneValue,
            "a field that holds one value has an array or a struct",
        ),
        (
            "write",
            json!([[1], {"properties": [{"definition_changed": true}]}]),
            json!({}),
            BadArguments::Definitions,
            "a value of properties defines them, for all records: give a struct of their values, or a list without \
             definition_changed",
        ),
        (
            "create",
            json!([{"res_model_id": 5, "res_id": 1}]),
            json!({}),
            BadArguments::ModelByNumber,
            "res_model_id names a model by its number; name it by res_model, or call activity_schedule on the record",
        ),
        (
            "activity_schedule",
            json!([[1], "x"]),
            json!({"force_send": true}),
            BadArguments::Form("activity_schedule takes act_type_xmlid, date_deadline, summary, note and user_id"),
            "activity_schedule takes act_type_xmlid, date_deadline, summary, note and user_id",
        ),
        (
            "search_count",
            json!([[["name", "is", 1]]]),
            json!({}),
            BadArguments::Operator("domain[0][1]".to_owned()),
            "domain[0][1] is none of the operators that Odoo takes there",
        ),
        (
            "search_count",
            json!([[["child_ids", "ANY!", []]]]),
            json!({}),
            BadArguments::Bypass("args[0]".to_owned()),
            "args[0] holds `any!` or `not any!`, which step over Odoo's own access rules; `any` and `not any` do not",
        ),
    ] {
        let body = execute("res.partner", method, &args, &kwargs);
        let Verdict::Refuse(refusal) = setting::judge_at(&policy, Road::Mcp, body.as_bytes(), setting::facts(), memory)
        else {
            panic!("{body}")
        };
        assert_eq!(problem.to_string(), told);
        assert_eq!(refusal, malformed(&problem));
        seen.push(problem);
    }
    let names: Names<BadArguments> = names! { BadArguments:
        BadArguments::NoIds => "NoIds", BadArguments::Ids => "Ids", BadArguments::TooMany(_) => "TooMany",
        BadArguments::Keyword(_) => "Keyword", BadArguments::Twice(_) => "Twice", BadArguments::ShapeOf(_) => "ShapeOf",
        BadArguments::Command => "Command", BadArguments::Operator(_) => "Operator", BadArguments::Bypass(_) => "Bypass",
        // Named before anybody sees it: the argument of each method was asked for above.
        BadArguments::Shape => "ShapeOf",
        BadArguments::OneValue => "OneValue", BadArguments::Definitions => "Definitions",
        BadArguments::ModelByNumber => "ModelByNumber", BadArguments::Form(_) => "Form",
    };
    all_seen(names, &seen);
}
