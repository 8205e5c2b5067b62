//! Section 4: domains, operators, searches by name, orders, groups, aggregates, specifications.

use std::collections::BTreeSet;

use lictor_policy::formats::value::{Value, member};
use lictor_policy::odoo::tables::{self, ContextKey};
use lictor_policy::wire::{FieldRule, FieldType};

use super::known::is_relation;
use super::paths::Place;
use super::{Oracle, Why};

/// "From Odoo's closed list."
const OPERATORS: [&str; 23] = [
    "=",
    "!=",
    "<>",
    "==",
    "=?",
    "<",
    ">",
    "<=",
    ">=",
    "in",
    "not in",
    "like",
    "not like",
    "ilike",
    "not ilike",
    "=like",
    "not =like",
    "=ilike",
    "not =ilike",
    "any",
    "not any",
    "child_of",
    "parent_of",
];

impl Oracle<'_> {
    pub(crate) fn domain(&mut self, place: &Place, domain: &Value<'static>) {
        let Some(items) = domain.as_array() else { return self.lacks(Why::Malformed, &place.root, "domain") };
        for item in items {
            match item {
                Value::String(text) if ["&", "|", "!"].contains(&text.as_ref()) => {}
                Value::Array(parts) => match parts.as_slice() {
                    [Value::String(path), Value::String(operator), value] => {
                        self.condition(place, path, operator, value)
                    }
                    _ => self.lacks(Why::Malformed, &place.root, "domain"),
                },
                _ => self.lacks(Why::Malformed, &place.root, "domain"),
            }
        }
    }

    pub(crate) fn condition(&mut self, place: &Place, path: &str, operator: &str, value: &Value<'static>) {
        // "Operators are compared in lower case."
        let operator = operator.to_lowercase();
        if !self.operator(&place.root, &operator) {
            return;
        }
        // "`any` is a longer path."
        if operator == "any" || operator == "not any" {
            let behind = place.behind(path);
            return match value.as_array() {
                Some([]) => self.check_path(place, path),
                Some(_) => self.domain(&behind, value),
                None => self.lacks(Why::Malformed, &place.root, "domain"),
            };
        }
        let (model, field) = match self.path(place, path) {
            Ok((model, Some(field))) => (model, field),
            // Without a schema nobody knows where a name looks, and which field is a relation.
            Ok((model, None)) if path.ends_with("display_name") || has_text(value) => {
                return self.lacks(Why::Cross, &model, path);
            }
            other => return self.note(other.map(drop)),
        };
        let names = place.names(path);
        let last = names.last().map_or("", String::as_str);
        let up_or_down = operator == "child_of" || operator == "parent_of";
        // "A text (alone or in a list, digits too) compared with a relation of any kind by any operator, `display_name` of one, `id` by
        // `child_of` or `parent_of`."
        if is_relation(field.kind) && has_text(value) && (last != "id" || up_or_down) {
            let there = if last == "id" {
                Place { root: place.root.clone(), way: names[..names.len() - 1].to_vec() }
            } else {
                place.behind(path)
            };
            self.names(&there, field.relation.as_deref().unwrap_or_default());
        }
        if last == "display_name" || (last == "id" && names.len() == 1 && up_or_down && has_text(value)) {
            let there = Place { root: place.root.clone(), way: names[..names.len() - 1].to_vec() };
            self.names(&there, &model);
        }
    }

    /// "`any!` and `not any!` are refused in any spelling."
    pub(crate) fn operator(&mut self, model: &str, operator: &str) -> bool {
        let known = OPERATORS.contains(&operator.to_lowercase().as_str());
        if !known {
            self.lacks(Why::Malformed, model, "operator");
        }
        known
    }

    /// "Reads the fields that a name of that model looks into (`_rec_names_search`; for others all that a default read opens)." A name that
    /// looks into a relation looks into the names of its model.
    pub(crate) fn names(&mut self, place: &Place, model: &str) {
        self.names_but(place, model, &mut BTreeSet::new());
    }

    fn names_but(&mut self, place: &Place, model: &str, seen: &mut BTreeSet<String>) {
        if !seen.insert(model.to_owned()) {
            return;
        }
        let Some(known) = self.model(model) else {
            return self.lacks(Why::Cross, &place.root, place.way.join("."));
        };
        // An Odoo that has none of the fields that the table names looks into others.
        let known_names = tables::names(model).filter(|names| {
            let first = |path: &&str| path.split('.').next().is_some_and(|name| self.declared(model, name).is_some());
            names.iter().any(first)
        });
        let looked_into: Vec<String> = match known_names {
            // A field that this Odoo lacks is not looked into.
            Some(names) => {
                let is_there =
                    |path: &&&str| known.fields.iter().any(|field| Some(field.name.as_str()) == path.split('.').next());
                names.iter().filter(is_there).map(|path| (*path).to_owned()).collect()
            }
            None => {
                let open = known.fields.iter().filter(|field| self.reads_by(None, model, &field.name));
                open.map(|field| field.name.clone()).collect()
            }
        };
        // Whatever it looks into, it tells which records there are.
        if let Some((last, way)) = place.way.split_last()
            && looked_into.is_empty()
        {
            let before = Place { root: place.root.clone(), way: way.to_vec() };
            self.check_path(&before.clone(), &format!("{last}.id"));
        }
        let by_default = known_names.is_none();
        for path in looked_into {
            // With `only` or `hide`, not all that a default read opens is.
            let rule = self.permission(model).and_then(|found| found.fields.read.as_ref());
            let narrowed = matches!(rule, Some(FieldRule::Only(_) | FieldRule::Hide(_)));
            if by_default && (narrowed || self.path(place, &path).is_err()) {
                self.lacks(Why::Cross, &place.root, place.names("display_name").join("."));
            }
            match self.path(place, &path) {
                Ok((_, Some(field))) if is_relation(field.kind) && !by_default => {
                    let other = field.relation.clone().unwrap_or_default();
                    self.names_but(&place.behind(&path), &other, seen);
                }
                result => self.note(result.map(drop)),
            }
        }
    }

    /// "`order` by a relation passes." "`having` and `order` take aggregates."
    pub(crate) fn order(&mut self, place: &Place, order: &Value<'static>, aggregates: bool) {
        match order {
            Value::Nil | Value::Bool(false) => {}
            Value::String(text) => {
                for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
                    let name = term.split_whitespace().next().unwrap_or_default();
                    if aggregates { self.aggregate_or_group(place, name) } else { self.check_path(place, name) }
                }
            }
            _ => self.lacks(Why::Malformed, &place.root, "order"),
        }
    }

    fn aggregate_or_group(&mut self, place: &Place, name: &str) {
        match name.split_once(':') {
            _ if name == "__count" => {}
            Some((field, _)) => self.check_path(place, field),
            None => self.check_path(place, name),
        }
    }

    /// "`groupby` of a reference shows its name; a path shows the other model's values."
    pub(crate) fn groupby(&mut self, place: &Place, groupby: &Value<'static>) {
        match groupby {
            Value::Nil | Value::Bool(false) => {}
            Value::String(text) => {
                let path = text.split(':').next().unwrap_or_default().to_owned();
                self.check_path_with_names(place, &path);
            }
            Value::Array(items) => items.iter().for_each(|item| self.groupby(place, item)),
            _ => self.lacks(Why::Malformed, &place.root, "groupby"),
        }
    }

    /// "Aggregates name one own field (`field:function`, in `read_group` also `alias:function(field)`)."
    pub(crate) fn aggregates(&mut self, model: &str, aggregates: &Value<'static>) {
        match aggregates {
            Value::Nil | Value::Bool(false) => {}
            Value::Array(items) => items.iter().for_each(|item| self.aggregates(model, item)),
            Value::String(text) if text == "__count" => {}
            Value::String(text) => {
                let (before, after) = text.split_once(':').unwrap_or((text, ""));
                let field = after.split_once('(').map_or(before, |(_, field)| field.trim_end_matches(')'));
                if field.contains('.') {
                    return self.lacks(Why::Malformed, model, field);
                }
                let result = self.path(&Place::of(model), field);
                self.note(result.map(drop));
            }
            _ => self.lacks(Why::Malformed, model, "aggregates"),
        }
    }

    /// "`having` takes aggregates."
    pub(crate) fn having(&mut self, model: &str, having: &Value<'static>) {
        let Some(items) = having.as_array() else {
            if !matches!(having, Value::Nil | Value::Bool(false)) {
                self.lacks(Why::Malformed, model, "having");
            }
            return;
        };
        for item in items {
            match item {
                Value::String(text) if ["&", "|", "!"].contains(&text.as_ref()) => {}
                Value::Array(parts) => match parts.as_slice() {
                    [Value::String(aggregate), Value::String(operator), _] => {
                        if self.operator(model, operator) {
                            self.aggregates(model, &Value::String(aggregate.clone()));
                        }
                    }
                    _ => self.lacks(Why::Malformed, model, "having"),
                },
                _ => self.lacks(Why::Malformed, model, "having"),
            }
        }
    }

    /// A specification: sub-`fields` are longer paths.
    pub(crate) fn specification(&mut self, place: &Place, specification: &Value<'static>) {
        let members = match specification {
            Value::Nil | Value::Bool(false) => return,
            Value::Struct(members) => members,
            Value::Array(items) if items.is_empty() => return,
            _ => return self.lacks(Why::Malformed, &place.root, "specification"),
        };
        for (name, inner) in members {
            let Value::Struct(inner) = inner else {
                self.lacks(Why::Malformed, &place.root, "specification");
                continue;
            };
            match member(inner, "fields") {
                Some(Value::Struct(fields)) if !fields.is_empty() => {
                    self.points_onward(place, name);
                    self.specification(&place.behind(name), &Value::Struct(fields.clone()));
                }
                _ => self.check_path(place, name),
            }
            if let Some(order) = member(inner, "order") {
                self.order(&place.behind(name), order, false);
            }
            if let Some(Value::Struct(context)) = member(inner, "context") {
                for (key, _) in context {
                    if tables::context_key(key) != ContextKey::Open {
                        self.lacks(Why::Context, &place.root, key.as_ref());
                    }
                }
            }
        }
    }

    /// "`reference` fields are a read of that model": of whichever the record holds.
    fn points_onward(&mut self, place: &Place, name: &str) {
        if let Ok((model, Some(field))) = self.path(place, name)
            && matches!(field.kind, FieldType::Reference | FieldType::Many2oneReference)
        {
            self.lacks(Why::Cross, &model, name);
        }
    }
}

/// "A text (alone or in a list, digits too)."
fn has_text(value: &Value<'_>) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(has_text),
        _ => false,
    }
}
