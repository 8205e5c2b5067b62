//! The models that the schema is to have: those that permissions name, and those that their rules lead to.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::odoo::tables::is_reference_data;
use lictor_policy::wire::Permission;

use crate::domain::schema::{Fields, MAX_MODELS};

/// The models that are to be read, most wanted first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Their names.
    pub models: Vec<String>,
    /// The first so many are those that permissions lead to; the others are for calls that were refused.
    pub needed: usize,
    names: BTreeSet<String>,
}

/// The models that permissions lead to by what is known so far: their own; those of their nested writes and on their paths; reference
/// data that relations of all these lead to, and those of reference data. Then the same of `called`, which stand for calls that
/// were refused, as far as there is room. Where a relation of a model that is not known yet leads, shows when it is: ask again then.
pub fn wanted(permissions: &[Permission], called: &[Permission], known: &BTreeMap<String, Fields>) -> Wanted {
    let mut wanted = Wanted::default();
    wanted.follow(permissions, known);
    wanted.needed = wanted.models.len();
    wanted.follow(called, known);
    wanted.models.truncate(wanted.needed.max(MAX_MODELS));
    wanted
}

impl Wanted {
    fn add(&mut self, model: &str) {
        if self.names.insert(model.to_owned()) {
            self.models.push(model.to_owned());
        }
    }

    fn follow(&mut self, permissions: &[Permission], known: &BTreeMap<String, Fields>) {
        let mut at = self.models.len();
        for permission in permissions {
            self.add(&permission.model);
        }
        for permission in permissions {
            let paths = permission.paths.iter().map(|path| path.split('.').collect::<Vec<_>>());
            // The last field of a path is read, not followed.
            let ways = paths.map(|mut path| {
                path.pop();
                path
            });
            let nested = permission.nested_writes.iter().map(|field| vec![field.as_str()]);
            for way in ways.chain(nested) {
                let mut model = permission.model.as_str();
                for field in way {
                    let Some(next) = known.get(model).and_then(|fields| fields.get(field)?.relation.as_deref()) else {
                        break;
                    };
                    self.add(next);
                    model = next;
                }
            }
        }
        while let Some(model) = self.models.get(at) {
            let fields = known.get(model).into_iter().flat_map(BTreeMap::values);
            let next: Vec<_> =
                fields.filter_map(|field| field.relation.as_deref()).filter(|to| is_reference_data(to)).collect();
            next.into_iter().for_each(|model| self.add(model));
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use lictor_policy::wire::Field;

    use super::*;

    fn known(models: &[(&str, &[(&str, &str)])]) -> BTreeMap<String, Fields> {
        let field = |(name, relation): &(&str, &str)| {
            let relation = Some((*relation).to_owned()).filter(|relation| !relation.is_empty());
            ((*name).to_owned(), Field { name: (*name).to_owned(), relation, ..Field::default() })
        };
        models.iter().map(|(model, fields)| ((*model).to_owned(), fields.iter().map(field).collect())).collect()
    }

    fn permission(model: &str, paths: &[&str], nested_writes: &[&str]) -> Permission {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Permission {
            model: model.to_owned(),
            paths: owned(paths),
            nested_writes: owned(nested_writes),
            ..Permission::default()
        }
    }

    fn models_of(permissions: &[Permission], known: &BTreeMap<String, Fields>) -> Vec<String> {
        let found = wanted(permissions, &[], known);
        assert_eq!(found.needed, found.models.len());
        found.models
    }

    #[test]
    fn what_refused_calls_name_comes_last_and_takes_no_room_from_others() {
        let order: &[_] = &[("order_line", "purchase.order.line"), ("currency_id", "res.currency")];
        let known = known(&[("purchase.order", order)]);
        let called = [permission("purchase.order", &["order_line.id"], &[])];
        let found = wanted(&[permission("res.partner", &[], &[])], &called, &known);
        assert_eq!(found.models, ["res.partner", "purchase.order", "purchase.order.line", "res.currency"]);
        assert_eq!(found.needed, 1);
        let many: Vec<_> = (0..MAX_MODELS).map(|number| permission(&format!("x.{number}"), &[], &[])).collect();
        for (permissions, room) in [(&many[1..], 1), (&many[..], 0)] {
            let found = wanted(permissions, &called, &known);
            assert_eq!(found.models.len(), permissions.len() + room);
        }
        assert_eq!(wanted(&called, &called, &known).needed, 3);
    }

    #[test]
    fn a_model_is_wanted_if_a_permission_names_it_or_leads_to_it() {
        let permissions = [
            permission("sale.order", &["partner_id.user_id.login", "user_id.name", "gone.name"], &["order_line"]),
            permission("x_own", &[], &[]),
        ];
        assert_eq!(models_of(&permissions, &BTreeMap::new()), ["sale.order", "x_own"]);
        let order: &[_] = &[
            ("partner_id", "res.partner"),
            ("user_id", "res.users"),
            ("order_line", "sale.order.line"),
            ("team_id", "crm.team"),
            ("note", ""),
        ];
        let mut models = vec![("sale.order", order)];
        assert_eq!(
            models_of(&permissions, &known(&models)),
            ["sale.order", "x_own", "res.partner", "res.users", "sale.order.line"]
        );
        // The second round.
        models.push((
            "res.partner",
            &[("user_id", "res.users"), ("country_id", "res.country"), ("bank_ids", "res.partner.bank")],
        ));
        models.push(("x_own", &[("currency_id", "res.currency")]));
        let second = models_of(&permissions, &known(&models));
        assert_eq!(second[5..], ["res.currency", "res.country"]);
        // Reference data leads on to reference data only.
        models.push((
            "res.country",
            &[("currency_id", "res.currency"), ("state_ids", "res.country.state"), ("view_id", "ir.ui.view")],
        ));
        assert_eq!(models_of(&permissions, &known(&models))[7..], ["res.country.state"]);
    }
}
