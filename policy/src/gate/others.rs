//! What is not a call with a Lictor key: another client's, which passes where the mode says so, if no key is in it.

use crate::decide::{Facts, State, Trace, recognise};
use crate::gate::marks::{self, Mark};
use crate::gate::{Body, Policy, Verdict, calls, misplaced};
use crate::key::{MARK, PREFIX_LENGTH};
use crate::refusal::{Reason, Refusal};
use crate::road::Road;
use crate::snapshot::Snapshot;
use crate::wire::Enforcement;

/// Proof that a request may go to Odoo as it came: nobody has to look at it, or no Lictor key is in what was received of it.
/// Only this module makes one, so nothing passes that was not looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmarked(());

impl Unmarked {
    /// Where the mode leaves a road alone.
    pub(crate) fn ignored(policy: &Policy<'_>, road: Road) -> Option<Self> {
        policy.ignores(road).then_some(Self(()))
    }
}

/// Why a request is not one with a key where a key belongs.
pub(crate) enum Other {
    /// It needs none.
    Open {
        /// Where it goes, if Odoo has it at another path.
        path: Option<&'static str>,
    },
    /// It has none; in `require` mode it is refused for that.
    Keyless(Refusal),
    /// It could not be read, for this reason; whatever looks like a key in it may be one.
    Unread(Refusal),
    /// The same where it might be what is closed to every address.
    Closed(Refusal),
}

/// What becomes of it.
pub(crate) fn judge<'s>(
    policy: Policy<'s>,
    snapshot: &'s Snapshot,
    road: Road,
    (other, body): (Other, Body<'_>),
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) -> Verdict {
    let leaves_alone = policy.enforcement() == Enforcement::Off && !policy.is_secured(road);
    if !leaves_alone && let Some(mark) = mark(&other, body, facts) {
        name(&mark, snapshot, facts, state, trace);
        return Verdict::Refuse(match other {
            // Its own reason says more, but for this one: there is a key.
            Other::Unread(refusal) | Other::Closed(refusal) if refusal.reason != Reason::KeyRequired => refusal,
            _ => misplaced(policy, road),
        });
    }
    let refusal = match other {
        Other::Unread(refusal) if !leaves_alone && marks::is_opaque(body.received()) => Some(refusal),
        Other::Closed(refusal) => Some(refusal),
        Other::Keyless(refusal) | Other::Unread(refusal) => (!policy.lets_by(road, facts)).then_some(refusal),
        Other::Open { path } => match calls::in_head(&facts.head).and_then(|call| policy.refuses(call, facts)) {
            Some(refusal) => Some(refusal),
            None => return path.map_or(Verdict::Pass(Unmarked(())), |path| Verdict::PassTo(path, Unmarked(()))),
        },
    };
    refusal.map_or(Verdict::Pass(Unmarked(())), Verdict::Refuse)
}

/// Without a policy, what may carry a key is refused, and in `require` mode everything.
pub(crate) fn without_policy(policy: Policy<'_>, road: Road, body: Body<'_>, facts: Facts<'_>) -> Verdict {
    let closed = road == Road::Mcp || policy.require || marks::is_opaque(body.received());
    if closed || marks::find(body.received()).or_else(|| marks::in_head(&facts.head)).is_some() {
        return Verdict::Refuse(Reason::PolicyUnavailable.into());
    }
    Verdict::Pass(Unmarked(()))
}

/// What counts as a key: in what was read, and in the head, only a whole one, as a text may well be about keys.
fn mark(other: &Other, body: Body<'_>, facts: Facts<'_>) -> Option<Mark> {
    let unread = matches!(other, Other::Unread(_) | Other::Closed(_));
    let in_body = marks::find(body.received()).filter(|mark| mark.is_key || unread);
    in_body.or_else(|| marks::in_head(&facts.head).filter(|mark| mark.is_key))
}

/// Says whose key it is, if its prefix is known. A whole one is verified, since malformed calls with a right key are worth
/// an alert.
pub(crate) fn name<'s>(
    mark: &Mark,
    snapshot: &'s Snapshot,
    facts: Facts<'_>,
    state: &mut dyn State,
    trace: &mut Trace<'s>,
) {
    let text = mark.text.expose();
    if mark.is_key {
        recognise(snapshot, text, facts, state, trace);
    } else if let Some(prefix) = text.get(MARK.len()..MARK.len() + PREFIX_LENGTH) {
        trace.key = snapshot.key(prefix).ok().flatten();
    }
}
