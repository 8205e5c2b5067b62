//! The schema of the guarded Odoo: of what `fields_get` answers users of different groups, the models that gates decide by.
//!
//! Nothing is known of a model that no answer told of, and then nearly all of it is closed: so whatever two answers say
//! differently, and whatever does not fit the bounds, is left out.

pub mod answer;
pub mod called;
pub mod changes;
pub mod delegations;
mod fields;
pub mod sets;
pub mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::wire;

/// The most models that are read: the permissions of the templates for clients reach 150 in an Odoo with everything installed.
pub const MAX_MODELS: usize = 400;
/// The most fields that a model may have.
pub const MAX_FIELDS: usize = 5_000;
/// Bytes that all models may have in a snapshot, so that a policy always has room for its keys.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Fields by their names.
pub type Fields = BTreeMap<String, wire::Field>;

/// The part of a model that Odoo shows to one set of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The fields that it shows.
    pub fields: Fields,
    /// The references among them that a record cannot be without.
    pub required: BTreeSet<String>,
    /// The relations among them whose models the users may not read at all.
    pub dead_ends: BTreeSet<String>,
}

/// A model as gates get it: of what the sets of groups were just shown, by their numbers, and of what was known before of the sets
/// in `kept`, whose users could not be asked.
pub fn model(
    fresh: &BTreeMap<u32, Seen>,
    last: Option<&wire::Model>,
    kept: &BTreeSet<u32>,
    delegations: Vec<wire::Delegation>,
) -> wire::Model {
    let mut seen: BTreeMap<u32, Seen> = last.map(shown).unwrap_or_default();
    seen.retain(|set, _| kept.contains(set) && !fresh.contains_key(set));
    let mut fields = merged(fresh.values());
    for (name, field) in seen.values().flat_map(|seen| &seen.fields) {
        // What a fresh answer says counts, also if it is that another one contradicts it.
        if fresh.values().all(|seen| !seen.fields.contains_key(name)) {
            fields.insert(name.clone(), field.clone());
        }
    }
    seen.extend(fresh.iter().map(|(set, seen)| (*set, seen.clone())));
    let views = seen.iter().map(|(set, seen)| {
        let has_dead_ends = seen.dead_ends.iter().any(|name| fields.contains_key(name));
        let dead_ends = fields.keys().filter(|_| has_dead_ends).map(|name| seen.dead_ends.contains(name));
        let sees = fields.keys().map(|name| seen.fields.contains_key(name));
        wire::View { set: *set, sees: sees.collect(), dead_ends: dead_ends.collect() }
    });
    wire::Model { views: views.collect(), fields: fields.into_values().collect(), delegations }
}

/// What a model shows to each set of groups, by their numbers.
pub fn shown(model: &wire::Model) -> BTreeMap<u32, Seen> {
    let seen = |view: &wire::View| {
        let those = |bits: &wire::Bitmap| {
            let fields = model.fields.iter().enumerate();
            fields.filter(|(at, _)| bits.has(*at)).map(|(_, field)| field).cloned().collect::<Vec<_>>()
        };
        let fields = those(&view.sees).into_iter().map(|field| (field.name.clone(), field)).collect();
        let dead_ends = those(&view.dead_ends).into_iter().map(|field| field.name).collect();
        (view.set, Seen { fields, required: BTreeSet::new(), dead_ends })
    };
    model.views.iter().map(seen).collect()
}

/// The fields that any of the sets was shown. One that is not the same field to two of them, as their databases differ, is none
/// that a gate may decide by.
pub fn merged<'s>(seen: impl IntoIterator<Item = &'s Seen>) -> Fields {
    let mut fields: BTreeMap<String, Option<wire::Field>> = BTreeMap::new();
    for (name, field) in seen.into_iter().flat_map(|seen| &seen.fields) {
        match fields.get_mut(name) {
            Some(known) => *known = known.take().and_then(|known| fields::stricter(known, field)),
            None => drop(fields.insert(name.clone(), Some(field.clone()))),
        }
    }
    fields.into_iter().filter_map(|(name, field)| Some((name, field?))).collect()
}

#[cfg(test)]
mod tests {
    use lictor_policy::wire::{FieldType, View};

    use super::*;

    fn seen(names: &[&str], dead_ends: &[&str]) -> Seen {
        let field =
            |name: &&str| ((*name).to_owned(), wire::Field { name: (*name).to_owned(), ..wire::Field::default() });
        let dead_ends = dead_ends.iter().map(|name| (*name).to_owned()).collect();
        Seen { fields: names.iter().map(field).collect(), dead_ends, ..Seen::default() }
    }

    fn names(model: &wire::Model) -> Vec<&str> {
        model.fields.iter().map(|field| field.name.as_str()).collect()
    }

    fn view(set: u32, sees: &str, dead_ends: &str) -> View {
        let bits = |digits: &str| digits.to_owned().try_into().unwrap();
        View { set, sees: bits(sees), dead_ends: bits(dead_ends) }
    }

    #[test]
    fn each_set_of_groups_has_its_own_view_of_the_fields_of_all() {
        let fresh =
            BTreeMap::from([(0, seen(&["id", "name", "pin"], &[])), (3, seen(&["id", "job_id", "name"], &["job_id"]))]);
        let model = model(&fresh, None, &BTreeSet::new(), Vec::new());
        assert_eq!(names(&model), ["id", "job_id", "name", "pin"]);
        assert_eq!(model.views, [view(0, "0d", ""), view(3, "07", "02")]);
        assert_eq!(shown(&model), fresh);
    }

    #[test]
    fn a_set_that_could_not_be_asked_sees_as_before_and_one_that_is_gone_sees_nothing() {
        let before =
            BTreeMap::from([(0, seen(&["a", "old"], &["old"])), (1, seen(&["a"], &[])), (2, seen(&["a", "b"], &[]))]);
        let before = model(&before, None, &BTreeSet::new(), Vec::new());
        let fresh = BTreeMap::from([(1, seen(&["a", "new"], &[]))]);
        let model = model(&fresh, Some(&before), &BTreeSet::from([0, 1]), Vec::new());
        assert_eq!(names(&model), ["a", "new", "old"]);
        assert_eq!(model.views, [view(0, "05", "04"), view(1, "03", "")]);
    }

    #[test]
    fn a_field_that_two_databases_have_differently_is_left_out() {
        let with = |kind| {
            let field = wire::Field { kind, ..seen(&["ref"], &[]).fields["ref"].clone() };
            Seen { fields: Fields::from([("ref".to_owned(), field)]), ..Seen::default() }
        };
        let fresh =
            BTreeMap::from([(0, with(FieldType::Plain)), (1, with(FieldType::Html)), (2, with(FieldType::Plain))]);
        let known = model(&fresh, None, &BTreeSet::new(), Vec::new());
        assert_eq!(names(&known), [""; 0]);
        let last = model(&BTreeMap::from([(4, with(FieldType::Plain))]), None, &BTreeSet::new(), Vec::new());
        assert_eq!(names(&model(&fresh, Some(&last), &BTreeSet::from([4]), Vec::new())), [""; 0]);
    }
}
