//! The distinct sets of Odoo groups that users have, and their numbers.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most sets that are asked for: each costs Odoo a call a model.
pub const MAX_SETS: usize = 20;

/// A set of Odoo groups, in a database: what a field is called depends on both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct GroupSet {
    /// The Odoo database.
    pub database: String,
    /// XML ids of the groups, sorted.
    pub groups: Vec<String>,
}

impl GroupSet {
    /// The set of a user; none while its groups are not known. Every user of Odoo has some.
    pub fn of(database: &str, groups: &[String]) -> Option<Self> {
        let groups: BTreeSet<&String> = groups.iter().collect();
        let known = !groups.is_empty();
        known.then(|| Self { database: database.to_owned(), groups: groups.into_iter().cloned().collect() })
    }
}

/// A set with the number by which snapshots name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GroupSet")]
pub struct Numbered {
    /// Its number.
    pub number: u32,
    /// It.
    #[serde(flatten)]
    pub set: GroupSet,
}

/// The number of the set of a user; none while its groups are not known, or have none.
pub fn number(sets: &[Numbered], database: &str, groups: &[String]) -> Option<u32> {
    let set = GroupSet::of(database, groups)?;
    sets.iter().find(|known| known.set == set).map(|known| known.number)
}

/// The numbers of these sets. Those that had one keep it; a new one gets none that another has or just had.
pub fn numbered(sets: &BTreeSet<GroupSet>, last: &[Numbered]) -> Vec<Numbered> {
    let mut free = (0..).filter(|number| last.iter().all(|known| known.number != *number));
    let number = |set: &GroupSet| {
        let known = last.iter().find(|known| known.set == *set).map(|known| known.number);
        Some(Numbered { number: known.or_else(|| free.next())?, set: set.clone() })
    };
    sets.iter().filter_map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(groups: &[&str]) -> GroupSet {
        let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
        GroupSet::of("odoo", &groups).unwrap()
    }

    #[test]
    fn a_set_is_its_database_and_its_groups_in_whatever_order() {
        assert_eq!(set(&["b", "a", "b"]), set(&["a", "b"]));
        assert_ne!(GroupSet::of("other", &["a".to_owned()]), Some(set(&["a"])));
        assert_eq!(GroupSet::of("odoo", &[]), None);
    }

    #[test]
    fn a_set_keeps_its_number_and_no_number_goes_to_another_at_once() {
        let numbers =
            |sets: &[&[&str]], last: &[Numbered]| numbered(&sets.iter().map(|groups| set(groups)).collect(), last);
        let first = numbers(&[&["a"], &["b"]], &[]);
        assert_eq!(first.iter().map(|set| set.number).collect::<Vec<_>>(), [0, 1]);
        let second = numbers(&[&["a", "c"], &["b"]], &first);
        assert_eq!(second.iter().map(|set| set.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(numbers(&[&["d"]], &second)[0].number, 0);
    }
}
