//! Requests of each road, and of each thing that can become of one.

pub(super) const KEY: &str = "lct_TestKey1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa37PHqs";
/// Its hash of one round: tests have better things to do.
const HASH: &str = "$pbkdf2-sha512$1$MDEyMzQ1Njc4OWFiY2RlZg$yLP4qWi4Cu0nOoLJJsCPK7N.di7RQYYdFVdUZz27ArXuV54M2e0e1b/B0x/eggAz.g91GKogN9oVhjs7i6SmRA";
const XML: &str = "text/xml";
const JSON: &str = "application/json";

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It goes on, as it came or written anew.
    Forwarded,
    /// The gate answers itself: yes, or no.
    Answered,
    /// Nobody is there any more.
    Gone,
}

/// What the control plane says to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Stored,
    NotStored,
    /// The client leaves before that is known.
    Unanswered,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) headers: Vec<(String, String)>,
    /// None ends it with its headers.
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) trailers: bool,
    pub(super) intent: Intent,
    pub(super) expected: Expected,
    /// How many events are recorded of it; an intent that was not stored comes again.
    pub(super) events: u64,
}

impl Request {
    fn new(name: &str, path: &str, kind: &str, body: &str, expected: Expected, events: u64) -> Self {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![text(":method", "POST"), text(":path", path), text(":authority", "odoo")];
        headers.extend([text("content-type", kind), text("cookie", "session_id=1"), text("x-request-id", "r")]);
        let (name, pieces) = (name.to_owned(), if body.is_empty() { Vec::new() } else { vec![body.into()] });
        Self { name, headers, pieces, trailers: false, intent: Intent::Stored, expected, events }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn in_pieces(mut self) -> Self {
        let body = self.pieces.concat();
        self.pieces = body.chunks(100).map(<[u8]>::to_vec).collect();
        self
    }

    fn with_trailers(mut self) -> Self {
        self.trailers = true;
        self
    }

    fn with_intent(mut self, intent: Intent) -> Self {
        self.intent = intent;
        self
    }
}

fn xml(method: &str, strings: &[&str]) -> String {
    let value = |text: &&str| match text.parse::<i64>() {
        Ok(number) => format!("<param><value><int>{number}</int></value></param>"),
        Err(_) if text.starts_with('<') => format!("<param><value>{text}</value></param>"),
        Err(_) => format!("<param><value><string>{text}</string></value></param>"),
    };
    let params: String = strings.iter().map(value).collect();
    format!("<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>")
}

const IDS: &str = "<array><data><value><array><data><value><int>1</int></value></data></array></value></data></array>";
const WRITE: &str = "<array><data><value><array><data><value><int>1</int></value></data></array></value><value><struct>\
     <member><name>name</name><value><string>x</string></value></member></struct></value></data></array>";

fn call(key: &str, model: &str, method: &str, args: &str) -> String {
    xml("execute_kw", &["odoo", "7", key, model, method, args])
}

fn json(key: &str, method: &str) -> String {
    format!(
        r#"{{"params":{{"service":"object","method":"execute_kw","args":["odoo",7,"{key}","res.partner","{method}",[[1]]]}}}}"#
    )
}

/// Of every road, every verdict, and every step at which a verdict falls.
pub(super) fn all() -> Vec<Request> {
    use Expected::{Answered, Forwarded, Gone};
    let mcp = "/xmlrpc/2/mcp";
    let read = &call(KEY, "res.partner", "read", IDS);
    let write = &call(KEY, "res.partner", "write", WRITE);
    let bearer = &format!("Bearer {KEY}");
    let json2 = |name, path, body, expected, events| {
        Request::new(name, path, JSON, body, expected, events).with("authorization", bearer)
    };
    vec![
        Request::new("a read", mcp, XML, read, Forwarded, 1),
        Request::new("a read that says whose it is", mcp, XML, read, Forwarded, 1).with("x-lictor-key", "another"),
        Request::new("a read in pieces", mcp, XML, read, Forwarded, 1).in_pieces(),
        Request::new("a read with trailers", mcp, XML, read, Forwarded, 1).with_trailers(),
        Request::new("a model without permission", mcp, XML, &call(KEY, "res.country", "read", IDS), Answered, 1),
        Request::new("junk", mcp, XML, "<x/>", Answered, 1),
        Request::new("no body", mcp, XML, "", Answered, 1),
        Request::new("trailers and no body", mcp, XML, "", Answered, 1).with_trailers(),
        Request::new("a wrong key", mcp, XML, &read.replace("37PHqs", "37PHqt"), Answered, 1),
        Request::new("GET", mcp, XML, "", Answered, 1).with(":method", "GET"),
        Request::new("an encoding", mcp, XML, read, Answered, 1).with("content-encoding", "gzip"),
        Request::new("too large", mcp, XML, &"x".repeat(20_000), Answered, 1).in_pieces(),
        Request::new("a write", mcp, XML, write, Forwarded, 2),
        Request::new("a write, not stored", mcp, XML, write, Answered, 3).with_intent(Intent::NotStored),
        Request::new("a write, and the client leaves", mcp, XML, write, Gone, 3).with_intent(Intent::Unanswered),
        Request::new("a login", "/xmlrpc/2/common", XML, &xml("login", &["odoo", "agent", KEY]), Answered, 1),
        Request::new("version", "/xmlrpc/2/common", XML, &xml("version", &[]), Forwarded, 0),
        Request::new("common without a body", "/xmlrpc/2/common", XML, "", Forwarded, 0),
        Request::new("a shared road", "/xmlrpc/2/object", XML, read, Forwarded, 1),
        Request::new("without a key", "/xmlrpc/2/object", XML, &call("s", "res.partner", "read", IDS), Forwarded, 0),
        Request::new("JSON-RPC", "/jsonrpc", JSON, &json(KEY, "read"), Forwarded, 1),
        Request::new("JSON-RPC, refused", "/jsonrpc", JSON, &json(KEY, "unlink"), Answered, 1),
        json2("JSON-2", "/json/2/res.partner/read", r#"{"ids":[1]}"#, Forwarded, 1),
        json2("JSON-2, refused", "/json/2/res.country/read", r#"{"ids":[1]}"#, Answered, 1),
        json2("JSON-2 without a body", "/json/2/res.users/context_get", "", Forwarded, 1),
        json2("JSON-2 with trailers and no body", "/json/2/res.users/context_get", "", Forwarded, 1).with_trailers(),
        json2("JSON-2, refused by its head", "/json/2/res.partner/read", "{}", Answered, 1)
            .with("authorization", "Bearer lct_TestKey1x"),
        json2("JSON-2 of another client", "/json/2/res.partner/read", "{}", Forwarded, 0)
            .with("authorization", "Bearer 0123456789"),
        Request::new("a page", "/web/login", XML, "csrf=1", Forwarded, 0),
        Request::new("a page that says whose it is", "/web", XML, "", Forwarded, 0).with("x-lictor-key", "another"),
        Request::new("a page without a body", "/web", XML, "", Forwarded, 0).with(":method", "GET"),
    ]
}

/// The policy that all of them meet.
pub(super) fn snapshot() -> Vec<u8> {
    let snapshot = serde_json::json!({
        "version": lictor_policy::wire::VERSION, "epoch": "e", "revision": 7, "pauses": [], "terminations": [],
        "settings": {
            "enforcement": "secure", "require_exceptions": [], "ip_allow_list": [],
            "rate_limit": {"enabled": true, "per_minute": 60, "divide_by_gates": false},
            "sessions": {"enabled": true, "timeout_seconds": 1800, "limit": 5},
            "durability": {"write": "write-ahead"},
            "snapshot_max_age_seconds": 300, "body_limit_bytes": 10_000, "methods": {}, "never_list_exceptions": [],
            "mcp_module_contract": false,
        },
        "users": [{
            "id": "u", "groups": [], "upstream_rejected": false, "view": 0,
            "upstream": {"database": "odoo", "login": "agent", "uid": 7, "secret": "0123456789abcdef0123456789abcdef01234567"},
        }],
        "keys": [{
            "prefix": "TestKey1",
            "record": {"id": "k", "hash": HASH, "version": 1, "line": "k", "slot": 0, "user_id": "u"},
        }],
        "permissions": [{
            "model": "res.partner", "operations": ["read", "write"], "groups": [], "nested_writes": [],
            "methods": {},
        }],
        "schema": {"version": 1, "read_at": 0, "models": [{
            "name": "res.partner",
            "record": {
                "fields": [{"name": "comment"}, {"name": "id", "readonly": true}, {"name": "name"}],
                "views": [{"set": 0, "sees": "07"}],
            },
        }]},
    });
    serde_json::to_vec(&snapshot).unwrap()
}
