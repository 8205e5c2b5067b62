//! Storey 10: what a gate does with a request on a road: pass it, forward it written anew, answer it, or refuse it.

mod calls;
pub mod json2;
mod marks;
mod members;
mod module;
mod others;
pub mod peek;
pub mod reply;
mod service;
mod watch;

use std::borrow::Cow;

use crate::call::Call;
use crate::decide::{Facts, Grant, Head, State, Trace, decide, malformed, recognise};
use crate::formats::unsupported::{Label, Unsupported};
use crate::formats::xmlrpc::{ENCODINGS, Encoding};
use crate::gate::json2::bearer;
use crate::gate::reply::Reply;
use crate::key;
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Service};
use crate::secret::Secret;
use crate::snapshot::Snapshot;
use crate::wire::{Enforcement, UnixMicros};

pub use crate::gate::marks::is_marked;
pub use crate::gate::others::Unmarked;
pub use calls::{Sign, in_head as sign_in_head};
pub use watch::{SeenKey, Sight, Watch};

use crate::gate::others::Other;

/// The most bytes that a body may have; of a gate that has no policy yet, a fixed number.
pub fn body_limit(snapshot: Option<&Snapshot>) -> usize {
    const WITHOUT_POLICY: u32 = 8 << 20;
    snapshot.map_or(WITHOUT_POLICY, |snapshot| snapshot.settings.wire.body_limit_bytes) as usize
}

/// The policy in force, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'s> {
    snapshot: Option<&'s Snapshot>,
    require: bool,
}

impl<'s> Policy<'s> {
    /// A policy counts as absent if the control plane last confirmed it, at `confirmed_at`, longer ago than its maximum age. The
    /// same if the confirmation lies that far in the future: the clock was set back, so its real age is unknown.
    /// `require` says what the plugin config wants of a gate without a policy.
    pub fn new(snapshot: Option<&'s Snapshot>, confirmed_at: UnixMicros, now: UnixMicros, require: bool) -> Self {
        let max_age = |snapshot: &Snapshot| u64::from(snapshot.settings.wire.snapshot_max_age_seconds) * 1_000_000;
        let fresh = snapshot.filter(|snapshot| now.abs_diff(confirmed_at) <= max_age(snapshot));
        let require = require || snapshot.is_some_and(|s| s.settings.wire.enforcement == Enforcement::Require);
        Self { snapshot: fresh, require: require && fresh.is_none() }
    }

    /// Whether a road's requests pass without a look at them.
    pub fn ignores(&self, road: Road) -> bool {
        self.enforcement() == Enforcement::Off
            && !self.is_secured(road)
            && (road.is_modules() || road.service() != Service::Common)
    }

    /// Whether the body is needed to judge a request; else [`Asked::judge`] with [`Body::Unread`] says what becomes of it.
    pub fn needs_body(&self, road: Road, head: &Head<'_>) -> bool {
        match road.service() {
            Service::Object | Service::Common | Service::JsonRpc => !self.is_strange(road),
            Service::Json2 => json2::needs_body(*self, head),
            Service::Databases | Service::Bearer | Service::Upload | Service::Oauth | Service::Module => false,
        }
    }

    /// The snapshot, without which nothing is decided.
    fn snapshot(&self) -> Result<&'s Snapshot, Stop> {
        self.snapshot.ok_or_else(|| Stop::Refused(Reason::PolicyUnavailable.into()))
    }

    /// Whether another client's request on a shared road passes.
    fn lets_by(&self, road: Road, facts: Facts<'_>) -> bool {
        let is_closed = || road.service() == Service::Databases || !self.excepts(facts);
        !(self.is_secured(road) || (self.enforcement() == Enforcement::Require && is_closed()))
    }

    /// Whether clients of this address may do without a key.
    fn excepts(&self, facts: Facts<'_>) -> bool {
        let is_listed = |snapshot: &Snapshot| {
            facts.client.is_some_and(|client| snapshot.settings.require_exceptions.contains(client))
        };
        self.snapshot.is_some_and(is_listed)
    }

    /// Whether a road is one of the module that a plain Odoo does not have, and that the gate does not stand in for.
    fn is_strange(&self, road: Road) -> bool {
        road.is_modules() && !self.stands_in_for_module()
    }

    /// Whether a road is the gate's own: whoever calls there needs a key, in every mode.
    fn is_secured(&self, road: Road) -> bool {
        road == Road::Mcp || (road.is_modules() && self.stands_in_for_module())
    }

    fn stands_in_for_module(&self) -> bool {
        self.snapshot.is_some_and(|snapshot| snapshot.settings.wire.mcp_module_contract)
    }

    fn enforcement(&self) -> Enforcement {
        match self.snapshot {
            Some(snapshot) => snapshot.settings.wire.enforcement,
            None if self.require => Enforcement::Require,
            None => Enforcement::Secure,
        }
    }
}

/// The body of a request, or why there is none to be read.
#[derive(Clone, Copy, Debug)]
pub enum Body<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// Longer than [`body_limit`]: as much as came.
    TooLarge(&'b [u8]),
    /// In an encoding, or of a type, that is not read.
    Encoded(&'b [u8], &'b Unsupported),
    /// Of another method than POST.
    NotPost(&'b [u8]),
    /// Not there yet: only the headers are judged. What passes then has to be watched, see [`Watch::for_keys`].
    Unread,
}

impl<'b> Body<'b> {
    /// What came of it.
    fn received(self) -> &'b [u8] {
        match self {
            Self::Whole(bytes) | Self::TooLarge(bytes) | Self::Encoded(bytes, _) | Self::NotPost(bytes) => bytes,
            Self::Unread => &[],
        }
    }
}

/// Whether a body of this `Content-Type` is read on a road. XML-RPC takes any type, as Odoo does, and leaves the encoding
/// to the XML declaration; on the JSON roads Odoo wants JSON, and reads UTF-8 whatever the charset.
///
/// # Errors
/// For another type than the road's, and for a charset that is not read.
pub fn reads(road: Road, content_type: &str) -> Result<(), Unsupported> {
    let mut parts = content_type.split(';');
    let kind = parts.next().unwrap_or_default().trim();
    let (types, charsets) = match road.service() {
        Service::JsonRpc => (&["application/json", "application/json-rpc"][..], "UTF-8"),
        Service::Json2 => (&["application/json"][..], "UTF-8"),
        _ => (&[][..], ENCODINGS),
    };
    if let Some(first) = types.first()
        && !types.iter().any(|name| kind.eq_ignore_ascii_case(name))
    {
        return Err(Unsupported::ContentType(Label::of(kind), first));
    }
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    let Some(charset) = charset else { return Ok(()) };
    let read = match Encoding::named(charset) {
        Some(Encoding::Utf8 | Encoding::Ascii) => true,
        Some(_) => types.is_empty(),
        None => charset.eq_ignore_ascii_case("utf8"),
    };
    if read { Ok(()) } else { Err(Unsupported::Charset(Label::of(charset), charsets)) }
}

/// What the gate does.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Leaves the request as it is.
    Pass(Unmarked),
    /// Leaves the request as it is, but for its path.
    PassTo(&'static str, Unmarked),
    /// Sends this in the place of the client's request.
    Forward(Forward),
    /// Answers a login.
    Answer {
        /// The answer.
        reply: Reply,
        /// Why the answer is no.
        denied: Option<Reason>,
        /// Why it would have been refused, if no stage were in shadow.
        would_deny: Option<Reason>,
    },
    /// Answers with a fault.
    Refuse(Refusal),
}

/// A call as it goes to Odoo: written anew, with the user's credential.
#[derive(Debug, PartialEq, Eq)]
pub struct Forward {
    /// The path.
    pub path: Cow<'static, str>,
    /// The `Content-Type`.
    pub kind: &'static str,
    /// Headers that carry the credential, where the body does not.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body.
    pub document: String,
    /// Why the call would have been refused, if no stage were in shadow.
    pub would_deny: Option<Reason>,
}

/// A request that is judged: the policy, what is known of the request, and what the gate remembers.
pub struct Asked<'s, 'r> {
    /// The policy in force.
    pub policy: Policy<'s>,
    /// Where it came.
    pub road: Road,
    /// What is known beside its body.
    pub facts: Facts<'r>,
    /// The gate's memory.
    pub state: &'r mut dyn State,
    /// Filled in on the way, for the audit record.
    pub trace: &'r mut Trace<'s>,
}

impl<'s> Asked<'s, '_> {
    /// The verdict on the request with this body. Whatever is forwarded was written anew from what was decided on.
    pub fn judge(mut self, body: Body<'_>) -> Verdict {
        if let Some(unmarked) = Unmarked::ignored(&self.policy, self.road) {
            return Verdict::Pass(unmarked);
        }
        if self.policy.snapshot.is_none() {
            return self.without_policy(body);
        }
        let result = match self.road.service() {
            _ if self.policy.is_strange(self.road) => Err(takes_no_keys()),
            Service::Object | Service::Common => self.xmlrpc(body),
            Service::JsonRpc => self.jsonrpc(body),
            Service::Json2 => self.json2(body),
            Service::Module => self.module(),
            Service::Databases => Err(Stop::Other(Other::Keyless(no_databases()))),
            // Without a key it is a page of a browser's session.
            Service::Bearer if bearer(self.facts.head.authorization).is_none() => Err(OPEN),
            Service::Bearer | Service::Upload | Service::Oauth => Err(takes_no_keys()),
        };
        match result {
            Ok(Verdict::Forward(call)) if call.holds_key() => Verdict::Refuse(self.misplaced()),
            Ok(verdict) => verdict,
            Err(Stop::Refused(refusal)) => Verdict::Refuse(refusal),
            Err(Stop::Other(other)) => self.other(other, body),
        }
    }

    /// Decides on a call with a key.
    fn decide(&mut self, call: &Call<'_>) -> Result<Grant<'s>, Stop> {
        decide(self.policy.snapshot()?, call, self.facts, self.state, self.trace).map_err(Stop::Refused)
    }

    /// Refuses what is no call, though it carries a key; whose that is, is recorded.
    fn malformed(&mut self, key: &str, problem: impl std::fmt::Display) -> Stop {
        if let Some(snapshot) = self.policy.snapshot {
            recognise(snapshot, key, self.facts, self.state, self.trace);
        }
        Stop::Refused(malformed(problem))
    }

    /// A Lictor key at a place where Odoo would get it.
    fn misplaced(&self) -> Refusal {
        let (policy, road) = (self.policy, self.road);
        let blocked = |sentence: &'static str| Refusal::explained(Reason::EndpointBlocked, sentence);
        match road.service() {
            Service::Databases | Service::Bearer | Service::Upload | Service::Oauth => blocked(NO_KEYS),
            _ if policy.is_strange(road) => blocked(NO_KEYS),
            _ if policy.enforcement() == Enforcement::Block && !policy.is_secured(road) => {
                Reason::EndpointBlocked.into()
            }
            _ => malformed(
                "a Lictor key stands where none belongs; it goes where Odoo's password or API key stood, and nowhere else",
            ),
        }
    }
}

/// Why there is no verdict yet.
enum Stop {
    /// Not a call with a Lictor key where one belongs.
    Other(Other),
    /// A call with a key.
    Refused(Refusal),
}

/// Needs no key.
const OPEN: Stop = Stop::Other(Other::Open { path: None });

impl Stop {
    /// What stops a request that is known to carry a key.
    fn refused(self) -> Self {
        match self {
            Self::Other(Other::Keyless(refusal) | Other::Unread(refusal) | Other::Closed(refusal)) => {
                Self::Refused(refusal)
            }
            other => other,
        }
    }
}

impl Forward {
    /// Whether a Lictor key stands among the values: Odoo would keep it, and show it to others.
    fn holds_key(&self) -> bool {
        marks::is_in_written(&self.document)
    }
}

const NO_KEYS: &str = "This endpoint takes Odoo's own credentials, and no Lictor keys.";

/// A road that knows no Lictor keys.
fn takes_no_keys() -> Stop {
    let sentence = "This endpoint takes Odoo's own credentials, and is closed while every call needs a Lictor key.";
    Stop::Other(Other::Keyless(Refusal::explained(Reason::EndpointBlocked, sentence)))
}

fn no_databases() -> Refusal {
    Refusal::explained(Reason::EndpointBlocked, "The database service is closed while every call needs a key.")
}

fn readable<'b>(policy: Policy<'_>, body: Body<'b>) -> Result<&'b [u8], Stop> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLarge(_) => Err(unread(Refusal::too_large(body_limit(policy.snapshot)))),
        Body::Encoded(_, problem) => Err(unread(Refusal::unsupported(problem))),
        Body::NotPost(_) => Err(misshapen("it must be a POST")),
        Body::Unread => Err(misshapen("its body is missing")),
    }
}

fn misshapen(problem: impl std::fmt::Display) -> Stop {
    unread(malformed(problem))
}

fn unread(refusal: Refusal) -> Stop {
    Stop::Other(Other::Unread(refusal))
}

fn has_key(password: &str) -> Result<(), Stop> {
    // Whether it is one that is well-formed is looked at later.
    if password.starts_with(key::MARK) { Ok(()) } else { Err(Stop::Other(Other::Keyless(Reason::KeyRequired.into()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_and_types_that_are_not_read_are_known() {
        for (road, content_type, read) in [
            (Road::Mcp, "text/xml", true),
            (Road::Mcp, "text/plain; charset=utf-8", true),
            (Road::Mcp, "text/xml; Charset=\"ISO-8859-1\"", true),
            (Road::Mcp, "text/xml; charset=windows-1252", true),
            (Road::Mcp, "text/xml; charset=iso-8859-15", true),
            (Road::Mcp, "text/xml; boundary=x; charset=utf-16", false),
            (Road::Mcp, "text/xml;charset=", false),
            (Road::Json2, "application/json", true),
            (Road::Json2, "Application/JSON; charset=UTF-8", true),
            (Road::Json2, "application/json; charset=iso-8859-1", false),
            (Road::Json2, "application/json-rpc", false),
            (Road::Json2, "application/x-www-form-urlencoded", false),
            (Road::JsonRpc, "application/json-rpc", true),
            (Road::JsonRpc, "text/plain", false),
        ] {
            assert_eq!(reads(road, content_type).is_ok(), read, "{content_type}");
        }
    }
}
