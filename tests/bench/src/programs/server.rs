//! Servers behind Envoy, and two of them: a thread a connection, one write an answer, connections stay open.

use std::borrow::Cow;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

use super::http::{Incoming, Message};

/// What Odoo answers to the call of the benchmark.
const ANSWER: &str = include_str!("../../answer.xml");
/// The same over JSON-2.
const JSON_ANSWER: &str = include_str!("../../answer.json");
/// How a call over JSON-2 begins.
const JSON_2: &[u8] = b"POST /json/2/";
/// What the control plane asks for when it checks a credential.
const AUTHENTICATE: &[u8] = b"<methodName>authenticate</methodName>";
/// The answer to it: uid 2.
const UID: &str = "<?xml version='1.0'?><methodResponse><params><param><value><int>2</int></value></param></params>\
                   </methodResponse>";

/// How the control plane asks about the user and the models.
const JSON_RPC: &[u8] = b"POST /jsonrpc";
/// What it asks, by a word of the question, and what it is told: the user is a plain one, and each model has these fields.
const ABOUT: [(&[u8], &str); 5] = [
    (b"all_group_ids", r#"[{"id": 2, "all_group_ids": [1]}]"#),
    (b"get_external_id", r#"{"1": "base.group_user"}"#),
    (b"expiration_date", "[]"),
    (b"has_access", "true"),
    (
        b"fields_get",
        r#"{"id": {"type": "integer", "store": true, "readonly": true}, "name": {"type": "char", "store": true},
            "email": {"type": "char", "store": true}, "vat": {"type": "char", "store": true}}"#,
    ),
];

/// Serves until the process is stopped. `answer` makes the bytes of an answer.
pub(crate) fn serve(port: u16, answer: impl Fn() -> Result<Answer>) -> Result<()> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("cannot listen on {port}"))?;
    for stream in listener.incoming() {
        let (stream, answer) = (stream?, answer()?);
        thread::spawn(move || {
            if let Err(error) = connection(stream, &answer) {
                eprintln!("a connection failed: {error:#}");
            }
        });
    }
    Ok(())
}

/// Chooses the answer to a request, or makes it.
pub(crate) type Answer = Box<dyn Fn(&Message<'_>) -> Cow<'static, [u8]> + Send>;

/// An Odoo that has the answer at hand.
pub(crate) fn upstream() -> Answer {
    let (record, uid) = (response("text/xml", ANSWER), response("text/xml", UID));
    let json = response("application/json; charset=utf-8", JSON_ANSWER);
    let about = ABOUT.map(|(word, result)| {
        (word, response("application/json", &format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {result}}}"#)))
    });
    let asked = move |body: &[u8]| about.iter().find(|(word, _)| has(body, word)).map(|(_, answer)| *answer);
    Box::new(move |request| {
        Cow::Borrowed(match request {
            _ if request.head.starts_with(JSON_2) => json,
            _ if request.head.starts_with(JSON_RPC) => asked(request.body).unwrap_or(record),
            _ if holds(request.body, AUTHENTICATE) => uid,
            _ => record,
        })
    })
}

/// The fastest that ext_authz can ask: a look at whether the body came with the question.
pub(crate) fn authorizer() -> Answer {
    Box::new(|request| {
        Cow::Borrowed(match request.body {
            [] => b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        })
    })
}

fn connection(mut stream: TcpStream, answer: &Answer) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut incoming = Incoming::new(stream.try_clone()?);
    while let Some(request) = incoming.next()? {
        stream.write_all(&answer(&request))?;
    }
    Ok(())
}

/// A whole response, kept for the life of the process: there are three a connection.
fn response(content_type: &str, body: &str) -> &'static [u8] {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
    Box::leak([head.as_bytes(), body.as_bytes()].concat().into_boxed_slice())
}

fn holds(text: &[u8], words: &[u8]) -> bool {
    // The words stand at the start of a call; a whole search would be the slowest thing that this server does.
    has(text.get(..text.len().min(128)).unwrap_or_default(), words)
}

fn has(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|window| window == words)
}
