//! What a gate does with a request on a road: pass it, forward it written anew, answer it, or refuse it.

use std::borrow::Cow;

use crate::decide::{Facts, State, Trace, malformed};
use crate::key;
use crate::refusal::{Reason, Refusal};
use crate::reply::Reply;
use crate::road::{Road, Service};
use crate::secret::Secret;
use crate::snapshot::Snapshot;
use crate::unsupported::{Label, Unsupported};
use crate::wire::{Enforcement, UnixMicros};
use crate::xmlrpc::{ENCODINGS, Encoding};

mod json2;
mod module;
mod service;

/// The body cap of a gate that has no policy yet.
pub const DEFAULT_BODY_LIMIT: u32 = 8 << 20;

/// The policy in force, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'s> {
    snapshot: Option<&'s Snapshot>,
    require: bool,
}

impl<'s> Policy<'s> {
    /// `confirmed_at` is when the control plane last answered; a policy that was not confirmed for longer than its
    /// maximum age is none, nor is one that was confirmed so far ahead: the clock was set back, and its age is not known.
    /// `require` says what the plugin config wants of a gate without a policy.
    pub fn new(snapshot: Option<&'s Snapshot>, confirmed_at: UnixMicros, now: UnixMicros, require: bool) -> Self {
        let max_age = |snapshot: &Snapshot| u64::from(snapshot.settings.wire.snapshot_max_age_seconds) * 1_000_000;
        let fresh = snapshot.filter(|snapshot| now.abs_diff(confirmed_at) <= max_age(snapshot));
        let require = require || snapshot.is_some_and(|s| s.settings.wire.enforcement == Enforcement::Require);
        Self { snapshot: fresh, require: require && fresh.is_none() }
    }

    /// The most bytes that a body may have.
    pub fn body_limit(&self) -> usize {
        self.snapshot.map_or(DEFAULT_BODY_LIMIT, |snapshot| snapshot.settings.wire.body_limit_bytes) as usize
    }

    /// Whether a road's requests pass without a look at their bodies.
    pub fn ignores(&self, road: Road) -> bool {
        let mode = self.enforcement();
        if road.is_modules() && self.snapshot.is_some() {
            return !self.stands_in_for_module() && mode != Enforcement::Require;
        }
        match road.service() {
            Service::Object => road != Road::Mcp && mode == Enforcement::Off,
            Service::Common | Service::Module => false,
            Service::JsonRpc | Service::Json2 => mode == Enforcement::Off,
            // They take no Lictor keys, so there is nothing to look for unless all must have one.
            Service::Databases | Service::Bearer | Service::Upload => mode != Enforcement::Require,
        }
    }

    /// Whether the body is needed to judge a request; else [`judge`] with [`Body::Unread`] says what becomes of it.
    pub fn needs_body(&self, road: Road, facts: Facts<'_>) -> bool {
        match road.service() {
            Service::Object | Service::Common | Service::JsonRpc => true,
            Service::Json2 => json2::head(*self, Body::Unread, facts).is_ok(),
            Service::Databases | Service::Bearer | Service::Upload | Service::Module => false,
        }
    }

    /// Whether another client's request on a shared road passes.
    fn lets_by(&self, road: Road, facts: Facts<'_>) -> bool {
        let excepted = |snapshot: &Snapshot| {
            facts.client.is_some_and(|client| snapshot.settings.require_exceptions.contains(client))
        };
        !self.is_secured(road)
            && road.service() != Service::Databases
            && (self.enforcement() != Enforcement::Require || self.snapshot.is_some_and(excepted))
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
    /// Longer than [`Policy::body_limit`].
    TooLarge,
    /// In an encoding, or of a type, that is not read.
    Encoded(&'b Unsupported),
    /// Of another method than POST.
    NotPost,
    /// Not there yet: only the headers are judged.
    Unread,
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
    Pass,
    /// Leaves the request as it is, but for its path.
    PassTo(&'static str),
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

/// Judges a request on a road. Whatever is forwarded was written anew from what was decided on.
pub fn judge<'s>(
    policy: Policy<'s>,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Verdict {
    if policy.ignores(road) {
        return Verdict::Pass;
    }
    let result = match road.service() {
        // The module that a plain Odoo does not have.
        _ if road.is_modules() && policy.snapshot.is_some() && !policy.stands_in_for_module() => Err(not_a_road()),
        Service::Object | Service::Common => service::xml(policy, road, body, facts, state, trace),
        Service::JsonRpc => service::json(policy, road, body, facts, state, trace),
        Service::Json2 => json2::judge(policy, body, facts, state, trace),
        Service::Module => module::judge(policy, facts, state, trace),
        Service::Databases | Service::Bearer | Service::Upload if policy.snapshot.is_none() => {
            Err(Stop::Refused(Reason::PolicyUnavailable.into()))
        }
        Service::Databases => Err(Stop::NotOurs(no_databases())),
        // Without a key it is a page of a browser's session.
        Service::Bearer if crate::json2::bearer(facts.head.authorization).is_none() => Ok(Verdict::Pass),
        Service::Bearer | Service::Upload => Err(not_a_road()),
    };
    match result {
        Ok(verdict) => verdict,
        Err(Stop::NotOurs(_)) if policy.lets_by(road, facts) => Verdict::Pass,
        Err(Stop::NotOurs(refusal) | Stop::Refused(refusal)) => Verdict::Refuse(refusal),
    }
}

/// Why there is no verdict yet.
enum Stop {
    /// Not a call with a Lictor key: on a shared road it may be another client's.
    NotOurs(Refusal),
    /// A call with a key, or no policy to judge by.
    Refused(Refusal),
}

impl Stop {
    /// What stops a request that is known to carry a key.
    fn refused(self) -> Self {
        match self {
            Self::NotOurs(refusal) | Self::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// A road that knows no Lictor keys.
fn not_a_road() -> Stop {
    let sentence = "This endpoint takes Odoo's own credentials, and is closed while every call needs a Lictor key.";
    Stop::NotOurs(Refusal::explained(Reason::EndpointBlocked, sentence))
}

fn no_databases() -> Refusal {
    Refusal::explained(Reason::EndpointBlocked, "The database service is closed while every call needs a key.")
}

fn readable<'b>(policy: Policy<'_>, body: Body<'b>) -> Result<&'b [u8], Stop> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLarge => Err(Stop::NotOurs(Refusal::too_large(policy.body_limit()))),
        Body::Encoded(problem) => Err(Stop::NotOurs(Refusal::unsupported(problem))),
        Body::NotPost => Err(misshapen("it must be a POST")),
        Body::Unread => Err(misshapen("its body is missing")),
    }
}

fn misshapen(problem: impl std::fmt::Display) -> Stop {
    Stop::NotOurs(malformed(problem))
}

fn has_key(password: &str) -> Result<(), Stop> {
    // Whether it is one that is well-formed is looked at later.
    if password.starts_with(key::MARK) { Ok(()) } else { Err(Stop::NotOurs(Reason::KeyRequired.into())) }
}

/// Whether a key may be in a body: searched, not parsed, so that no spelling of a call can hide one.
fn is_marked(body: &[u8]) -> bool {
    let mark = key::MARK.as_bytes();
    body.windows(mark.len()).any(|window| window == mark)
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
