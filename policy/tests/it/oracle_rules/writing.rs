//! Section 3: writing.

use lictor_policy::formats::value::{Members, Value, member};
use lictor_policy::odoo::tables::{self, Closed, Html};
use lictor_policy::operation::Operation;
use lictor_policy::wire::{Field, FieldRule, FieldType};

use super::known::{is_relation, is_x2many};
use super::paths::Place;
use super::reading::{has, is_hidden};
use super::{Lack, Oracle, Why};

/// How values come into a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// It is there.
    Write,
    /// It is made, of the values and the context's defaults.
    Create,
    /// It is made of another one.
    Copy,
}

/// "References and links into closed models (but `res.users`, `ir.model`)."
const NOT_COUNTED: [&str; 2] = ["res.users", "ir.model"];

impl Oracle<'_> {
    /// The values of a record. `parent` is the reference that a one2many fills in each record that it makes.
    pub(crate) fn values(&mut self, model: &str, values: &Members<'static>, making: Making, parent: Option<&str>) {
        for (name, value) in values {
            self.value(model, name, value, making, values, parent);
        }
        self.points_to(model, values, making);
    }

    pub(crate) fn value(
        &mut self,
        model: &str,
        name: &str,
        value: &Value<'static>,
        making: Making,
        values: &Members<'static>,
        parent: Option<&str>,
    ) {
        // "`nested_writes: [field]` allows the right column": it opens the field itself too.
        let opened = self.permission(model).is_some_and(|found| has(&found.nested_writes, name));
        if !(self.writes(model, name, value, making, values, parent)
            || (opened && !self.is_closed_for_good(model, name) && self.field(model, name).is_some()))
        {
            self.lacks(Why::Field, model, name);
        }
        let Some(field) = self.field(model, name) else { return };
        match field.kind {
            kind if is_x2many(kind) => self.commands(model, field, value, false),
            // "Text or a list with `definition_changed` writes the container, and is refused; an object, or a list without it, is a value."
            FieldType::Properties => {
                let changes = |item: &Value<'_>| matches!(item, Value::Struct(item) if member(item, "definition_changed").is_some());
                if value.as_str().is_some() || value.as_array().is_some_and(|items| items.iter().any(changes)) {
                    self.lacks(Why::Malformed, model, name);
                }
            }
            // "`reference` fields are a read of that model."
            FieldType::Reference => {
                if let Some((other, _)) = value.as_str().and_then(|text| text.split_once(',')) {
                    self.reads_record(other, name);
                }
            }
            _ => {}
        }
    }

    /// A column of a table of text: a field, or behind `/`, `.` or `:` one of the lines in it. Lines are made and written; other records are
    /// found by an id, or by their names, which is a text compared with the relation.
    pub(crate) fn column(&mut self, place: &Place, model: &str, column: &str) {
        let column = column.replace([':', '/'], ".").replace("..id", ".id");
        if matches!(column.as_str(), "id" | ".id") {
            return;
        }
        let (name, rest) = column.split_once('.').unwrap_or((&column, ""));
        let opened = self.permission(model).is_some_and(|found| has(&found.nested_writes, name));
        let any_text = Value::String("<b>".into());
        let Some(field) = self.field(model, name) else { return self.lacks(Why::Field, model, name) };
        let through = opened && !self.is_closed_for_good(model, name);
        if !through && !self.writes(model, name, &any_text, Making::Write, &vec![], None) {
            self.lacks(Why::Field, model, name);
        }
        if is_x2many(field.kind) && !rest.is_empty() && rest != "id" {
            self.counts(model, field, Operation::Create);
            self.counts(model, field, Operation::Write);
            return self.column(&place.behind(name), field.relation.as_deref().unwrap_or_default(), rest);
        }
        if is_x2many(field.kind) {
            self.link(model, field);
        }
        if is_relation(field.kind) && rest != "id" {
            self.condition(place, name, "=", &any_text);
        }
    }

    /// "`res_model` or `res_model_id` with `res_id` are a read of that model." Which one an id of `ir.model` is, a gate does not know.
    /// A record that is there, or is copied, has its `res_id`.
    pub(crate) fn points_to(&mut self, model: &str, values: &Members<'static>, making: Making) {
        let given = |name: &str| member(values, name).filter(|value| !is_empty(value));
        let by_default = self.defaults.iter().find(|(field, _)| field == "res_id").map(|(_, value)| value);
        let is_named = member(values, "res_id").or(by_default).map_or(making != Making::Create, |id| !is_empty(id));
        if !is_named {
            return;
        }
        if given("res_model_id").is_some() {
            self.lacks(Why::Malformed, model, "res_model_id");
        }
        if let Some(other) = given("res_model").and_then(Value::as_str) {
            self.reads_record(other, "res_model");
        }
    }

    /// A record of another model is named, which is a read of it; of reference data too.
    fn reads_record(&mut self, other: &str, name: &str) {
        self.scope(other, Operation::Read);
        if !self.is_readable(other) {
            self.key_model(other);
            let why = if self.closed(other) == Some(Closed::Altogether) { Why::Nested } else { Why::Cross };
            self.lacks(why, other, name);
        }
    }

    pub(crate) fn is_closed_for_good(&self, model: &str, name: &str) -> bool {
        self.is_credential(model, name) || self.is_closed_with_a_model(model, name, true)
    }

    pub(crate) fn writes(
        &self,
        model: &str,
        name: &str,
        value: &Value<'static>,
        making: Making,
        values: &Members<'static>,
        parent: Option<&str>,
    ) -> bool {
        let rule = self.permission(model).and_then(|found| found.fields.write.as_ref());
        if self.is_closed_for_good(model, name) {
            return false;
        }
        if self.model(model).is_none() {
            // "Without a schema: values that are text or number for the fields named in `only`, nothing else."
            let plain = matches!(value, Value::String(_) | Value::Int(_) | Value::Double(_) | Value::Decimal(_));
            return plain && matches!(rule, Some(FieldRule::Only(names)) if has(names, name));
        }
        let Some(field) = self.field(model, name) else { return false };
        let inverse_is_idle = || self.leaves_empty(model, name, making, values, parent);
        let by_default = self.is_written_by_default(model, field, making, inverse_is_idle)
            && !(self.is_raw_html(model, field) && has_tag(value));
        self.by_rule(rule, model, name, by_default)
    }

    fn by_rule(&self, rule: Option<&FieldRule>, model: &str, name: &str, by_default: bool) -> bool {
        match rule {
            None => by_default,
            Some(FieldRule::Only(names)) => has(names, name),
            Some(FieldRule::Hide(names)) => {
                by_default && !self.model(model).is_some_and(|known| is_hidden(known, names, name))
            }
            Some(FieldRule::Also(names)) => by_default || has(names, name),
        }
    }

    /// Whether it is that, or `nested_writes` opens it.
    pub(crate) fn is_written(&self, model: &str, name: &str) -> bool {
        let opened = self.permission(model).is_some_and(|found| has(&found.nested_writes, name));
        let through = opened && self.field(model, name).is_some() && !self.is_closed_for_good(model, name);
        through || self.write_by_rule(model, name, Making::Write).is_ok()
    }

    /// Whether a field is open to writing, whatever the value.
    pub(crate) fn write_by_rule(&self, model: &str, name: &str, making: Making) -> Result<(), Lack> {
        let lack = || Lack::of(Why::Field, model, name);
        let rule = self.permission(model).and_then(|found| found.fields.write.as_ref());
        let field = self.field(model, name).ok_or_else(lack)?;
        let by_default = self.is_written_by_default(model, field, making, || false);
        let open = !self.is_closed_for_good(model, name) && self.by_rule(rule, model, name, by_default);
        if open { Ok(()) } else { Err(lack()) }
    }

    /// "By default open: own and inherited fields, references included. Not: credentials; group fields; related fields; what Odoo computes
    /// and marks read-only; what Odoo evaluates; references and links into closed models; inverses that write elsewhere; fields that
    /// grant; states."
    fn is_written_by_default(
        &self,
        model: &str,
        field: &Field,
        making: Making,
        inverse_is_idle: impl Fn() -> bool,
    ) -> bool {
        let name = field.name.as_str();
        let creates = making != Making::Write;
        if field.restricted || (field.related.is_some() && self.inherited_through(model, field).is_none()) {
            return false;
        }
        // "In creation only besides: read-only fields that Odoo does not compute."
        if field.readonly && !(creates && field.depends.is_empty()) {
            return false;
        }
        let into_closed = |other: &str| self.closed(other).is_some() && !NOT_COUNTED.contains(&other);
        if field.relation.as_deref().is_some_and(into_closed) {
            return false;
        }
        // What a field means in the model that it is inherited from, it means here too.
        let field_model = model;
        for (model, name) in self.with_origins(model, field) {
            if tables::is_evaluated(&model, &name) || tables::is_state(&model, &name) {
                return false;
            }
            // "In creation only besides: `res.partner.email parent_id`": of the contact itself. A record that has them of a contact may be
            // given one that is there already.
            let is_own = field_model == "res.partner" && model == "res.partner";
            let of_a_new_partner = is_own && ["email", "parent_id"].contains(&name.as_str());
            if tables::is_grant(&model, &name) && !(creates && of_a_new_partner) {
                return false;
            }
            if tables::inverse(&model, &name).is_some() && !(creates && inverse_is_idle()) {
                return false;
            }
        }
        debug_assert!(!name.is_empty());
        true
    }

    /// The field, and those that it is inherited from.
    fn with_origins(&self, model: &str, field: &Field) -> Vec<(String, String)> {
        let mut places = vec![(model.to_owned(), field.name.clone())];
        if let Some(other) = self.inherited_through(model, field).and_then(|reference| reference.relation.clone()) {
            match self.declared(&other, &field.name) {
                Some(origin) => places.extend(self.with_origins(&other, origin)),
                None => places.push((other, field.name.clone())),
            }
        }
        places
    }

    /// "An inverse of the table where the same values and defaults leave the reference empty that it writes through (`crm.lead.email_from`
    /// without `partner_id`)." A copy has the original's, and a one2many fills its own.
    fn leaves_empty(
        &self,
        model: &str,
        name: &str,
        making: Making,
        values: &Members<'static>,
        parent: Option<&str>,
    ) -> bool {
        let Some(reference) = tables::inverse(model, name).filter(|reference| !reference.is_empty()) else {
            return false;
        };
        let default = self.defaults.iter().find(|(field, _)| field == reference).map(|(_, value)| value);
        let given = member(values, reference).or(default);
        match given {
            _ if parent == Some(reference) => false,
            Some(value) => is_empty(value),
            None => making != Making::Copy,
        }
    }

    /// "HTML that is not sanitised": never, or for users of a group of Odoo's, which a user whose groups are not known may be in.
    fn is_raw_html(&self, model: &str, field: &Field) -> bool {
        let overrides = self.who.view.is_none() || has(&self.who.groups, "base.group_sanitize_override");
        field.unsanitized
            || self.with_origins(model, field).iter().any(|(model, name)| match tables::html(model, name) {
                Some(Html::Never) => true,
                Some(Html::ByGroup) => overrides,
                None => false,
            })
    }
}

/// "With `<` in it."
fn has_tag(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => text.contains('<'),
        Value::Array(items) => items.iter().any(has_tag),
        Value::Struct(members) => members.iter().any(|(_, value)| has_tag(value)),
        _ => false,
    }
}

fn is_empty(value: &Value<'_>) -> bool {
    matches!(value, Value::Nil | Value::Bool(false) | Value::Int(0)) || value.as_str() == Some("")
}
