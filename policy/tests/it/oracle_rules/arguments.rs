//! Where the fields, domains and values stand in the arguments of each method, by the names of its parameters.

use lictor_policy::call::Call;
use lictor_policy::formats::value::{Value, member};
use lictor_policy::odoo::operations::METHODS;

use super::calls::CALLED_BY_NAME;
use super::paths::Place;
use super::reading::has;
use super::{Making, Oracle, Why};

/// An argument by its parameter's name: in its place, or under its name, or the one that older versions have.
pub(crate) fn argument<'c>(call: &'c Call<'static>, name: &str) -> Option<&'c Value<'static>> {
    let method = METHODS.iter().find(|known| known.name == call.method)?;
    let at = method.params.iter().position(|param| param.name == name)?;
    let alias = method.params[at].alias.unwrap_or(name);
    let placed = call.args.get(at + usize::from(method.ids));
    placed.or_else(|| member(&call.kwargs, name)).or_else(|| member(&call.kwargs, alias))
}

pub(crate) fn has_ids(call: &Call<'static>) -> bool {
    match call.args.first() {
        Some(Value::Array(ids)) => !ids.is_empty(),
        Some(Value::Int(_)) => true,
        _ => false,
    }
}

/// "Missing, `false`, null or empty names no field."
fn names_none(list: Option<&Value<'static>>) -> bool {
    match list {
        None | Some(Value::Nil | Value::Bool(false)) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

impl Oracle<'_> {
    pub(crate) fn arguments(&mut self, call: &Call<'static>) {
        let (model, method) = (call.model.as_ref(), call.method.as_ref());
        let listed = |oracle: &Self, name: &str| oracle.permission(model).is_some_and(|found| has(&found.calls, name));
        // "`onchange copy_data …` want `calls: [name]`."
        if CALLED_BY_NAME.contains(&method) || method.starts_with("search_panel_") {
            if !listed(self, method) {
                self.lacks(Why::Method, model, method);
            }
            return;
        }
        // "And the arguments `next_id opening_info access_uid`."
        for name in ["next_id", "opening_info", "access_uid"] {
            if argument(call, name).is_some_and(|value| !matches!(value, Value::Nil | Value::Bool(false)))
                && !listed(self, name)
            {
                self.lacks(Why::Method, model, name);
            }
        }
        let place = Place::of(model);
        let is_grouped =
            ["read_group", "formatted_read_group", "formatted_read_grouping_sets", "web_read_group"].contains(&method);
        if let Some(domain) = argument(call, "domain").filter(|value| !matches!(value, Value::Nil | Value::Bool(false)))
        {
            self.domain(&place, domain);
        }
        for name in ["order", "orderby"] {
            if let Some(order) = argument(call, name) {
                self.order(&place, order, is_grouped);
            }
        }
        for name in ["groupby", "group_by", "grouping_sets"] {
            if let Some(groupby) = argument(call, name) {
                self.groupby(&place, groupby);
            }
        }
        if let Some(aggregates) = argument(call, "aggregates") {
            self.aggregates(model, aggregates);
        }
        if let Some(having) = argument(call, "having") {
            self.having(model, having);
        }
        for name in ["specification", "unfold_read_specification"] {
            if let Some(specification) = argument(call, name) {
                self.specification(&place, specification);
            }
        }
        match method {
            "read" | "search_read" => self.list(call, "fields", false),
            "fields_get" => self.list(call, "allfields", true),
            "default_get" => self.paths_in(&place, argument(call, "fields")),
            "read_group" => {
                if let Some(fields) = argument(call, "fields") {
                    self.aggregates(model, fields);
                }
            }
            "export_data" => self.exported(&place, argument(call, "fields_to_export")),
            "get_field_translations" => self.paths_in(&place, argument(call, "field_name")),
            "read_progress_bar" => {
                if let Some(Value::Struct(bar)) = argument(call, "progress_bar") {
                    self.paths_in(&place, member(bar, "field"));
                }
            }
            // "The same for `name_search`."
            "name_search" | "web_name_search" => {
                self.names(&place, model);
                // It answers names.
                self.check_path(&place, "display_name");
                if let Some(operator) = argument(call, "operator").and_then(Value::as_str) {
                    self.operator(model, operator);
                }
            }
            "write" => self.given(model, argument(call, "vals"), Making::Write),
            "web_save" => {
                let making = if has_ids(call) { Making::Write } else { Making::Create };
                self.given(model, argument(call, "vals"), making);
            }
            "web_save_multi" => self.given(model, argument(call, "vals_list"), Making::Write),
            "create" => self.given(model, argument(call, "vals_list"), Making::Create),
            "copy" => self.given(model, argument(call, "default"), Making::Copy),
            "load" => texts(argument(call, "fields")).iter().for_each(|column| self.column(&place, model, column)),
            "web_resequence" => {
                let name = argument(call, "field_name").and_then(Value::as_str).unwrap_or("sequence");
                let listed = self.permission(model).is_some_and(|found| has(&found.nested_writes, name));
                // "Without a schema: the fields named in `only`, nothing else."
                let opened = listed && self.field(model, name).is_some() && !self.is_closed_for_good(model, name);
                if !opened && !self.writes(model, name, &Value::Int(1), Making::Write, &vec![], None) {
                    self.lacks(Why::Field, model, name);
                }
            }
            _ => {}
        }
    }

    /// "A read or a `fields_get` that names none is written anew with what is open."
    fn list(&mut self, call: &Call<'static>, name: &str, or_written: bool) {
        let model = call.model.as_ref();
        let list = argument(call, name);
        if names_none(list) {
            self.answer.list = Some(self.written_anew(model, or_written));
        } else {
            self.paths_in(&Place::of(model), list);
        }
    }

    fn paths_in(&mut self, place: &Place, list: Option<&Value<'static>>) {
        for path in texts(list) {
            self.check_path(place, &path);
        }
    }

    /// An exported relation shows names; `.id` is the record's id.
    fn exported(&mut self, place: &Place, list: Option<&Value<'static>>) {
        for path in texts(list) {
            self.check_path_with_names(place, &path.replace(".id", "id"));
        }
    }

    fn given(&mut self, model: &str, values: Option<&Value<'static>>, making: Making) {
        match values {
            None | Some(Value::Nil | Value::Bool(false)) if making == Making::Copy => {}
            Some(Value::Struct(values)) => self.values(model, values, making, None),
            Some(Value::Array(items)) => items.iter().for_each(|item| match item {
                Value::Struct(values) => self.values(model, values, making, None),
                _ => self.lacks(Why::Malformed, model, "values"),
            }),
            _ => self.lacks(Why::Malformed, model, "values"),
        }
    }
}

/// The texts in a list of lists of texts, or alone.
fn texts(value: Option<&Value<'static>>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.to_string()],
        Some(Value::Array(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        _ => Vec::new(),
    }
}
