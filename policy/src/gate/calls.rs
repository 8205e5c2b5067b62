//! Calls that come by no road, told by what is sent: Odoo's paths are data, so `require` mode cannot go by them alone.
//!
//! Read from Odoo 19. Its XML-RPC controllers take any `Content-Type`, ignore sessions, and need no root element of a
//! certain name, but a `methodName` in the encoding that the document has; `/jsonrpc` takes `service`, `method` and `args`
//! from `params`, in either form that Python makes a dictionary of. A body is looked at while it passes: what Odoo has of
//! a call that is cut off before it is whole does nothing.

use crate::decide::{Facts, Head};
use crate::gate::marks::{ENTITY, without_zeros};
use crate::gate::members::Members;
use crate::gate::{Policy, json2};
use crate::key::MARK;
use crate::odoo::is_api_key;
use crate::refusal::{Reason, Refusal};
use crate::road::Road;
use crate::wire::Enforcement;

/// What a call is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// An XML document with a `methodName`.
    MethodName,
    /// A JSON object with a `service` in its `params`.
    Service,
    /// A bearer token that is no Lictor key.
    Bearer,
}

impl Sign {
    /// The road whose form the call has, and the refusal.
    pub const fn road(self) -> Road {
        match self {
            Self::MethodName => Road::Object,
            Self::Service => Road::JsonRpc,
            Self::Bearer => Road::Json2,
        }
    }
}

impl Policy<'_> {
    /// Whether calls are looked for on paths that are no roads.
    pub fn looks_everywhere(&self) -> bool {
        self.enforcement() == Enforcement::Require
    }

    /// The refusal of a call that came by no road, or with another credential than its road's.
    pub(crate) fn refuses(&self, _: Sign, facts: Facts<'_>) -> Option<Refusal> {
        if !self.looks_everywhere() || self.excepts(facts) {
            return None;
        }
        let sentence = "This is a call of Odoo's API with a credential of Odoo, and every call needs a Lictor key here. \
                        Send it to /xmlrpc/2/mcp with one.";
        Some(match self.snapshot {
            None => Reason::PolicyUnavailable.into(),
            Some(_) => Refusal::explained(Reason::KeyRequired, sentence),
        })
    }
}

/// A bearer token that is no Lictor key: of a POST without a session of the web client, and of any request if it has the
/// form of Odoo's API keys. A cookie alone is no excuse for those, as Odoo takes the key whatever the cookie is; but a proxy
/// for single sign-on may add a token of its own to what browsers send.
pub fn in_head(head: &Head<'_>) -> Option<Sign> {
    let token = json2::bearer(head.authorization)?;
    let is_ours = token.starts_with(MARK.as_bytes());
    let is_odoos = is_api_key(token);
    (!is_ours && (is_odoos || (head.is_post && !head.has_session))).then_some(Sign::Bearer)
}

/// Looks for a call in a body, piece by piece.
#[derive(Debug)]
pub(crate) struct Calls {
    kind: Kind,
    has_session: bool,
    /// How much more of a form with parts Odoo's server takes at once; none of other bodies. When it finds the form broken, it
    /// leaves what it has not taken to the controller.
    portion: Option<usize>,
}

/// What Odoo's server takes of a form at once, in bytes.
const PORTION: usize = 64 << 10;

/// What the first byte that is no white space says.
#[derive(Debug)]
enum Kind {
    Unknown,
    /// XML; the end of the pieces so far.
    Xml(Vec<u8>),
    Json(Members),
    /// Neither: Odoo would read no call.
    Other,
}

impl Calls {
    /// The web client, which has a session, may well have a `service` among the parameters of a call of its own, but not
    /// all that `/jsonrpc` takes.
    pub(crate) fn new(head: &Head<'_>) -> Self {
        let portion = head.is_multipart.then_some(PORTION);
        Self { kind: Kind::Unknown, has_session: head.has_session, portion }
    }

    pub(crate) fn see(&mut self, piece: &[u8]) -> Option<Sign> {
        let mut rest = piece;
        while let Some(left) = self.portion
            && let Some((portion, others)) = rest.split_at_checked(left)
        {
            let sign = self.see_portion(portion);
            if sign.is_some() {
                return sign;
            }
            if self.is_other() {
                self.kind = Kind::Unknown;
            }
            (self.portion, rest) = (Some(PORTION), others);
        }
        self.portion = self.portion.map(|left| left - rest.len());
        self.see_portion(rest)
    }

    fn see_portion(&mut self, piece: &[u8]) -> Option<Sign> {
        let mut piece = piece;
        if matches!(self.kind, Kind::Unknown) {
            let (at, first) = piece.iter().copied().enumerate().find(|(_, byte)| !is_before(*byte))?;
            piece = piece.get(at..).unwrap_or_default();
            self.kind = match first {
                b'<' => Kind::Xml(Vec::new()),
                b'{' => Kind::Json(Members::default()),
                _ => Kind::Other,
            };
        }
        match &mut self.kind {
            Kind::Xml(end) => names_method(end, piece).then_some(Sign::MethodName),
            Kind::Json(members) => {
                members.see(piece);
                let is_call = if self.has_session { members.are_all() } else { members.have_service() };
                is_call.then_some(Sign::Service)
            }
            Kind::Unknown | Kind::Other => None,
        }
    }

    /// Whether no call can follow.
    pub(crate) fn is_over(&self) -> bool {
        self.is_other() && self.portion.is_none()
    }

    fn is_other(&self) -> bool {
        matches!(self.kind, Kind::Other)
    }
}

/// White space, and what byte-order marks and UTF-16 are made of.
fn is_before(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff)
}

/// Whether a document has an element for a method. Entities of its own may spell the name, so one that declares any counts;
/// the names of elements are ASCII in every encoding that Odoo's parser takes, but for the zeros of UTF-16.
fn names_method(end: &mut Vec<u8>, piece: &[u8]) -> bool {
    const LONGEST: usize = "</methodName>".len() - 1;
    end.extend_from_slice(&without_zeros(piece));
    let is_sign = |window: &[u8]| window.starts_with(ENTITY) || window.split_first().is_some_and(is_method);
    let found = end.windows(LONGEST).any(is_sign) || end.ends_with(ENTITY);
    end.drain(..end.len().saturating_sub(LONGEST));
    found
}

/// A tag's name, behind its bracket, slash or prefix.
fn is_method((before, rest): (&u8, &[u8])) -> bool {
    let name = rest.strip_prefix(b"methodName").or_else(|| rest.strip_prefix(b"methodCall"));
    let ends = |byte: &u8| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace();
    matches!(before, b'<' | b'/' | b':') && name.and_then(<[u8]>::first).is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a body, whole and byte by byte.
    fn sign(body: &[u8], has_session: bool) -> Option<Sign> {
        sign_in(body, Head { has_session, ..Head::default() })
    }

    fn sign_in(body: &[u8], head: Head<'_>) -> Option<Sign> {
        let whole = Calls::new(&head).see(body);
        let mut calls = Calls::new(&head);
        let pieces = body.iter().filter_map(|byte| calls.see(&[*byte])).next();
        assert_eq!(whole, pieces, "{}", String::from_utf8_lossy(body));
        whole
    }

    #[test]
    fn xml_is_a_call_if_odoo_would_find_a_method_in_it() {
        let utf16 = |text: &str, little: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let call = "<methodCall><methodName>m</methodName></methodCall>";
        for body in [
            call.as_bytes().to_vec(),
            format!("<?xml version='1.0'?>\n<!-- c -->{call}").into_bytes(),
            format!("\u{feff} \r\n\t{call}").into_bytes(),
            format!("{}{call}", " ".repeat(100_000)).into_bytes(),
            b"<x:any><y:methodName >m</y:methodName><params/></x:any>".to_vec(),
            b"<!DOCTYPE a [<!ENTITY m '<m&#101;thodName>m</m&#101;thodName>'>]><a>&m;<params/></a>".to_vec(),
            b"<a><!ENTITY".to_vec(),
            utf16(call, true),
            utf16(call, false),
            utf16(&format!("\u{feff}{call}"), true),
        ] {
            for has_session in [true, false] {
                assert_eq!(sign(&body, has_session), Some(Sign::MethodName), "{}", String::from_utf8_lossy(&body));
            }
        }
        for body in [
            "",
            " ",
            "<html>method name</html>",
            "<soap:Envelope/>",
            "a <methodName>",
            "--x\r\n<methodName>",
            "<p>methodName</p>",
            "<a>methodNames>",
        ] {
            assert_eq!(sign(body.as_bytes(), false), None, "{body}");
        }
    }

    #[test]
    fn a_broken_form_leaves_what_lies_behind_its_portions() {
        let head = Head { is_multipart: true, ..Head::default() };
        let call = " <any><methodName>m</methodName></any>";
        for (before, is_call) in
            [(0, true), (PORTION, true), (3 * PORTION, true), (PORTION - 1, true), (10, false), (PORTION + 1, false)]
        {
            let body = format!("{}{call}", "-".repeat(before));
            assert_eq!(sign_in(body.as_bytes(), head).is_some(), is_call, "{before}");
            assert_eq!(sign(body.as_bytes(), false).is_some(), before == 0, "{before}");
        }
    }

    #[test]
    fn json_is_a_call_if_its_params_hold_a_service() {
        let rest = r#""method":"execute","args":[]"#;
        for (body, without_session, with_session) in [
            (format!(r#"{{"params":{{"service":"object",{rest}}}}}"#), true, true),
            (format!(r#" {{"id":[1,{{"a":"b"}}],"params" : {{{rest},"service":1}} }}"#), true, true),
            (format!(r#"{{"p\u0061rams":{{{rest},"\u0073erv\u0069ce":"object"}}}}"#), true, true),
            (format!(r#"{{"params":{{}},"params":{{{rest},"service":NaN}}}}"#), true, true),
            (r#"{"params":[["service","object"],["method","m"],["args",[]]]}"#.to_owned(), true, true),
            (r#"{"params":[{"service":1,"method":2},["args",[]]]}"#.to_owned(), true, true),
            (r#"{"params":{"service":"a"}}"#.to_owned(), true, false),
            (r#"{"params":{"args":[{"service":1}],"service_id":2}}"#.to_owned(), false, false),
            (r#"{"params":{"name":"service","a":{"service":1}}}"#.to_owned(), false, false),
            (r#"{"service":"object","params":{}}"#.to_owned(), false, false),
            (r#"{"a":{"params":{"service":1}}}"#.to_owned(), false, false),
            (r#"{"a":"params","b":{"service":1}}"#.to_owned(), false, false),
            (r#"{"params":{"x\"service":1,"\\service":2,"servicex":3}}"#.to_owned(), false, false),
            (r#"[{"params":{"service":"object"}}]"#.to_owned(), false, false),
            ("{".to_owned(), false, false),
            ("{]]]]}}}}\"\\u12".to_owned(), false, false),
        ] {
            for (has_session, expected) in [(false, without_session), (true, with_session)] {
                assert_eq!(sign(body.as_bytes(), has_session).is_some(), expected, "{body} {has_session}");
            }
        }
    }

    #[test]
    fn a_bearer_token_is_a_sign_unless_it_is_ours_or_a_browsers() {
        let odoos = "Bearer 0123456789abcdef0123456789abcdef01234567";
        for (authorization, is_post, has_session, is_sign) in [
            (odoos, true, false, true),
            (odoos, true, true, true),
            (odoos, false, true, true),
            ("Bearer eyJhbGciOi", true, false, true),
            ("Bearer eyJhbGciOi", true, true, false),
            ("Bearer eyJhbGciOi", false, false, false),
            ("Bearer lct_x", true, false, false),
            ("Basic YTpi", true, false, false),
            ("", true, false, false),
        ] {
            let head = Head { authorization: authorization.as_bytes(), is_post, has_session, ..Head::default() };
            assert_eq!(in_head(&head).is_some(), is_sign, "{authorization} {is_post} {has_session}");
        }
    }
}
