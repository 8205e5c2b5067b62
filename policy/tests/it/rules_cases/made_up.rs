//! Schemas that no Odoo has: models of any names, with fields of any kind, and the names that the tables know among them.

use std::sync::Arc;

use lictor_policy::wire::{Bitmap, Delegation, Field, FieldType, Model, ModelEntry, Schema, View};

use super::{Choices, is_relation};

/// Names of models: made up, of reference data, that tell, that are closed, that the tables know by their fields.
const MODELS: [&str; 16] = [
    "x_one",
    "x_two",
    "x_three",
    "res.partner",
    "res.country",
    "sale.order",
    "crm.lead",
    "hr.leave",
    "res.users",
    "ir.attachment",
    "ir.cron",
    "hr.employee",
    "hr.employee.public",
    "mail.alias",
    "product.template",
    "ir.model",
];

/// Fields that tables name, by model.
const LISTED: [(&str, &str, FieldType, Option<&str>); 19] = [
    ("res.partner", "email", FieldType::Plain, None),
    ("res.partner", "parent_id", FieldType::Many2one, Some("res.partner")),
    ("res.partner", "signup_type", FieldType::Plain, None),
    ("res.partner", "vat", FieldType::Plain, None),
    ("res.partner", "ref", FieldType::Plain, None),
    ("res.partner", "website_description", FieldType::Html, None),
    ("res.country", "code", FieldType::Plain, None),
    ("sale.order", "access_token", FieldType::Plain, None),
    ("sale.order", "state", FieldType::Plain, None),
    ("sale.order", "partner_id", FieldType::Many2one, Some("res.partner")),
    ("crm.lead", "email_from", FieldType::Plain, None),
    ("crm.lead", "partner_id", FieldType::Many2one, Some("res.partner")),
    ("hr.employee", "work_email", FieldType::Plain, None),
    ("hr.employee", "work_contact_id", FieldType::Many2one, Some("res.partner")),
    ("hr.employee", "pin", FieldType::Plain, None),
    ("res.users", "login", FieldType::Plain, None),
    ("ir.attachment", "access_token", FieldType::Plain, None),
    ("mail.alias", "alias_defaults", FieldType::Plain, None),
    ("product.template", "website_description", FieldType::Html, None),
];

const KINDS: [FieldType; 14] = [
    FieldType::Plain,
    FieldType::Many2one,
    FieldType::One2many,
    FieldType::Many2many,
    FieldType::Plain,
    FieldType::Many2one,
    FieldType::Date,
    FieldType::Html,
    FieldType::Many2one,
    FieldType::Reference,
    FieldType::Many2oneReference,
    FieldType::Json,
    FieldType::Properties,
    FieldType::PropertiesDefinition,
];

/// A schema, and a model of it.
pub(crate) fn schema(c: &mut Choices<'_>) -> (Arc<Schema>, String) {
    let mut names: Vec<&str> = vec!["x_one"];
    for _ in 0..2 + c.below(4) {
        names.push(*c.of(&MODELS));
    }
    names.sort_unstable();
    names.dedup();
    let mut models: Vec<ModelEntry> = names
        .iter()
        .map(|name| ModelEntry {
            name: (*name).to_owned(),
            record: Model { fields: own(c, name, &names), ..Model::default() },
        })
        .collect();
    for at in 0..models.len() {
        passed_on(c, &mut models, at);
    }
    for entry in &mut models {
        entry.record.fields.sort_by(|one, other| one.name.cmp(&other.name));
        entry.record.fields.dedup_by(|one, other| one.name == other.name);
        // A set of groups sees what every employee does, and some of the rest.
        let shown = entry.record.fields.iter().map(|field| !field.restricted || c.one_in(2)).collect::<Vec<_>>();
        let dead = entry.record.fields.iter().map(|field| is_relation(field.kind) && c.one_in(6)).collect::<Vec<_>>();
        let plain = entry.record.fields.iter().map(|field| !field.restricted).collect::<Vec<_>>();
        entry.record.views = vec![
            View { set: 0, sees: vec![true; shown.len()].into_iter().collect(), dead_ends: Bitmap::default() },
            View { set: 1, sees: shown.into_iter().collect(), dead_ends: dead.into_iter().collect() },
            View { set: 2, sees: plain.into_iter().collect(), dead_ends: Bitmap::default() },
        ];
    }
    let model = (*c.of(&names)).to_owned();
    (Arc::new(Schema { version: 1, read_at: 0, models }), model)
}

fn own(c: &mut Choices<'_>, model: &str, names: &[&str]) -> Vec<Field> {
    let field = |name: &str, kind: FieldType| Field { name: name.to_owned(), kind, ..Field::default() };
    let mut fields = vec![
        Field { readonly: true, ..field("id", FieldType::Plain) },
        field("name", FieldType::Plain),
        Field {
            readonly: true,
            unstored: true,
            depends: vec!["name".to_owned()],
            ..field("display_name", FieldType::Plain)
        },
    ];
    for (_, name, kind, relation) in LISTED.iter().filter(|listed| listed.0 == model) {
        fields.push(Field { relation: relation.map(str::to_owned), ..field(name, *kind) });
    }
    for number in 0..1 + c.below(7) {
        let kind = *c.of(&KINDS);
        let relation = is_relation(kind).then(|| if c.one_in(12) { "x_unknown" } else { *c.of(names) }.to_owned());
        let relation_field =
            (kind == FieldType::One2many).then(|| (*c.of(&["f0", "parent_id", "x_back_id"])).to_owned());
        let computed = c.one_in(6);
        fields.push(Field {
            relation,
            relation_field,
            depends: if computed { vec![c.of(&fields).name.clone()] } else { vec![] },
            unstored: computed && c.one_in(2),
            readonly: c.one_in(6),
            restricted: c.one_in(8),
            unsanitized: kind == FieldType::Html && c.one_in(2),
            ..field(&format!("f{number}"), kind)
        });
    }
    fields
}

/// Related fields, and those that are inherited.
fn passed_on(c: &mut Choices<'_>, models: &mut [ModelEntry], at: usize) {
    let references: Vec<(String, String)> = models[at]
        .record
        .fields
        .iter()
        .filter(|field| field.kind == FieldType::Many2one && field.related.is_none())
        .filter_map(|field| Some((field.name.clone(), field.relation.clone()?)))
        .collect();
    if references.is_empty() {
        return;
    }
    let of = |models: &[ModelEntry], name: &str| -> Vec<Field> {
        models.iter().find(|entry| entry.name == name).map(|entry| entry.record.fields.clone()).unwrap_or_default()
    };
    if c.one_in(3) {
        let (reference, other) = c.of(&references).clone();
        if other != models[at].name {
            models[at].record.delegations.push(Delegation { field: reference.clone(), model: other.clone() });
            for field in of(models, &other) {
                if models[at].record.fields.iter().all(|own| own.name != field.name) && field.related.is_none() {
                    let related = Some(format!("{reference}.{}", field.name));
                    let depends = related.iter().cloned().collect();
                    models[at].record.fields.push(Field { related, depends, unstored: true, ..field });
                }
            }
        }
    }
    for number in 0..c.below(3) {
        let (reference, other) = c.of(&references).clone();
        let is_inherited = |field: &Field| field.related.is_some() && !field.name.starts_with('r');
        let targets: Vec<Field> = of(models, &other).into_iter().filter(|field| !is_inherited(field)).collect();
        if targets.is_empty() {
            continue;
        }
        let target = c.of(&targets).clone();
        let related = Some(format!("{reference}.{}", target.name));
        models[at].record.fields.push(Field {
            name: format!("r{number}"),
            depends: related.iter().cloned().collect(),
            related,
            unstored: !c.one_in(4),
            readonly: !c.one_in(3),
            restricted: c.one_in(10),
            ..target
        });
    }
}
