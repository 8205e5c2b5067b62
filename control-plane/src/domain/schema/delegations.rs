//! The references whose fields a model has as its own (`_inherits`), which Odoo does not tell over its API.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::odoo::tables;
use lictor_policy::wire::{Delegation, FieldType};

use crate::domain::schema::Fields;

/// So many fields at least take their values through a delegation: a single one is a copy.
const MIN_RELATED: usize = 3;

/// The delegations of a model that the tables know.
pub fn of_table(model: &str) -> Option<Vec<Delegation>> {
    let rows = tables::delegations(model);
    let delegation = |row: &(&str, &str, &str)| Delegation { field: row.1.to_owned(), model: row.2.to_owned() };
    (!rows.is_empty() || tables::names(model).is_some()).then(|| rows.iter().map(delegation).collect())
}

/// The references of a model that may be delegations: what tells is whether a field of their models is missing.
pub fn candidates(fields: &Fields, required: &BTreeSet<String>) -> Vec<Delegation> {
    let is_candidate = |field: &&lictor_policy::wire::Field| {
        let through = format!("{}.", field.name);
        let related =
            fields.values().filter(|other| other.related.as_ref().is_some_and(|path| path.starts_with(&through)));
        field.kind == FieldType::Many2one && required.contains(&field.name) && related.count() >= MIN_RELATED
    };
    let delegation = |field: &lictor_policy::wire::Field| {
        Some(Delegation { field: field.name.clone(), model: field.relation.clone()? })
    };
    fields.values().filter(is_candidate).filter_map(delegation).collect()
}

/// Those of the candidates that are delegations. A field that both models hide from the users that were asked is missing in
/// neither: so what these do not see does not speak against one.
pub fn confirmed(candidates: Vec<Delegation>, fields: &Fields, known: &BTreeMap<String, Fields>) -> Vec<Delegation> {
    let has_all = |candidate: &Delegation| {
        known.get(&candidate.model).is_some_and(|other| other.keys().all(|name| fields.contains_key(name)))
    };
    candidates.into_iter().filter(has_all).collect()
}

#[cfg(test)]
mod tests {
    use lictor_policy::wire::Field;

    use super::*;

    fn fields(fields: &[(&str, &str)]) -> Fields {
        let field = |(name, path): &(&str, &str)| {
            let mut field = Field { name: (*name).to_owned(), ..Field::default() };
            match path.split_once('.') {
                Some(_) if path.starts_with("to ") => {
                    (field.kind, field.relation) = (FieldType::Many2one, Some(path["to ".len()..].to_owned()));
                }
                Some(_) => field.related = Some((*path).to_owned()),
                None => {}
            }
            (field.name.clone(), field)
        };
        fields.iter().map(field).collect()
    }

    fn found(model: &Fields, required: &[&str], other: &Fields) -> Vec<Delegation> {
        let required = required.iter().map(|name| (*name).to_owned()).collect();
        let known = BTreeMap::from([("x.base".to_owned(), other.clone())]);
        confirmed(candidates(model, &required), model, &known)
    }

    #[test]
    fn a_required_reference_delegates_if_no_field_of_its_model_is_missing_and_three_are_related_through_it() {
        let base = fields(&[("id", ""), ("name", ""), ("street", ""), ("city", "")]);
        let own = [("id", ""), ("base_id", "to x.base"), ("name", "base_id.name"), ("street", "base_id.street")];
        let with = |more: &[(&'static str, &'static str)]| fields(&[own.as_slice(), more].concat());
        let whole = with(&[("city", "base_id.city")]);
        assert_eq!(
            found(&whole, &["base_id"], &base),
            [Delegation { field: "base_id".to_owned(), model: "x.base".to_owned() }]
        );
        assert_eq!(found(&whole, &[], &base), [], "a record can do without it");
        assert_eq!(found(&with(&[("city", "")]), &["base_id"], &base), [], "two are related");
        assert_eq!(found(&with(&[("town", "base_id.city")]), &["base_id"], &base), [], "city is missing");
        assert_eq!(found(&whole, &["base_id"], &Fields::new()).len(), 1, "nothing that is shown is missing");
        assert_eq!(
            confirmed(candidates(&whole, &BTreeSet::from(["base_id".to_owned()])), &whole, &BTreeMap::new()),
            []
        );
    }

    #[test]
    fn a_model_of_the_tables_has_the_delegations_of_the_tables() {
        let delegations = |model| of_table(model).map(|all| all.into_iter().map(|one| one.field).collect::<Vec<_>>());
        assert_eq!(delegations("res.users"), Some(vec!["partner_id".to_owned()]));
        assert_eq!(delegations("res.partner"), Some(vec![]));
        assert_eq!(delegations("x_custom"), None);
    }
}
