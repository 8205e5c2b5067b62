//! Refusals that have no record of their own: how many there were, for which reason, and of which key.

use serde::{Deserialize, Serialize};

use crate::memory::bucket::minute_is_over;
use crate::refusal::Reason;
use crate::wire::{Event, EventKind, Outcome, UnixMicros};

/// How many are told apart in one entry of shared data.
const MOST: usize = 64;

/// Whose refusals are counted together, and why they were refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    reason: Reason,
    /// None for all callers without a verified key: there is no end of them.
    key: Option<VerifiedKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VerifiedKey {
    id: String,
    user: Option<String>,
    database: String,
}

impl Whose {
    /// Of the caller that an event names.
    pub fn of(event: &Event, reason: Reason) -> Self {
        let key = event.key_id.clone().zip(event.database.clone());
        let key = key.map(|(id, database)| VerifiedKey { id, user: event.user_id.clone(), database });
        Self { reason, key }
    }

    /// Of everybody.
    pub const fn anybody(reason: Reason) -> Self {
        Self { reason, key: None }
    }

    /// The key's id, if it was verified.
    pub fn key_id(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.id.as_str())
    }

    /// The reason.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The record of so many refusals, the first of which was then.
    pub fn event(self, count: u64, at: UnixMicros, decision_id: String) -> Event {
        let (key_id, user_id, database) = match self.key {
            Some(VerifiedKey { id, user, database }) => (Some(id), user, Some(database)),
            None => (None, None, None),
        };
        Event {
            kind: EventKind::Counted,
            count,
            key_id,
            user_id,
            database,
            outcome: Outcome::Denied,
            reason: Some(self.reason),
            ..Event::at(at, decision_id)
        }
    }
}

/// What was counted and not yet recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted(Vec<Sum>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    whose: Whose,
    count: u64,
    since: UnixMicros,
}

impl Counted {
    /// Counts one more. False if there is no room for another one whose refusals are counted.
    #[must_use]
    pub fn add(&mut self, whose: &Whose, now: UnixMicros) -> bool {
        let has_room = self.0.len() < MOST;
        match self.0.iter_mut().find(|sum| sum.whose == *whose) {
            Some(sum) => sum.count += 1,
            None if has_room => self.0.push(Sum { whose: whose.clone(), count: 1, since: now }),
            None => return false,
        }
        true
    }

    /// One whose refusals have been counted for a minute.
    pub fn due(&self, now: UnixMicros) -> Option<&Whose> {
        self.0.iter().find(|sum| minute_is_over(sum.since, now)).map(|sum| &sum.whose)
    }

    /// Takes the sum of one out: how many were counted, and since when.
    pub fn take(&mut self, whose: &Whose) -> Option<(u64, UnixMicros)> {
        let at = self.0.iter().position(|sum| sum.whose == *whose)?;
        let Sum { count, since, .. } = self.0.swap_remove(at);
        Some((count, since))
    }

    /// From what [`Counted::bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// For shared data.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMicros = 1_800_000_000_000_000;
    const MINUTE: UnixMicros = 60_000_000;

    fn of_key(id: &str, reason: Reason) -> Whose {
        let named = Event {
            key_id: Some(id.to_owned()),
            user_id: Some("user".to_owned()),
            database: Some("odoo".to_owned()),
            ..Event::at(NOW, String::new())
        };
        Whose::of(&named, reason)
    }

    #[test]
    fn each_key_and_reason_is_counted_by_itself_and_is_due_after_a_minute() {
        let (one, other) = (of_key("a", Reason::RateLimited), of_key("b", Reason::RateLimited));
        let mut counted = Counted::default();
        for _ in 0..1000 {
            assert!(counted.add(&one, NOW));
        }
        assert!(counted.add(&other, NOW + 1) && counted.add(&Whose::anybody(Reason::RateLimited), NOW + 2));
        let mut counted = Counted::parse(&counted.bytes());
        assert_eq!(counted.due(NOW + MINUTE - 1), None);
        assert_eq!(counted.due(NOW + MINUTE), Some(&one));
        let taken = (counted.take(&one), counted.take(&one), counted.take(&other));
        assert_eq!(taken, (Some((1000, NOW)), None, Some((1, NOW + 1))));
        assert_eq!(counted.due(NOW + MINUTE + 2), Some(&Whose::anybody(Reason::RateLimited)));
        // The clock was set back.
        assert!(counted.due(NOW - 1).is_some());
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut counted = Counted::default();
        for number in 0..MOST {
            assert!(counted.add(&of_key(&number.to_string(), Reason::IpDenied), NOW));
        }
        assert!(!counted.add(&of_key("one more", Reason::IpDenied), NOW));
        assert!(counted.add(&of_key("0", Reason::IpDenied), NOW));
    }

    #[test]
    fn the_record_names_a_key_only_if_it_was_verified() {
        let guessed = Event { key_id: Some("a".to_owned()), ..Event::at(NOW, String::new()) };
        assert_eq!(Whose::of(&guessed, Reason::InvalidKey), Whose::anybody(Reason::InvalidKey));
        let event = of_key("a", Reason::RateLimited).event(7, NOW, "d".to_owned());
        assert_eq!((event.count, event.key_id.as_deref(), event.database.as_deref()), (7, Some("a"), Some("odoo")));
        assert_eq!((event.kind, event.reason), (EventKind::Counted, Some(Reason::RateLimited)));
    }
}
