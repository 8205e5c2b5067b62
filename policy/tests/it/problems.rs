//! Each way in which a body is no call has a name of its own, says where it is and what would be right.

use std::collections::BTreeSet;

use lictor_policy::decide::{Trace, malformed};
use lictor_policy::formats::json;
use lictor_policy::formats::unsupported::{Label, Unsupported};
use lictor_policy::formats::xmlrpc::{self, DecodeError, Scalar};
use lictor_policy::gate::{self, Body, Policy, Verdict};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Enforcement};

use crate::roads::{self, Request};
use crate::setting::{self, Memory, NOW};

/// Names each variant of an enum. One that is missing here does not compile; one without an example fails its test.
macro_rules! names {
    ($type:ty: $($pattern:pat => $name:literal,)*) => {
        (&[$($name,)*], |problem: &$type| match problem { $($pattern => $name,)* })
    };
}

pub(crate) use names;

/// A way to name variants, and the names.
pub(crate) type Names<T> = (&'static [&'static str], fn(&T) -> &'static str);

/// Checks that each variant was seen.
pub(crate) fn all_seen<T>((names, name): Names<T>, seen: &[T]) {
    let seen: BTreeSet<_> = seen.iter().map(name).collect();
    assert_eq!(seen, names.iter().copied().collect());
}

/// A gate in the mode that looks at every body.
pub(crate) struct Gate {
    policy: wire::Snapshot,
    memory: Memory,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let mut policy = setting::with_api_key(setting::policy());
        policy.settings.enforcement = Enforcement::Require;
        Self { policy, memory: Memory::default() }
    }

    pub(crate) fn refusal(&mut self, road: Road, request: &Request) -> Refusal {
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

#[test]
fn what_is_not_read_is_named_with_what_is() {
    let encodings = "UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 or windows-1252";
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    let judge = |road: Road, body: Body<'_>| {
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        setting::verdict(policy, road, body, setting::facts(), &mut Memory::default(), &mut Trace::default())
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
    let gzip = Unsupported::ContentEncoding(Label::of("gzip"));
    let told = "The Content-Encoding \"gzip\" is not read; send the body as it is.".to_owned();
    assert_eq!(judge(Road::Mcp, Body::Encoded(&[], &gzip)), refused(Reason::UnsupportedEncoding, told));
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
    assert_eq!(judge(Road::Mcp, Body::TooLarge(&[])), refused(Reason::TooLarge, told));
}
