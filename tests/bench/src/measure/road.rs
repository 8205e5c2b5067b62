//! The same call on two roads: the bytes that are sent, and the one right answer.

use anyhow::Result;
use lictor_xtask::rest::{self, Answer};
use lictor_xtask::seed::DATABASE;

/// How a call reaches Odoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// The secured road, with 600 bytes in the short form of Java's clients.
    XmlRpc,
    /// The same road, with 16 KiB: a hundred records are made.
    Middle,
    /// The same with 1 MiB.
    Large,
    /// The model and the method are in the path, the key in a header.
    Json2,
    /// The same bytes as XML-RPC on a path that is no road: what the web client pays for the gate.
    Other,
}

impl Road {
    /// In the state folder: the whole request, as the load generator sends it.
    pub(super) fn request_file(self) -> &'static str {
        match self {
            Self::XmlRpc => "call.xml.http",
            Self::Middle => "middle.xml.http",
            Self::Large => "large.xml.http",
            Self::Other => "other.xml.http",
            Self::Json2 => "call.json.http",
        }
    }

    /// In the checkout.
    pub(super) fn answer_file(self) -> &'static str {
        match self {
            Self::XmlRpc | Self::Middle | Self::Large | Self::Other => "tests/bench/answer.xml",
            Self::Json2 => "tests/bench/answer.json",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::XmlRpc | Self::Middle | Self::Large => "/xmlrpc/2/mcp",
            Self::Other => "/web/other",
            Self::Json2 => "/json/2/res.partner/read",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::XmlRpc | Self::Middle | Self::Large | Self::Other => "text/xml",
            Self::Json2 => "application/json",
        }
    }

    fn body(self, key: &str) -> String {
        match self {
            Self::XmlRpc | Self::Other => include_str!("../../call.xml").replace("{key}", key),
            Self::Json2 => include_str!("../../call.json").replace("{key}", key),
            Self::Middle => creation(16 << 10, key),
            Self::Large => creation(1 << 20, key),
        }
    }
}

/// A call that makes records with names as long as fill a body of so many bytes.
fn creation(bytes: usize, key: &str) -> String {
    const RECORDS: usize = 100;
    let record =
        |name: &str| format!("<value><struct><member><name>name</name><value>{name}</value></member></struct></value>");
    let call = |records: &str| {
        format!(
            "<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params><param><value>{DATABASE}</value></param>\
             <param><value><i4>2</i4></value></param><param><value>{key}</value></param><param><value>res.partner</value></param>\
             <param><value>create</value></param><param><value><array><data><value><array><data>{records}</data></array></value>\
             </data></array></value></param></params></methodCall>"
        )
    };
    let room = bytes.saturating_sub(call(&record("").repeat(RECORDS)).len());
    let (each, rest) = (room / RECORDS, room % RECORDS);
    let all = record(&"n".repeat(each)).repeat(RECORDS - 1) + &record(&"n".repeat(each + rest));
    call(&all)
}

/// The call on a road, with a key.
pub(super) struct Call {
    pub(super) road: Road,
    key: String,
    body: String,
}

impl Call {
    pub(super) fn new(road: Road, key: &str) -> Self {
        Self { road, key: key.to_owned(), body: road.body(key) }
    }

    /// What Python's clients send, without `Accept-Encoding`: nobody here would compress.
    pub(super) fn request(&self) -> String {
        let Self { road, key, body } = self;
        let credential = match road {
            Road::XmlRpc | Road::Middle | Road::Large | Road::Other => String::new(),
            Road::Json2 => format!("Authorization: Bearer {key}\r\nX-Odoo-Database: {DATABASE}\r\n"),
        };
        format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {}\r\nUser-Agent: Python/3.12\r\n{credential}\
             Content-Length: {}\r\n\r\n{body}",
            road.path(),
            road.content_type(),
            body.len()
        )
    }

    /// Its body.
    pub(super) fn request_body(&self) -> &str {
        &self.body
    }

    /// The one right answer.
    pub(super) fn answer(&self) -> &'static str {
        match self.road {
            Road::XmlRpc | Road::Middle | Road::Large | Road::Other => include_str!("../../answer.xml"),
            Road::Json2 => include_str!("../../answer.json"),
        }
    }

    /// Sends it to a gate.
    pub(super) fn send(&self, port: u16) -> Result<Answer> {
        let bearer = (self.road == Road::Json2).then_some(self.key.as_str());
        let url = format!("http://127.0.0.1:{port}{}", self.road.path());
        rest::send("POST", &url, bearer, Some((self.road.content_type(), &self.body)))
    }

    /// The same call with a key that nobody has: its checksum is wrong.
    pub(super) fn with_wrong_key(&self) -> Self {
        Self::new(self.road, &self.key.replacen("lct_", "lct_x", 1))
    }

    /// The same request without a call in it.
    pub(super) fn with_body(&self, body: &str) -> Self {
        Self { road: self.road, key: self.key.clone(), body: body.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_over_xml_rpc_has_its_size() {
        for (road, bytes) in [(Road::XmlRpc, 600), (Road::Middle, 16_384), (Road::Large, 1_048_576)] {
            assert_eq!(Call::new(road, &"k".repeat(50)).body.len(), bytes);
        }
    }

    #[test]
    fn the_key_stands_where_the_road_has_it() {
        for road in [Road::XmlRpc, Road::Middle, Road::Large, Road::Json2, Road::Other] {
            assert_eq!(Call::new(road, "lct_0").request().matches("lct_0").count(), 1, "{road:?}");
        }
    }
}
