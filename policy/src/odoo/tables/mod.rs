//! What Odoo does not tell over its API: closed models, credentials, inverses, what it evaluates, and more of that kind.
//!
//! Each table is a file that a program writes (`tests/odoo-tables/`), sorted; here is how they are asked. A table of Odoo 19 and
//! one of another version are one table: rows of models that an Odoo does not have are never asked for.

mod closed;
mod closed_fields;
mod context;
mod credentials;
mod delegations;
mod evaluated;
mod grants;
mod html;
mod inverses;
mod methods;
mod names;
mod names_that_tell;
mod reference_data;
mod released;
pub mod rows;
mod states;

use std::cmp::Ordering;

/// To which operations something is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closed {
    /// To all.
    Altogether,
    /// To all but reads.
    Writing,
}

/// When Odoo stores HTML as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Html {
    /// When a user of `base.group_sanitize_override` writes it.
    ByGroup,
    /// Always.
    Never,
}

/// A key of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKey<'k> {
    /// Open in every call.
    Open,
    /// Of web clients: left out of what is forwarded.
    LeftOut,
    /// `default_*`: a value for the field in each record that the call creates.
    Default(&'k str),
    /// Read in Odoo's code, which does something by it.
    Read,
    /// None that an Odoo with all its modules reads.
    Unknown,
}

/// The row for which `key` is equal, in rows that are sorted by it.
fn find<R>(rows: &[R], key: impl Fn(&R) -> Ordering) -> Option<&R> {
    rows.get(rows.binary_search_by(key).ok()?)
}

fn has(rows: &[&str], name: &str) -> bool {
    rows.binary_search(&name).is_ok()
}

fn has_field(rows: &[(&str, &str)], model: &str, field: &str) -> bool {
    rows.binary_search(&(model, field)).is_ok()
}

/// What stands beside a field.
fn beside<V: Copy>(rows: &[(&str, &str, V)], model: &str, field: &str) -> Option<V> {
    find(rows, |row| (row.0, row.1).cmp(&(model, field))).map(|row| row.2)
}

/// Whether the model is closed.
pub fn closed(model: &str) -> Option<Closed> {
    if has(closed::ALTOGETHER, model) {
        return Some(Closed::Altogether);
    }
    has(closed::WRITING, model).then_some(Closed::Writing)
}

/// The models that are closed in this way, sorted.
pub fn closed_models(how: Closed) -> &'static [&'static str] {
    match how {
        Closed::Altogether => closed::ALTOGETHER,
        Closed::Writing => closed::WRITING,
    }
}

/// Whether the model is closed to reads too.
pub fn is_closed_to_reads(model: &str) -> bool {
    closed(model) == Some(Closed::Altogether)
}

/// Whether a reference may lead into the model: into closed ones none may, but for those that any record points to.
pub fn takes_references(model: &str) -> bool {
    takes_links(model) || model == "ir.model"
}

/// Whether records of the model may be linked to a field that holds many.
pub fn takes_links(model: &str) -> bool {
    closed(model).is_none() || model == "res.users"
}

/// Whether a field of a model that is not closed leads to one that is.
pub fn closed_field(model: &str, field: &str) -> Option<Closed> {
    beside(closed_fields::ROWS, model, field)
}

/// The model's references whose fields it has as its own: the model, the field, the other model.
pub fn delegations(model: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    let rows = delegations::ROWS;
    let from = rows.partition_point(|row| row.0 < model);
    let to = rows.partition_point(|row| row.0 <= model);
    rows.get(from..to).unwrap_or_default()
}

/// Whether the field's value opens something by itself.
pub fn is_credential(model: &str, field: &str) -> bool {
    has_field(credentials::ROWS, model, field)
}

/// Whether Odoo writes the field's value somewhere else too, and the reference that leads there; empty if it is not one.
pub fn inverse(model: &str, field: &str) -> Option<&'static str> {
    beside(inverses::ROWS, model, field).or_else(|| beside(inverses::ROWS, "*", field))
}

/// Whether somebody gets rights in Odoo with the field.
pub fn is_grant(model: &str, field: &str) -> bool {
    has_field(grants::ROWS, model, field)
}

/// Whether a method of Odoo ought to change the field.
pub fn is_state(model: &str, field: &str) -> bool {
    let listed = has_field(states::ROWS, model, field) || has_field(states::ROWS, "*", field);
    listed && !has_field(states::FREE, model, field)
}

/// Whether a name of a record of the model tells what only some may know.
pub fn is_telling(model: &str) -> bool {
    has(names_that_tell::ROWS, model)
}

/// Whether records of the model may be read on a path without a permission of their own.
pub fn is_reference_data(model: &str) -> bool {
    has(reference_data::ROWS, model)
}

/// Whether, and when, Odoo stores the field's HTML as it comes.
pub fn html(model: &str, field: &str) -> Option<Html> {
    beside(html::ROWS, model, field)
}

/// Whether Odoo evaluates the field's text.
pub fn is_evaluated(model: &str, field: &str) -> bool {
    has_field(evaluated::ROWS, model, field)
}

/// The fields that a search by name looks into; `None` for models that Odoo does not bring, and for wizards.
pub fn names(model: &str) -> Option<&'static [&'static str]> {
    if has(names::PLAIN, model) {
        return Some(&["name"]);
    }
    find(names::ROWS, |row| row.0.cmp(model)).map(|row| row.1)
}

/// The models that an Odoo brings, but for wizards.
pub fn models() -> impl Iterator<Item = &'static str> {
    names::PLAIN.iter().copied().chain(names::ROWS.iter().map(|row| row.0))
}

/// Whether it is a model that an Odoo brings, whichever modules one has.
pub fn is_brought(model: &str) -> bool {
    closed(model).is_some() || find(methods::ROWS, |row| row.0.cmp(model)).is_some()
}

/// The public methods of a model; `None` for models that Odoo does not bring. Other modules may add some.
pub fn methods(model: &str) -> Option<impl Iterator<Item = &'static str>> {
    let of = |model: &str| find(methods::ROWS, |row| row.0.cmp(model));
    let (_, mixins, own) = of(model)?;
    let of_mixins = mixins.iter().filter_map(move |mixin| of(mixin)).flat_map(|row| row.2);
    Some(own.iter().chain(of_mixins).chain(methods::OF_ALL).copied())
}

/// The public methods of all models that Odoo brings; those that several have come several times.
pub fn all_methods() -> impl Iterator<Item = &'static str> {
    methods::ROWS.iter().flat_map(|row| row.2).chain(methods::OF_ALL).copied()
}

/// Whether a record that is taken out of an x2many field is written, and not deleted: `model` and `reference` are the field's
/// `relation` and `relation_field`.
pub fn is_released(model: &str, reference: &str) -> bool {
    has_field(released::ROWS, model, reference)
}

/// What the key of a context is. `uid` is none of these: whose it is decides.
pub fn context_key(key: &str) -> ContextKey<'_> {
    if has(context::OPEN, key) || context::OPEN_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
        ContextKey::Open
    } else if has(context::LEFT_OUT, key)
        || context::LEFT_OUT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        || context::LEFT_OUT_SUFFIXES.iter().any(|suffix| key.ends_with(suffix))
    {
        ContextKey::LeftOut
    } else if let Some(field) = key.strip_prefix("default_") {
        ContextKey::Default(field)
    } else if has(context::READ, key) {
        ContextKey::Read
    } else {
        ContextKey::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_sorted<K: Ord + std::fmt::Debug>(keys: impl IntoIterator<Item = K>) {
        let keys: Vec<K> = keys.into_iter().collect();
        assert!(!keys.is_empty());
        for pair in keys.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
    }

    #[test]
    fn every_table_is_sorted_and_has_no_row_twice() {
        for names in [
            closed::ALTOGETHER,
            closed::WRITING,
            context::LEFT_OUT,
            context::OPEN,
            context::READ,
            names::PLAIN,
            names_that_tell::ROWS,
            reference_data::ROWS,
        ] {
            is_sorted(names);
        }
        for fields in [credentials::ROWS, evaluated::ROWS, grants::ROWS, released::ROWS, states::FREE, states::ROWS] {
            is_sorted(fields);
        }
        for triples in [delegations::ROWS, inverses::ROWS] {
            is_sorted(triples.iter().map(|row| (row.0, row.1)));
        }
        is_sorted(closed_fields::ROWS.iter().map(|row| (row.0, row.1)));
        is_sorted(html::ROWS.iter().map(|row| (row.0, row.1)));
        is_sorted(names::ROWS.iter().map(|row| row.0));
        is_sorted(methods::ROWS.iter().map(|row| row.0));
        is_sorted(methods::OF_ALL);
        for (model, mixins, own) in methods::ROWS {
            assert!(mixins.iter().all(|mixin| is_brought(mixin)), "{model}");
            assert!(own.is_sorted(), "{model}");
        }
    }

    #[test]
    fn tables_do_not_contradict_each_other() {
        for model in closed::WRITING {
            assert!(!has(closed::ALTOGETHER, model), "{model}");
        }
        for (model, ..) in closed_fields::ROWS {
            assert_eq!(closed(model), None, "{model} is closed itself");
        }
        for (model, _) in names::ROWS {
            assert!(!has(names::PLAIN, model), "{model}");
        }
        for key in context::READ {
            assert_eq!(context_key(key), ContextKey::Read, "{key}");
        }
        for model in reference_data::ROWS {
            assert_ne!(closed(model), Some(Closed::Altogether), "{model}");
        }
    }

    #[test]
    fn models_are_found() {
        assert_eq!(closed("ir.cron"), Some(Closed::Altogether));
        assert_eq!(closed("res.users"), Some(Closed::Writing));
        assert_eq!(closed("res.partner"), None);
        assert_eq!(closed("oauth.client"), Some(Closed::Altogether));
        assert!(is_telling("hr.leave") && !is_telling("res.country"));
        assert!(is_reference_data("res.country") && !is_reference_data("res.partner"));
        assert_eq!(delegations("hr.employee"), [("hr.employee", "version_id", "hr.version")]);
        assert_eq!(delegations("product.product"), [("product.product", "product_tmpl_id", "product.template")]);
        assert!(delegations("res.partner").is_empty());
        assert_eq!(names("res.country"), Some(["code", "name"].as_slice()));
        assert_eq!(names("crm.stage"), Some(["name"].as_slice()));
        assert_eq!(names("x_custom"), None);
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(closed_field("hr.job", "alias_defaults"), Some(Closed::Writing));
        assert_eq!(closed_field("product.document", "raw"), Some(Closed::Writing));
        assert_eq!(closed_field("hr.job", "name"), None);
        assert!(is_credential("sale.order", "access_token") && !is_credential("sale.order", "name"));
        assert_eq!(inverse("crm.lead", "email_from"), Some("partner_id"));
        assert_eq!(inverse("sale.order", "message_partner_ids"), Some(""));
        assert_eq!(inverse("crm.lead", "name"), None);
        assert!(is_grant("res.partner", "email") && !is_grant("res.partner", "name"));
        assert!(is_state("sale.order", "state") && !is_state("project.task", "state"));
        assert!(is_state("stock.quant", "quantity") && !is_state("sale.order.line", "quantity"));
        assert_eq!(html("website.menu", "mega_menu_content"), Some(Html::Never));
        assert_eq!(html("product.template", "website_description"), Some(Html::ByGroup));
        assert_eq!(html("res.partner", "comment"), None);
        assert!(is_evaluated("mailing.mailing", "body_html") && !is_evaluated("mailing.mailing", "name"));
        assert!(is_released("hr.employee", "parent_id") && !is_released("sale.order.line", "order_id"));
    }

    #[test]
    fn methods_are_found() {
        let of_an_order: Vec<&str> = methods("sale.order").unwrap().collect();
        for name in ["action_confirm", "message_post", "search_read"] {
            assert!(of_an_order.contains(&name) && all_methods().any(|known| known == name), "{name}");
        }
        assert!(!of_an_order.contains(&"action_post") && all_methods().any(|known| known == "action_post"));
        assert!(methods("x_custom").is_none());
        assert!(is_brought("sale.order") && is_brought("ir.cron") && is_brought("account.payment.register"));
        assert!(!is_brought("res.parnter"));
    }

    #[test]
    fn context_keys_are_told_apart() {
        for (key, expected) in [
            ("lang", ContextKey::Open),
            ("bin_size_datas", ContextKey::Open),
            ("params", ContextKey::LeftOut),
            ("search_default_mine", ContextKey::LeftOut),
            ("form_view_ref", ContextKey::LeftOut),
            ("default_name", ContextKey::Default("name")),
            ("active_model", ContextKey::Read),
            ("no_such_key", ContextKey::Unknown),
        ] {
            assert_eq!(context_key(key), expected, "{key}");
        }
    }
}
