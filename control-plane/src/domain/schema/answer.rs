//! An answer of `fields_get`, as Odoo gives it, and the fields that it tells of.

use std::collections::BTreeMap;

use lictor_policy::wire::{Field, FieldType};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::schema::{Fields, MAX_FIELDS, Seen};

/// The attributes that are asked for.
pub const ATTRIBUTES: [&str; 10] =
    ["type", "relation", "relation_field", "related", "store", "readonly", "required", "sanitize", "depends", "groups"];
/// Bytes of a name, of a field or of a model: PostgreSQL takes 63 for a column, and computed fields have none.
const MAX_NAME: usize = 256;
/// Paths that a field may be computed from.
const MAX_DEPENDS: usize = 500;

/// The fields by their names. What Odoo has no value for it leaves out.
#[derive(Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, Attributes>")]
pub struct Answer(BTreeMap<String, Attributes>);

/// The attributes of a field.
#[derive(Debug, Deserialize)]
struct Attributes {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "text")]
    relation: Option<String>,
    #[serde(default, deserialize_with = "text")]
    relation_field: Option<String>,
    #[serde(default, deserialize_with = "text")]
    related: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    store: bool,
    #[serde(default, deserialize_with = "truth")]
    readonly: bool,
    #[serde(default, deserialize_with = "truth")]
    required: bool,
    #[serde(default, deserialize_with = "truth")]
    sanitize: bool,
    #[serde(default)]
    depends: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    groups: Option<String>,
}

/// A text, or Python's `False` or `None` for none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(Some(text)),
        Value::Null | Value::Bool(false) => Ok(None),
        _ => Err(D::Error::invalid_type(Unexpected::Other("no text"), &"a text or false")),
    }
}

/// Whether Python takes the value for true: `sanitize` may be a text.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(!matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0)
}

impl TryFrom<BTreeMap<String, Attributes>> for Answer {
    type Error = &'static str;

    fn try_from(fields: BTreeMap<String, Attributes>) -> Result<Self, Self::Error> {
        let is_name = |text: &String| (1..=MAX_NAME).contains(&text.len());
        let fits = |(name, field): (&String, &Attributes)| {
            let names = field.relation.iter().chain(&field.relation_field).chain(&field.related).chain(&field.depends);
            is_name(name) && names.into_iter().all(is_name) && field.depends.len() <= MAX_DEPENDS
        };
        if fields.len() <= MAX_FIELDS && fields.iter().all(fits) {
            Ok(Self(fields))
        } else {
            Err("more than a model has")
        }
    }
}

impl Answer {
    /// What a set of groups sees by this answer. Of relations that lead nowhere it knows nothing yet.
    pub fn seen(self) -> Seen {
        let is_required = |field: &Attributes| field.required && field.kind == "many2one";
        let required = self.0.iter().filter(|(_, field)| is_required(field)).map(|(name, _)| name.clone()).collect();
        let fields: Fields = self.0.into_iter().map(|(name, field)| (name.clone(), field.named(name))).collect();
        Seen { fields, required, ..Seen::default() }
    }
}

impl Attributes {
    fn named(self, name: String) -> Field {
        let kind = kind(&self.kind);
        Field {
            name,
            kind,
            restricted: self.groups.is_some_and(|groups| !is_for_all_internal_users(&groups)),
            unsanitized: kind == FieldType::Html && !self.sanitize,
            relation: self.relation,
            relation_field: self.relation_field,
            related: self.related,
            depends: self.depends,
            unstored: !self.store,
            readonly: self.readonly,
        }
    }
}

/// The kind of a type. One that Odoo does not bring may hold anything.
fn kind(name: &str) -> FieldType {
    match name {
        "boolean" | "integer" | "float" | "monetary" | "char" | "text" | "selection" | "binary" | "image" => {
            FieldType::Plain
        }
        "date" | "datetime" => FieldType::Date,
        "html" => FieldType::Html,
        "many2one" => FieldType::Many2one,
        "one2many" => FieldType::One2many,
        "many2many" => FieldType::Many2many,
        "reference" => FieldType::Reference,
        "many2one_reference" => FieldType::Many2oneReference,
        "properties" => FieldType::Properties,
        "properties_definition" => FieldType::PropertiesDefinition,
        _ => FieldType::Json,
    }
}

/// Whether every internal user is in one of the groups, as `has_groups` reads the text: any of these, and none with a `!`.
fn is_for_all_internal_users(groups: &str) -> bool {
    groups.split(',').any(|group| group.trim() == "base.group_user")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(attributes: Value) -> Field {
        let answer: Answer = serde_json::from_value(json!({ "f": attributes })).unwrap();
        answer.seen().fields["f"].clone()
    }

    #[test]
    fn a_field_is_what_odoo_19_says_of_it() {
        // Of `res.partner`, `res.users` and `hr.employee` of an Odoo 19.
        let answer = json!({
            "name": {"type": "char", "depends": [], "readonly": false, "required": false, "store": true},
            "country_id": {"type": "many2one", "relation": "res.country", "depends": [], "readonly": false, "required": false, "store": true},
            "child_ids": {"type": "one2many", "relation": "res.partner", "relation_field": "parent_id", "depends": [], "readonly": false, "required": false, "store": true},
            "category_id": {"type": "many2many", "relation": "res.partner.category", "depends": [], "readonly": false, "required": false, "store": true},
            "parent_name": {"type": "char", "related": "parent_id.name", "depends": ["parent_id.name"], "readonly": true, "required": false, "store": false},
            "comment": {"type": "html", "sanitize": true, "depends": [], "readonly": false, "required": false, "store": true},
            "signup_type": {"type": "char", "groups": "base.group_erp_manager", "depends": [], "readonly": false, "required": false, "store": true},
            "partner_id": {"type": "many2one", "relation": "res.partner", "depends": [], "readonly": false, "required": true, "store": true},
            "write_date": {"type": "datetime", "depends": [], "readonly": true, "required": false, "store": true},
        });
        let answer: Answer = serde_json::from_value(answer).unwrap();
        let Seen { fields, required, dead_ends } = answer.seen();
        assert_eq!(required.into_iter().collect::<Vec<_>>(), ["partner_id"]);
        assert!(dead_ends.is_empty());
        let json = |name: &str| serde_json::to_value(&fields[name]).unwrap();
        for (name, expected) in [
            ("name", json!({"type": "plain"})),
            ("country_id", json!({"type": "many2one", "relation": "res.country"})),
            ("child_ids", json!({"type": "one2many", "relation": "res.partner", "relation_field": "parent_id"})),
            ("category_id", json!({"type": "many2many", "relation": "res.partner.category"})),
            (
                "parent_name",
                json!({"type": "plain", "related": "parent_id.name", "depends": ["parent_id.name"], "readonly": true, "unstored": true}),
            ),
            ("comment", json!({"type": "html"})),
            ("signup_type", json!({"type": "plain", "restricted": true})),
            ("write_date", json!({"type": "date", "readonly": true})),
        ] {
            let mut expected = expected;
            expected["name"] = name.into();
            assert_eq!(json(name), expected);
        }
    }

    #[test]
    fn a_field_is_restricted_unless_all_internal_users_see_it() {
        for (groups, restricted) in [
            (json!(null), false),
            (json!(false), false),
            (json!("base.group_user"), false),
            (json!("hr.group_hr_user, base.group_user"), false),
            (json!("hr.group_hr_user"), true),
            (json!("!base.group_user"), true),
            (json!("base.group_user_too"), true),
            (json!("."), true),
            (json!(""), true),
        ] {
            assert_eq!(field(json!({"type": "char", "groups": groups})).restricted, restricted, "{groups}");
        }
    }

    #[test]
    fn html_is_unsanitized_if_odoo_says_so_or_nothing() {
        for (kind, sanitize, unsanitized) in [
            ("html", json!(true), false),
            ("html", json!("email_outgoing"), false),
            ("html", json!(false), true),
            ("html", json!(null), true),
            ("text", json!(false), false),
        ] {
            assert_eq!(
                field(json!({"type": kind, "sanitize": sanitize})).unsanitized,
                unsanitized,
                "{kind} {sanitize}"
            );
        }
    }

    #[test]
    fn a_type_that_odoo_does_not_bring_may_hold_anything() {
        for (name, expected) in [
            ("monetary", FieldType::Plain),
            ("datetime", FieldType::Date),
            ("many2one_reference", FieldType::Many2oneReference),
            ("properties", FieldType::Properties),
            ("serialized", FieldType::Json),
        ] {
            assert_eq!(field(json!({"type": name})).kind, expected, "{name}");
        }
    }

    #[test]
    fn an_answer_that_odoo_does_not_give_is_none() {
        let long = "x".repeat(MAX_NAME + 1);
        let many: Vec<_> = (0..=MAX_DEPENDS).map(|path| path.to_string()).collect();
        for odd in [
            json!([]),
            json!({"f": "char"}),
            json!({"f": {}}),
            json!({"": {"type": "char"}}),
            json!({"f": {"type": "char", "related": 7}}),
            json!({"f": {"type": "many2one", "relation": long}}),
            json!({ long.clone(): {"type": "char"} }),
            json!({"f": {"type": "char", "depends": many}}),
        ] {
            assert!(serde_json::from_value::<Answer>(odd.clone()).is_err(), "{odd}");
        }
    }
}
