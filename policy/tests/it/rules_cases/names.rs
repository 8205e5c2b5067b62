//! Names of fields and paths, mostly ones that are there.

use lictor_policy::wire::{FieldType, Schema};

use super::{Choices, fields, is_relation};

/// A field of the model; now and then one that it has not.
pub(crate) fn name(c: &mut Choices<'_>, schema: &Schema, model: &str) -> String {
    let known = fields(schema, model);
    if known.is_empty() {
        return (*c.of(&["name", "id", "x_any", "display_name"])).to_owned();
    }
    match c.below(24) {
        22 => (*c.of(&["x_nope", "display_name", "id"])).to_owned(),
        23 => "display_name".to_owned(),
        // Fields that stand out are few among many: looked for.
        20 | 21 => {
            let odd: Vec<_> =
                known.iter().filter(|field| field.restricted || field.related.is_some() || field.readonly).collect();
            if odd.is_empty() { known[0].name.clone() } else { c.of(&odd).name.clone() }
        }
        18 | 19 => {
            let listed: Vec<_> = known.iter().filter(|field| SPECIAL.contains(&field.name.as_str())).collect();
            if listed.is_empty() { known[0].name.clone() } else { c.of(&listed).name.clone() }
        }
        _ => c.of(known).name.clone(),
    }
}

/// Fields that stand in a table, in some model.
const SPECIAL: [&str; 31] = [
    "access_token",
    "email",
    "parent_id",
    "signup_type",
    "state",
    "email_from",
    "partner_id",
    "work_email",
    "work_contact_id",
    "pin",
    "user_id",
    "raw",
    "website_description",
    "body_html",
    "alias_defaults",
    "alias_id",
    "message_partner_ids",
    "qty_available",
    "quantity",
    "partner_phone",
    "privacy_visibility",
    "interviewer_ids",
    "leave_manager_id",
    "commercial_partner_id",
    "signed_by",
    "auto_post",
    "mega_menu_content",
    "barcode",
    "login",
    "ir_attachment_id",
    "phone",
];

/// A field, or a path.
pub(crate) fn path(c: &mut Choices<'_>, schema: &Schema, model: &str, depth: usize) -> String {
    let longer: Vec<_> = fields(schema, model)
        .iter()
        .filter(|field| is_relation(field.kind) || matches!(field.kind, FieldType::Date | FieldType::Properties))
        .collect();
    if depth == 0 || longer.is_empty() || !c.one_in(3) {
        return name(c, schema, model);
    }
    let first = *c.of(&longer);
    let rest = match (first.kind, &first.relation) {
        (FieldType::Date, _) => (*c.of(&["month_number", "year_number", "day_of_week"])).to_owned(),
        (FieldType::Properties, _) => "a1b2c3".to_owned(),
        (_, Some(other)) if !c.one_in(8) => path(c, schema, other, depth - 1),
        _ => "id".to_owned(),
    };
    format!("{}.{rest}", first.name)
}

/// A path through at least one relation.
pub(crate) fn long_path(c: &mut Choices<'_>, schema: &Schema, model: &str) -> String {
    let relations: Vec<_> = fields(schema, model).iter().filter(|field| is_relation(field.kind)).collect();
    if relations.is_empty() {
        return name(c, schema, model);
    }
    let first = *c.of(&relations);
    format!("{}.{}", first.name, path(c, schema, first.relation.as_deref().unwrap_or_default(), 2))
}
