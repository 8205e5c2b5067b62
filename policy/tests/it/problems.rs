//! Each way in which a body is no call has a name of its own, says where it is and what would be right.

use std::collections::BTreeSet;

use lictor_policy::call::{BadCall, Call, Common, Parameter};
use lictor_policy::decide::malformed;
use lictor_policy::effects::BadArguments;
use lictor_policy::gate::{self, Body, Policy, Verdict};
use lictor_policy::operations::{Kind, METHODS};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::unsupported::Unsupported;
use lictor_policy::wire::{self, Enforcement};
use lictor_policy::xmlrpc::{DecodeError, Scalar};
use lictor_policy::{json, json2, jsonrpc, xmlrpc};
use serde_json::json;

use crate::cases::{document, execute};
use crate::roads::{self, Request, rpc};
use crate::setting::{self, DATABASE, LOGIN, Memory, NOW, UID};

/// Names each variant of an enum. One that is missing here does not compile; one without an example fails its test.
macro_rules! names {
    ($type:ty: $($pattern:pat => $name:literal,)*) => {
        (&[$($name,)*], |problem: &$type| match problem { $($pattern => $name,)* })
    };
}

/// A way to name variants, and the names.
type Names<T> = (&'static [&'static str], fn(&T) -> &'static str);

/// Checks that each variant was seen.
fn all_seen<T>((names, name): Names<T>, seen: &[T]) {
    let seen: BTreeSet<_> = seen.iter().map(name).collect();
    assert_eq!(seen, names.iter().copied().collect());
}

/// A gate in the mode that looks at every body.
struct Gate {
    policy: wire::Snapshot,
    memory: Memory,
}

impl Gate {
    fn new() -> Self {
        let mut policy = setting::with_api_key(setting::policy());
        policy.settings.enforcement = Enforcement::Require;
        Self { policy, memory: Memory::default() }
    }

    fn refusal(&mut self, road: Road, request: &Request) -> Refusal {
        match roads::judge_with(&self.policy, road, request, &mut self.memory).0 {
            Verdict::Refuse(refusal) => refusal,
            other => panic!("{other:?} for {}", request.body),
        }
    }
}

#[test]
fn xml_that_is_no_document_of_xml_rpc() {
    let mut gate = Gate::new();
    use xmlrpc::Problem as P;
    let (open, close) =
        ("<methodCall><methodName>m</methodName><params><param><value>", "</value></param></params></methodCall>");
    let deep = "<array><data><value>".repeat(xmlrpc::MAX_DEPTH + 1);
    let many = format!("<array><data>{}</data></array>", "<value/>".repeat(xmlrpc::MAX_VALUES + 1));
    let scalar = |tag: &str, text: &str| format!("{open}<{tag}>{text}</{tag}>{close}");
    let mut seen = Vec::new();
    for (body, told) in [
        (String::new(), "it ends before the document is complete, at character 0 of the body"),
        (format!("{open}a"), "it ends before the document is complete, at character 61 of the body"),
        ("<?xml version='1.1'?>".to_owned(), "its XML declaration is not one of XML 1.0, at character 0 of the body"),
        ("<methodCall><b></c>".to_owned(), "<methodName> must stand here, at character 12 of the body"),
        (format!("{open}é<nil/>{close}"), "text and elements stand side by side, at character 61 of the body"),
        (format!("{open}a]]>{close}"), "it is not well-formed XML, at character 60 of the body"),
        (format!("{open}\u{1}{close}"), "it holds a character that XML 1.0 does not have, at character 60 of the body"),
        (format!("{open}&#0;{close}"), "it holds a character that XML 1.0 does not have, at character 60 of the body"),
        ("<!DOCTYPE x>".to_owned(), "it holds a document type, at character 0 of the body"),
        (
            format!("{open}<?php?>{close}"),
            "it holds a processing instruction, or an XML declaration that is not its very beginning, at character 60 of the body",
        ),
        (
            format!("{open}&nbsp;{close}"),
            "it holds an entity that XML does not have by itself, at character 60 of the body",
        ),
        ("<methodCall a='b'>".to_owned(), "an element has an attribute; XML-RPC has none, at character 0 of the body"),
        (format!("{open}<nil>x</nil>{close}"), "the element must end here, at character 65 of the body"),
        (format!("{open}<dom/>{close}"), "a value has a type that XML-RPC does not have, at character 60 of the body"),
        (scalar("int", "1.5"), "an integer must be decimal digits that fit 64 bits, at character 65 of the body"),
        (
            scalar("i8", "9223372036854775808"),
            "an integer must be decimal digits that fit 64 bits, at character 64 of the body",
        ),
        (scalar("boolean", "true"), "a boolean must be 0 or 1, at character 69 of the body"),
        (
            scalar("double", "NaN"),
            "a double must be decimal digits with an optional sign, fraction and exponent, at character 68 of the body",
        ),
        (
            scalar("ex:bigdecimal", "1E+9999"),
            "a decimal must be decimal digits with an optional sign and fraction and an exponent of at most 3 digits, at character 75 of the body",
        ),
        (scalar("base64", "a"), "base64 must be padded, and of its usual alphabet, at character 68 of the body"),
        (
            scalar("dateTime.iso8601", "2026-01-01"),
            "a dateTime.iso8601 must be a moment that exists, as YYYYMMDDTHH:MM:SS, at character 78 of the body",
        ),
        (
            scalar("struct", &"<member><name>a</name><value/></member>".repeat(2)),
            "a struct has two members of one name, at character 146 of the body",
        ),
        (format!("{open}{deep}"), "arrays and structs nest deeper than 64 levels, at character 1340 of the body"),
        (format!("{open}{many}{close}"), "it has more than 500000 values and names, at character 4000065 of the body"),
        (format!("{open}{close}<a/>"), "something follows the document, at character 98 of the body"),
        (
            format!("<?xml version='1.0' encoding='us-ascii'?>{open}é{close}"),
            "it holds bytes that its encoding does not have; a body that declares none is read as UTF-8, at character 101 of the body",
        ),
    ] {
        let found = match xmlrpc::decode(body.as_bytes()) {
            Ok(text) => xmlrpc::read_call(&text).unwrap_err(),
            Err(DecodeError::Read(found)) => found,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found.to_string(), told);
        assert_eq!(gate.refusal(Road::Mcp, &Request::with_body(body)), malformed(found));
        seen.push(found.problem);
    }
    let names: Names<P> = names! { P:
        P::Bytes => "Bytes", P::Character => "Character", P::Xml => "Xml", P::CutOff => "CutOff",
        P::Declaration => "Declaration", P::DocumentType => "DocumentType", P::Instruction => "Instruction",
        P::Entity => "Entity", P::Attribute => "Attribute", P::Element(_) => "Element", P::End => "End",
        P::Mixed => "Mixed", P::Type => "Type", P::DuplicateMember => "DuplicateMember", P::TooDeep => "TooDeep",
        P::TooMany => "TooMany", P::Trailing => "Trailing", P::Scalar(Scalar::Integer) => "Integer",
        P::Scalar(Scalar::Boolean) => "Boolean", P::Scalar(Scalar::Double) => "Double",
        P::Scalar(Scalar::Decimal) => "Decimal", P::Scalar(Scalar::Base64) => "Base64",
        P::Scalar(Scalar::DateTime) => "DateTime",
    };
    all_seen(names, &seen);
}

#[test]
fn what_is_no_json() {
    let mut gate = Gate::new();
    use json::Problem as P;
    let many = format!("[{}0]", "0,".repeat(xmlrpc::MAX_VALUES));
    let mut seen = Vec::new();
    for (body, told) in [
        (" ", "it is empty, at character 0 of the body"),
        ("\u{feff}{}", "it begins with a byte-order mark, which JSON does not have, at character 0 of the body"),
        ("{'a':1}", "it is not JSON, at character 1 of the body"),
        ("{\"é\":", "it ends before the value is complete, at character 5 of the body"),
        ("{}\n{}", "something follows the value, at character 3 of the body"),
        ("{\"é\":NaN}", "it holds NaN or Infinity, which JSON does not have, at character 5 of the body"),
        ("[12345678901234567890]", "it holds a whole number that does not fit 64 bits, at character 1 of the body"),
        ("[1e400]", "it holds a number that no double holds, at character 1 of the body"),
        (
            "[\"a\tb\"]",
            "a text holds a control character, a tab or a line end for instance, that is not escaped, at character 3 of the body",
        ),
        ("[\"\\ud800\"]", "a text holds half of a surrogate pair, at character 2 of the body"),
        ("[\"\\'\"]", "a text holds an escape that JSON does not have, at character 2 of the body"),
        ("{\"a\":1,\"a\":1}", "an object has two members of one name, at character 12 of the body"),
        (&"[".repeat(65), "arrays and objects nest deeper than 64 levels, at character 64 of the body"),
        (&many, "it has more than 500000 values and names, at character 999999 of the body"),
    ] {
        let found = json::read(body.as_bytes()).unwrap_err();
        assert_eq!(found.to_string(), told);
        assert_eq!(gate.refusal(Road::JsonRpc, &Request::with_body(body.to_owned())), malformed(found));
        assert_eq!(
            gate.refusal(Road::Json2, &Request::json2("res.partner", "read", body.to_owned())),
            malformed(found)
        );
        seen.push(found.problem);
    }
    let found = json::read(b"\"\xc3\xa9\xe9\"").unwrap_err();
    assert_eq!(found.to_string(), "it holds bytes that are not UTF-8, at character 2 of the body");
    seen.push(found.problem);
    let names: Names<P> = names! { P:
        P::Empty => "Empty", P::ByteOrderMark => "ByteOrderMark", P::Utf8 => "Utf8", P::Syntax => "Syntax",
        P::CutOff => "CutOff", P::Trailing => "Trailing", P::NotANumber => "NotANumber", P::Integer => "Integer",
        P::Double => "Double", P::Control => "Control", P::Surrogate => "Surrogate", P::Escape => "Escape",
        P::DuplicateMember => "DuplicateMember", P::TooDeep => "TooDeep", P::TooMany => "TooMany",
    };
    all_seen(names, &seen);
}

/// Why a request is no call.
fn bad_call(road: Road, body: &str) -> BadCall {
    let read = match road {
        Road::Json2 => {
            let target = ("res.partner".to_owned(), "read".to_owned());
            return json2::read(target, None, "k", json::read(body.as_bytes()).unwrap()).err().unwrap();
        }
        Road::JsonRpc => jsonrpc::read(json::read(body.as_bytes()).unwrap()).map(|request| request.call),
        _ => Ok(xmlrpc::read_call(body).unwrap()),
    };
    let call = match read {
        Ok(call) => call,
        Err(problem) => return problem,
    };
    if road == Road::Common { Common::read(call).err().unwrap() } else { Call::read(call).err().unwrap() }
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
    let kwargs = "a struct; an empty array, nil and no parameter at all stand for an empty one";
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
                assert!(matches!(param.kind, Kind::Plain), "{} {}", method.name, param.name);
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
    ] {
        let body = execute("res.partner", method, &args, &kwargs);
        let Verdict::Refuse(refusal) = setting::judge_at(&policy, Road::Mcp, body.as_bytes(), setting::facts(), memory)
        else {
            panic!("{body}")
        };
        assert_eq!(problem.to_string(), told);
        assert_eq!(refusal, malformed(problem));
        seen.push(problem);
    }
    let names: Names<BadArguments> = names! { BadArguments:
        BadArguments::NoIds => "NoIds", BadArguments::Ids => "Ids", BadArguments::TooMany(_) => "TooMany",
        BadArguments::Keyword(_) => "Keyword", BadArguments::Twice(_) => "Twice", BadArguments::ShapeOf(_) => "ShapeOf",
        // Named before anybody sees it: the argument of each method was asked for above.
        BadArguments::Shape => "ShapeOf",
    };
    all_seen(names, &seen);
}

#[test]
fn what_is_not_read_is_named_with_what_is() {
    let encodings = "UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 or windows-1252";
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    let judge = |road: Road, body: Body<'_>| {
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        gate::judge(
            policy,
            road,
            body,
            setting::facts(),
            &mut Memory::default(),
            &mut lictor_policy::decide::Trace::default(),
        )
    };
    let refused = |reason, told: String| Verdict::Refuse(Refusal::explained(reason, told));
    let mut seen = Vec::new();
    for (road, content_type, told) in [
        (
            Road::Mcp,
            "text/xml; charset=utf-16",
            format!("The charset \"utf-16\" of the Content-Type is not read; send {encodings}."),
        ),
        (
            Road::Mcp,
            "text/xml; charset=\"<ü>\"",
            format!("The charset \"???\" of the Content-Type is not read; send {encodings}."),
        ),
        (
            Road::JsonRpc,
            "text/plain",
            "The Content-Type \"text/plain\" is not read here; send application/json.".to_owned(),
        ),
        (
            Road::Json2,
            "application/json; charset=latin1",
            "The charset \"latin1\" of the Content-Type is not read; send UTF-8.".to_owned(),
        ),
    ] {
        let problem = gate::reads(road, content_type).unwrap_err();
        assert_eq!(
            Refusal::unsupported(&problem),
            Refusal::explained(Reason::UnsupportedEncoding, told),
            "{content_type}"
        );
        seen.push(problem);
    }
    let gzip = Unsupported::ContentEncoding(lictor_policy::unsupported::Label::of("gzip"));
    let told = "The Content-Encoding \"gzip\" is not read; send the body as it is.".to_owned();
    assert_eq!(judge(Road::Mcp, Body::Encoded(&gzip)), refused(Reason::UnsupportedEncoding, told));
    seen.push(gzip);
    for (body, told) in [
        (&b"<?xml version='1.0' encoding='utf-16'?>"[..], format!("The encoding \"utf-16\" of the XML declaration is not read; send {encodings}.")),
        (
            b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>",
            "The XML declaration says \"iso-8859-1\", but the body begins with the byte-order mark of UTF-8; send one of them.".to_owned(),
        ),
    ] {
        assert_eq!(judge(Road::Mcp, Body::Whole(body)), refused(Reason::UnsupportedEncoding, told));
        let Err(DecodeError::Encoding(problem)) = xmlrpc::decode(body) else { panic!("{body:?}") };
        seen.push(problem);
    }
    let names: Names<Unsupported> = names! { Unsupported:
        Unsupported::ContentEncoding(_) => "ContentEncoding", Unsupported::ContentType(..) => "ContentType",
        Unsupported::Charset(..) => "Charset", Unsupported::Declaration(_) => "Declaration",
        Unsupported::Contradiction(_) => "Contradiction",
    };
    all_seen(names, &seen);
    let told = "Send a request of at most 8388608 bytes, or have an administrator raise body_limit_bytes.".to_owned();
    assert_eq!(judge(Road::Mcp, Body::TooLarge), refused(Reason::TooLarge, told));
}
