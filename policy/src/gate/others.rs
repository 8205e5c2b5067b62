//! What is not a call with a Lictor key: another client's, which passes where the mode says so, if no key is in it.

use crate::decide::{Facts, recognise};
use crate::gate::marks::{self, Mark};
use crate::gate::{Asked, Body, Policy, Verdict, calls};
use crate::key::{MARK, PREFIX_LENGTH};
use crate::refusal::{Reason, Refusal};
use crate::road::Road;
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

impl Asked<'_, '_> {
    /// The verdict on a request that is not one with a key where a key belongs.
    pub(crate) fn other(&mut self, other: Other, body: Body<'_>) -> Verdict {
        let (policy, road, facts) = (self.policy, self.road, self.facts);
        let leaves_alone = policy.enforcement() == Enforcement::Off && !policy.is_secured(road);
        if !leaves_alone && let Some(mark) = mark(&other, body, facts) {
            self.name(&mark);
            return Verdict::Refuse(match other {
                // Its own reason says more, but for this one: there is a key.
                Other::Unread(refusal) | Other::Closed(refusal) if refusal.reason != Reason::KeyRequired => refusal,
                _ => self.misplaced(),
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
    pub(crate) fn without_policy(&self, body: Body<'_>) -> Verdict {
        let closed = self.road == Road::Mcp || self.policy.require || marks::is_opaque(body.received());
        if closed || marks::find(body.received()).or_else(|| marks::in_head(&self.facts.head)).is_some() {
            return Verdict::Refuse(Reason::PolicyUnavailable.into());
        }
        Verdict::Pass(Unmarked(()))
    }

    /// Says whose key a mark is, if its prefix is known. A whole one is verified, since malformed calls with a right key
    /// are worth an alert.
    pub(crate) fn name(&mut self, mark: &Mark) {
        let Some(snapshot) = self.policy.snapshot else { return };
        let text = mark.text.expose();
        if mark.is_key {
            recognise(snapshot, text, self.facts, self.state, self.trace);
        } else if let Some(prefix) = text.get(MARK.len()..MARK.len() + PREFIX_LENGTH) {
            self.trace.key = snapshot.key(prefix).ok().flatten();
        }
    }
}

/// What counts as a key: in what was read, and in the head, only a whole one, as a text may well be about keys.
fn mark(other: &Other, body: Body<'_>, facts: Facts<'_>) -> Option<Mark> {
    let unread = matches!(other, Other::Unread(_) | Other::Closed(_));
    let in_body = marks::find(body.received()).filter(|mark| mark.is_key || unread);
    in_body.or_else(|| marks::in_head(&facts.head).filter(|mark| mark.is_key))
}
