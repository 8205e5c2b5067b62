//! What a gate does with a request on a road: pass it, forward it written anew, answer it, or refuse it.

use crate::call::{Call, Common};
use crate::decide::{Facts, State, Trace, authenticate, decide, malformed};
use crate::key::{self, Key, Presented};
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Service};
use crate::snapshot::Snapshot;
use crate::value::Value;
use crate::wire::{Enforcement, UnixMicros};
use crate::xmlrpc;

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
    /// maximum age is none. `require` says what the plugin config wants of a gate without a policy.
    pub fn new(snapshot: Option<&'s Snapshot>, confirmed_at: UnixMicros, now: UnixMicros, require: bool) -> Self {
        let max_age = |snapshot: &Snapshot| u64::from(snapshot.settings.wire.snapshot_max_age_seconds) * 1_000_000;
        let fresh = snapshot.filter(|snapshot| now.saturating_sub(confirmed_at) <= max_age(snapshot));
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
        match road.service() {
            Service::Object => road != Road::Mcp && mode == Enforcement::Off,
            Service::Common => false,
            // Lictor keys mean nothing to them, so there is nothing to look for unless all must have one.
            Service::Databases | Service::Json => mode != Enforcement::Require,
        }
    }

    /// Whether another client's request on a shared road passes.
    fn lets_by(&self, road: Road, facts: Facts<'_>) -> bool {
        let excepted = |snapshot: &Snapshot| {
            facts.client.is_some_and(|client| snapshot.settings.require_exceptions.contains(client))
        };
        road != Road::Mcp
            && road.service() != Service::Databases
            && (self.enforcement() != Enforcement::Require || self.snapshot.is_some_and(excepted))
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
    /// In a Content-Encoding or charset that is not read.
    Encoded,
    /// Of another method than POST.
    NotPost,
}

/// Whether a `Content-Type` leaves the encoding to the XML declaration, as Odoo does, or names one that is read.
pub fn reads_charset(content_type: &str) -> bool {
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    charset.is_none_or(|charset| matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii" | "iso-8859-1"))
}

/// What the gate does.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Leaves the request as it is.
    Pass,
    /// Sends this body to the road's upstream path, in the place of the client's.
    Forward(String),
    /// Answers a login.
    Answer {
        /// The answer's body.
        document: String,
        /// Why the answer is no.
        denied: Option<Reason>,
    },
    /// Answers with a fault.
    Refuse(Refusal),
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
        Service::Object => object(policy, road, body, facts, state, trace),
        Service::Common => common(policy, road, body, facts, state, trace),
        Service::Databases | Service::Json if policy.snapshot.is_none() => {
            Err(Stop::Refused(Reason::PolicyUnavailable.into()))
        }
        Service::Databases => Err(Stop::NotOurs(Refusal::explained(
            Reason::EndpointBlocked,
            "The database service is closed while every call needs a key.",
        ))),
        Service::Json => Err(Stop::NotOurs(Refusal::explained(
            Reason::KeyRequired,
            "This road takes no Lictor keys yet; call /xmlrpc/2/mcp with one.",
        ))),
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

/// A call of the `object` service.
fn object<'s>(
    policy: Policy<'s>,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let bytes = readable(body)?;
    let Some(snapshot) = policy.snapshot else { return without_policy(policy, road, bytes) };
    let text = xmlrpc::decode(bytes).map_err(unreadable)?;
    let call = xmlrpc::read_call(&text).map_err(unreadable)?;
    let password = call.params.get(2).and_then(Value::as_str).unwrap_or_default();
    has_key(password)?;
    let call = Call::read(call).map_err(|problem| Stop::Refused(malformed(problem)))?;
    if road != Road::Mcp && policy.enforcement() == Enforcement::Block {
        return Err(Stop::Refused(Reason::EndpointBlocked.into()));
    }
    let grant = decide(snapshot, &call, facts, state, trace).map_err(Stop::Refused)?;
    let forwarded = call.forwarded(&grant.key.user.upstream);
    Ok(Verdict::Forward(xmlrpc::write_call(&forwarded, bytes.len() + bytes.len() / 4)))
}

/// A call of the `common` service. A Lictor key is answered by the gate in every mode, as clients of the secured road
/// come here first.
fn common<'s>(
    policy: Policy<'s>,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Result<Verdict, Stop> {
    let bytes = readable(body)?;
    let Some(snapshot) = policy.snapshot else { return without_policy(policy, road, bytes) };
    let text = xmlrpc::decode(bytes).map_err(unreadable)?;
    let call = Common::read(xmlrpc::read_call(&text).map_err(unreadable)?).map_err(misshapen)?;
    let Common::Authenticate { database, login, password } = call else { return Ok(Verdict::Pass) };
    has_key(&password)?;
    trace.method = Some("authenticate".to_owned());
    let answer = authenticate(snapshot, (&database, &login, &password), facts, state, trace).map_err(Stop::Refused)?;
    let value = answer.map_or(Value::Bool(false), Value::Int);
    Ok(Verdict::Answer { document: xmlrpc::write_response(&value), denied: answer.err() })
}

/// Without a policy, what may carry a key is refused; it is searched, not parsed, so that no spelling of a call can
/// hide one.
fn without_policy(policy: Policy<'_>, road: Road, body: &[u8]) -> Result<Verdict, Stop> {
    let mark = key::MARK.as_bytes();
    if road == Road::Mcp || policy.require || body.windows(mark.len()).any(|window| window == mark) {
        return Err(Stop::Refused(Reason::PolicyUnavailable.into()));
    }
    Ok(Verdict::Pass)
}

fn readable(body: Body<'_>) -> Result<&[u8], Stop> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLarge => Err(Stop::NotOurs(Reason::TooLarge.into())),
        Body::Encoded => Err(Stop::NotOurs(Reason::UnsupportedEncoding.into())),
        Body::NotPost => Err(misshapen("it must be a POST")),
    }
}

fn unreadable(error: xmlrpc::ReadError) -> Stop {
    match error {
        xmlrpc::ReadError::Encoding => Stop::NotOurs(Reason::UnsupportedEncoding.into()),
        other => misshapen(other),
    }
}

fn misshapen(problem: impl std::fmt::Display) -> Stop {
    Stop::NotOurs(malformed(problem))
}

fn has_key(password: &str) -> Result<(), Stop> {
    match Key::recognise(password) {
        Presented::Other => Err(Stop::NotOurs(Reason::KeyRequired.into())),
        Presented::Key(_) | Presented::Broken => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_that_are_not_read_are_known() {
        for (content_type, read) in [
            ("text/xml", true),
            ("text/xml; charset=utf-8", true),
            ("text/xml; Charset=\"ISO-8859-1\"", true),
            ("text/xml; boundary=x; charset=utf-16", false),
            ("text/xml;charset=", false),
        ] {
            assert_eq!(reads_charset(content_type), read, "{content_type}");
        }
    }
}
