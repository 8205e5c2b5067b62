//! The difference between two states of a model, in words.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::wire::{Field, Model};

use crate::domain::schema::{Fields, shown};

/// Names that are told one by one; the others are counted.
const TOLD: usize = 20;

/// Says what has changed, by names; none if nothing has.
pub fn change(before: Option<&Model>, after: Option<&Model>) -> Option<String> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(model)) => return Some(format!("new, with {} fields", model.fields.len())),
        (Some(_), None) => return Some("gone".to_owned()),
        (Some(before), Some(after)) => (before, after),
    };
    if before == after {
        return None;
    }
    let (old, new) = (by_name(before), by_name(after));
    let missing = |from: &Fields, of: &Fields| names(of.keys().filter(|name| !from.contains_key(*name)));
    let parts = [
        ("new fields", missing(&old, &new)),
        ("fields that are gone", missing(&new, &old)),
        (
            "changed fields",
            names(
                new.iter()
                    .filter(|(name, field)| old.get(*name).is_some_and(|old| old != *field))
                    .map(|(name, _)| name),
            ),
        ),
        ("fields that other groups see now", names(shown_otherwise(before, after).iter())),
        ("delegations", if before.delegations == after.delegations { None } else { Some("others".to_owned()) }),
    ];
    let told: Vec<_> = parts.into_iter().filter_map(|(what, names)| Some(format!("{what}: {}", names?))).collect();
    Some(if told.is_empty() { "read for other sets of groups".to_owned() } else { told.join("; ") })
}

fn by_name(model: &Model) -> Fields {
    model.fields.iter().map(|field: &Field| (field.name.clone(), field.clone())).collect()
}

/// Fields of both states that a set of groups sees, or may follow, in one of them only.
fn shown_otherwise(before: &Model, after: &Model) -> BTreeSet<String> {
    let (old, new) = (shown(before), shown(after));
    let names = |model: &Model| model.fields.iter().map(|field| field.name.clone()).collect::<BTreeSet<_>>();
    let both: BTreeSet<_> = names(before).intersection(&names(after)).cloned().collect();
    let mut otherwise = BTreeSet::new();
    for (set, new) in &new {
        let Some(old) = old.get(set) else { continue };
        let differs = |name: &&String| {
            old.fields.contains_key(*name) != new.fields.contains_key(*name)
                || old.dead_ends.contains(*name) != new.dead_ends.contains(*name)
        };
        otherwise.extend(both.iter().filter(differs).cloned());
    }
    otherwise
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> Option<String> {
    let names: Vec<_> = names.map(String::as_str).collect();
    let told = names.get(..TOLD).unwrap_or(&names).join(", ");
    match names.len() {
        0 => None,
        many if many > TOLD => Some(format!("{told} and {} more", many - TOLD)),
        _ => Some(told),
    }
}

/// Says what has changed of all models, by their names.
pub fn all<'m>(
    before: &'m BTreeMap<String, Model>,
    after: &'m BTreeMap<String, Model>,
) -> impl Iterator<Item = (&'m String, String)> {
    let models: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    models.into_iter().filter_map(|name| Some((name, change(before.get(name), after.get(name))?)))
}

#[cfg(test)]
mod tests {
    use lictor_policy::wire::View;

    use super::*;

    fn model(names: &[&str], sees: &str, dead_ends: &str) -> Model {
        let field = |name: &&str| Field { name: (*name).to_owned(), ..Field::default() };
        let bits = |digits: &str| digits.to_owned().try_into().unwrap();
        let view = View { set: 0, sees: bits(sees), dead_ends: bits(dead_ends) };
        Model { fields: names.iter().map(field).collect(), views: vec![view], ..Model::default() }
    }

    #[test]
    fn a_change_is_told_by_names() {
        let old = model(&["a", "b", "c"], "07", "");
        assert_eq!(change(None, None), None);
        assert_eq!(change(Some(&old), Some(&old)), None);
        assert_eq!(change(None, Some(&old)).unwrap(), "new, with 3 fields");
        assert_eq!(change(Some(&old), None).unwrap(), "gone");
        let told = |new: &Model| change(Some(&old), Some(new)).unwrap();
        assert_eq!(told(&model(&["a", "c", "d", "e"], "0f", "")), "new fields: d, e; fields that are gone: b");
        assert_eq!(told(&model(&["a", "b", "c"], "05", "01")), "fields that other groups see now: a, b");
        let mut new = old.clone();
        new.fields[2].readonly = true;
        assert_eq!(told(&new), "changed fields: c");
        let mut new = old.clone();
        new.views[0].set = 1;
        assert_eq!(told(&new), "read for other sets of groups");
    }

    #[test]
    fn more_names_than_anybody_reads_are_counted() {
        let many: Vec<_> = (100..100 + TOLD + 5).map(|number| format!("x{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let told = change(Some(&model(&[], "", "")), Some(&model(&many, "ffffffff", ""))).unwrap();
        assert!(told.starts_with("new fields: x100, x101") && told.ends_with("x119 and 5 more"), "{told}");
    }
}
