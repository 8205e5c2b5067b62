//! The profile that allows what a key was recorded to do and to try, and nothing else.
//!
//! Of each kind of call the narrowest grants are found by asking the core what it lacks, until it lacks nothing. All grants together
//! make the profile, and those without which every call passes are dropped. The core decides on each kind once more in the end:
//! a suggestion proves itself.

mod draft;
mod grant;
mod mark;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::call::Call;
use lictor_policy::effects::outline;
use lictor_policy::snapshot::BadSnapshot;
use lictor_policy::wire::DEFAULT_PROFILE;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::permission::Rules;
use crate::domain::suggest::search::{Alone, Needs};
use crate::domain::time::Moment;

pub use draft::{Draft, Missing, PROFILE};
pub use mark::{Attention, Mark};
pub use search::Closed;

/// Characters of the name of a profile.
const MAX_NAME: usize = 64;

/// Calls of one kind: with one key, of one method, with one outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The id of the key.
    pub key_id: String,
    /// The model.
    pub model: String,
    /// The method.
    pub method: String,
    /// The arguments without values, as JSON.
    pub outline: String,
    /// How many there were, and when.
    pub counts: Counts,
    /// The place in the audit log of the one that was recorded last.
    pub last_position: i64,
}

/// How many calls there were, what became of them, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// All.
    pub calls: u64,
    /// Refused ones among them.
    pub denied: u64,
    /// Those among them that Odoo answered with a fault.
    pub faulted: u64,
    /// Those among them that passed in shadow, and would have been refused.
    pub would_deny: u64,
    /// When the first one was.
    pub first_at: Moment,
    /// When the last one was.
    pub last_at: Moment,
}

impl Counts {
    /// Whether Odoo has done one of them.
    pub const fn has_done(&self) -> bool {
        self.calls > self.denied + self.faulted
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            denied: self.denied + other.denied,
            faulted: self.faulted + other.faulted,
            would_deny: self.would_deny + other.would_deny,
            first_at: self.first_at.min(other.first_at),
            last_at: self.last_at.max(other.last_at),
        }
    }
}

/// How far it came.
pub enum Round {
    /// First the fields of these models have to be known.
    Wants(BTreeSet<String>),
    /// A profile.
    Found(Suggestion),
}

/// A profile, and how the calls are decided with it.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// What it allows, by model.
    pub permissions: BTreeMap<String, Rules>,
    /// What to look at before it is applied.
    pub marks: Vec<Mark>,
    /// Of each kind of call, in their order: why it does not pass, if it does not.
    pub verdicts: Vec<Option<Closed>>,
}

/// Finds the profile for calls of these kinds.
///
/// # Errors
/// A draft that gates would refuse.
pub fn suggest(draft: &mut Draft, kinds: &[Kind]) -> Result<Round, BadSnapshot> {
    let calls: Vec<_> = kinds.iter().map(|kind| outline::call(&kind.model, &kind.method, &kind.outline)).collect();
    let (mut wants, mut found) = (BTreeSet::new(), Vec::new());
    for (call, kind) in calls.iter().zip(kinds) {
        found.push(match call {
            Some(call) => search::alone(draft, call, kind.counts.has_done())?,
            None => Alone::Closed(unreadable()),
        });
        if let Some(Alone::Wants(models)) = found.last() {
            wants.extend(models.iter().cloned());
        }
    }
    if !wants.is_empty() {
        return Ok(Round::Wants(wants));
    }
    let open: Vec<(&Call<'_>, &Needs)> = calls.iter().zip(&found).filter_map(open).collect();
    let all = search::together(draft, &open)?;
    draft.put(&all)?;
    let mut passing = Vec::new();
    for (call, needs) in open {
        if search::passes(draft, call)? {
            passing.push((call, needs));
        }
    }
    let grants = search::least(draft, all, &passing)?;
    let marks = mark::marks(draft, &grants, &passing)?;
    draft.put(&grants)?;
    let mut verdicts = Vec::new();
    for (call, alone) in calls.iter().zip(found) {
        verdicts.push(match (call, alone) {
            (_, Alone::Closed(closed)) => Some(closed),
            (Some(call), _) => search::verdict(draft, call)?,
            (None, _) => Some(unreadable()),
        });
    }
    let permissions = draft::of_profile(&grants).into_iter();
    let permissions = permissions.map(|permission| (permission.model.clone(), Rules::from(permission))).collect();
    Ok(Round::Found(Suggestion { permissions, marks, verdicts }))
}

fn open<'c>((call, alone): (&'c Option<Call<'c>>, &'c Alone)) -> Option<(&'c Call<'c>, &'c Needs)> {
    if let Alone::Open(needs) = alone { Some((call.as_ref()?, needs)) } else { None }
}

fn unreadable() -> Closed {
    let detail = "The outline in the audit record is not that of a call.".to_owned();
    Closed { reason: None, lacks: Vec::new(), detail }
}

/// The name of a profile for a key with this name.
pub fn profile_name(key: &str) -> String {
    let is_of_name = |character: char| matches!(character, 'a'..='z' | '0'..='9');
    let lower = key.to_lowercase();
    let words: Vec<_> = lower.split(|character| !is_of_name(character)).filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-");
    name.truncate(MAX_NAME);
    let name = name.trim_end_matches('-');
    if name.is_empty() || name == DEFAULT_PROFILE { PROFILE.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::validate;

    #[test]
    fn a_profile_is_named_after_the_key() {
        let long = "ab ".repeat(40);
        for (key, name) in [
            ("sales agent", "sales-agent"),
            ("  Büro/2 ", "b-ro-2"),
            ("default", "suggested"),
            ("→", "suggested"),
            (long.as_str(), "ab-".repeat(22)[..64].trim_end_matches('-')),
        ] {
            assert_eq!(profile_name(key), name);
            assert!(validate::profile("name", &profile_name(key)).is_ok(), "{key}");
        }
    }
}
