//! The operations table: what each known public method of Odoo's models does, and where its arguments lie.
//!
//! Exact names, never patterns; read in Odoo 19's source and tried on a running one. A method that is not here is
//! refused unless an administrator maps it.

use Kind::{
    Aggregates, Columns, Cross, Domain, Fields, GroupSpecification, Groups, Having, Names, Operator, Order, Paths,
    Plain, ProgressBar, Rows, Specification, Values, WrittenField,
};

use crate::operation::Operation::{Create, Delete, Read, Write};
use crate::operation::Operations;

/// A public method.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub operations: Operations,
    /// Whether its first argument is the record ids.
    pub ids: bool,
    /// Whether the table alone allows it, or it is here only for the shape of its arguments.
    pub mapped_only: bool,
    /// Whether it reads other models whatever its arguments are.
    pub crosses: bool,
    /// Its parameters after the record ids, in their order.
    pub params: &'static [Param],
}

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name in Odoo 19.
    pub name: &'static str,
    /// Its name in older versions.
    pub alias: Option<&'static str>,
    /// What the gate looks for in it.
    pub kind: Kind,
}

/// What the gate looks for in an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it names no field.
    Plain,
    /// Conditions over fields, by their paths.
    Domain,
    /// Conditions over aggregates.
    Having,
    /// The operator of a search by name: one of Odoo's that takes no domain.
    Operator,
    /// The text of a search by name.
    Names,
    /// A list of fields, which stands for all of them if it is empty or missing: then one is put there.
    Fields,
    /// Fields by their paths, alone or in lists.
    Paths,
    /// Fields by which is grouped.
    Groups,
    /// Fields and the functions that sum them up.
    Aggregates,
    /// A sort order.
    Order,
    /// `web_read`'s specification.
    Specification,
    /// A specification for each field by which is grouped.
    GroupSpecification,
    /// `read_progress_bar`'s struct: its `field` is a path.
    ProgressBar,
    /// The name of a field that is written.
    WrittenField,
    /// Values of records, one struct or a list of them.
    Values,
    /// `load`'s column names.
    Columns,
    /// `load`'s rows of text: none may hold a property's definition.
    Rows,
    /// Reads other models when it is there at all: a permission must list it under `calls`.
    Cross,
}

impl Kind {
    /// The shape that its argument must have, to follow "must be". Where anything goes, nothing is refused for it.
    pub const fn shape(self) -> &'static str {
        match self {
            Self::Plain | Self::Cross => "any value",
            Self::Domain => "a domain: an array of conditions [field, operator, value] and of the operators & | !",
            Self::Having => "a domain of conditions [aggregate, operator, value]",
            Self::Operator => "an operator, as text",
            Self::Names => "text",
            Self::Fields | Self::Paths | Self::Groups => "text, or an array of text",
            Self::Aggregates => "text such as \"amount:sum\", of a field of the model itself, or an array of that",
            Self::Order => "text, such as \"name desc, id\"",
            Self::Specification | Self::GroupSpecification => {
                "a struct from field names to structs with fields, limit, offset, order and context"
            }
            Self::ProgressBar => "a struct with field and colors",
            Self::WrittenField => "a field name",
            Self::Values => "a struct of values, or an array of such structs",
            Self::Columns => "an array of field names",
            Self::Rows => "an array of rows, each an array of text and numbers",
        }
    }

    /// What the generated page says about it; nothing about a plain one.
    pub const fn remark(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Domain => Some("domain"),
            Self::Having => Some("domain over aggregates"),
            Self::Operator => Some("operator"),
            Self::Names => Some("searched in names"),
            Self::Fields => Some("field paths; all that are open if it names none"),
            Self::Paths => Some("field paths"),
            Self::Groups => Some("field paths to group by"),
            Self::Aggregates => Some("aggregates"),
            Self::Order => Some("order"),
            Self::Specification => Some("specification"),
            Self::GroupSpecification => Some("specifications"),
            Self::ProgressBar => Some("its field is a path"),
            Self::WrittenField => Some("field that is written"),
            Self::Values => Some("values"),
            Self::Columns => Some("column paths"),
            Self::Rows => Some("rows"),
            Self::Cross => Some("to be listed under calls"),
        }
    }
}

/// Looks a method up.
pub fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

const READ: Operations = Operations::of(&[Read]);
const WRITE: Operations = Operations::of(&[Write]);
const CREATE: Operations = Operations::of(&[Create]);
const DELETE: Operations = Operations::of(&[Delete]);
const READ_WRITE: Operations = Operations::of(&[Read, Write]);
const WRITE_CREATE: Operations = Operations::of(&[Write, Create]);

const fn param(name: &'static str, kind: Kind) -> Param {
    Param { name, alias: None, kind }
}

/// A parameter that older versions of Odoo call `alias`.
const fn renamed(name: &'static str, alias: &'static str, kind: Kind) -> Param {
    Param { name, alias: Some(alias), kind }
}

/// A method on records: `@api.model` is absent, the first argument is the ids.
const fn records(name: &'static str, operations: Operations, params: &'static [Param]) -> Method {
    Method { name, operations, ids: true, mapped_only: false, crosses: false, params }
}

/// A method on the model: `@api.model`.
const fn model(name: &'static str, operations: Operations, params: &'static [Param]) -> Method {
    Method { name, operations, ids: false, mapped_only: false, crosses: false, params }
}

const fn crossing(method: Method) -> Method {
    Method { crosses: true, ..method }
}

const fn mapped_only(method: Method) -> Method {
    Method { mapped_only: true, ..method }
}

/// The table. `web_save` creates when its ids are empty: see `effects.rs`.
///
/// `load` needs a mapping: its plain columns link records of other models by their names, and the gate does not know
/// which columns are relations.
pub const METHODS: &[Method] = &[
    records("read", READ, &[param("fields", Fields), param("load", Plain)]),
    model(
        "search_read",
        READ,
        &[
            param("domain", Domain),
            param("fields", Fields),
            param("offset", Plain),
            param("limit", Plain),
            param("order", Order),
            param("load", Plain),
        ],
    ),
    model(
        "search",
        READ,
        &[
            renamed("domain", "args", Domain),
            param("offset", Plain),
            param("limit", Plain),
            param("order", Order),
            param("count", Plain),
        ],
    ),
    model("search_count", READ, &[renamed("domain", "args", Domain), param("limit", Plain)]),
    model("fields_get", READ, &[param("allfields", Fields), param("attributes", Plain)]),
    model(
        "name_search",
        READ,
        &[param("name", Names), renamed("domain", "args", Domain), param("operator", Operator), param("limit", Plain)],
    ),
    records("name_get", READ, &[]),
    model("default_get", READ, &[renamed("fields", "fields_list", Paths)]),
    records("has_access", READ, &[param("operation", Plain)]),
    model("check_access_rights", READ, &[param("operation", Plain), param("raise_exception", Plain)]),
    records("check_access_rule", READ, &[param("operation", Plain)]),
    model("check_field_access_rights", READ, &[param("operation", Plain), param("field_names", Plain)]),
    records("get_external_id", READ, &[]),
    records("get_base_url", READ, &[]),
    records("get_field_translations", READ, &[param("field_name", Paths), param("langs", Plain)]),
    model("get_property_definition", READ, &[param("full_name", Paths)]),
    model("get_empty_list_help", READ, &[param("help_message", Plain)]),
    model("get_import_templates", READ, &[]),
    records("get_formview_id", READ, &[param("access_uid", Cross)]),
    records("get_formview_action", READ, &[param("access_uid", Cross)]),
    records("mail_get_partner_fields", READ, &[]),
    model("mail_allowed_qweb_expressions", READ, &[]),
    model(
        "read_progress_bar",
        READ,
        &[param("domain", Domain), param("group_by", Groups), param("progress_bar", ProgressBar)],
    ),
    model(
        "read_group",
        READ,
        &[
            param("domain", Domain),
            param("fields", Aggregates),
            param("groupby", Groups),
            param("offset", Plain),
            param("limit", Plain),
            param("orderby", Order),
            param("lazy", Plain),
        ],
    ),
    model(
        "formatted_read_group",
        READ,
        &[
            param("domain", Domain),
            param("groupby", Groups),
            param("aggregates", Aggregates),
            param("having", Having),
            param("offset", Plain),
            param("limit", Plain),
            param("order", Order),
        ],
    ),
    model(
        "formatted_read_grouping_sets",
        READ,
        &[
            param("domain", Domain),
            param("grouping_sets", Groups),
            param("aggregates", Aggregates),
            param("order", Order),
        ],
    ),
    records("web_read", READ, &[param("specification", Specification)]),
    model(
        "web_search_read",
        READ,
        &[
            param("domain", Domain),
            param("specification", Specification),
            param("offset", Plain),
            param("limit", Plain),
            param("order", Order),
            param("count_limit", Plain),
        ],
    ),
    model(
        "web_name_search",
        READ,
        &[
            param("name", Names),
            param("specification", Specification),
            param("domain", Domain),
            param("operator", Operator),
            param("limit", Plain),
        ],
    ),
    model(
        "web_read_group",
        READ,
        &[
            param("domain", Domain),
            param("groupby", Groups),
            param("aggregates", Aggregates),
            param("limit", Plain),
            param("offset", Plain),
            param("order", Order),
            param("auto_unfold", Plain),
            param("opening_info", Cross),
            param("unfold_read_specification", Specification),
            param("unfold_read_default_limit", Plain),
            param("groupby_read_specification", GroupSpecification),
        ],
    ),
    records("export_data", READ, &[param("fields_to_export", Paths)]),
    crossing(records(
        "onchange",
        READ,
        &[param("values", Plain), param("field_names", Plain), param("fields_spec", Specification)],
    )),
    crossing(records("copy_data", READ, &[param("default", Values)])),
    crossing(records("get_metadata", READ, &[])),
    crossing(model("get_views", READ, &[param("views", Plain), param("options", Plain)])),
    crossing(model(
        "get_view",
        READ,
        &[param("view_id", Plain), param("view_type", Plain), param("toolbar", Plain), param("mobile", Plain)],
    )),
    crossing(model("view_header_get", READ, &[param("view_id", Plain), param("view_type", Plain)])),
    crossing(model("search_panel_select_range", READ, SEARCH_PANEL)),
    crossing(model("search_panel_select_multi_range", READ, SEARCH_PANEL)),
    crossing(records(
        "activity_search",
        READ,
        &[
            param("act_type_xmlids", Plain),
            param("user_id", Plain),
            param("additional_domain", Plain),
            param("only_automated", Plain),
        ],
    )),
    crossing(records(
        "message_get_followers",
        READ,
        &[param("after", Plain), param("limit", Plain), param("filter_recipients", Plain)],
    )),
    records("write", WRITE, &[param("vals", Values)]),
    records("toggle_active", WRITE, &[]),
    records("action_archive", WRITE, &[]),
    records("action_unarchive", WRITE, &[]),
    records("message_unsubscribe", WRITE, &[param("partner_ids", Plain)]),
    records(
        "web_save",
        READ_WRITE,
        &[param("vals", Values), param("specification", Specification), param("next_id", Cross)],
    ),
    records("web_save_multi", READ_WRITE, &[param("vals_list", Values), param("specification", Specification)]),
    records(
        "web_resequence",
        READ_WRITE,
        &[param("specification", Specification), param("field_name", WrittenField), param("offset", Plain)],
    ),
    model("create", CREATE, &[renamed("vals_list", "vals", Values)]),
    model("name_create", CREATE, &[param("name", Plain)]),
    records("copy", CREATE, &[param("default", Values)]),
    mapped_only(model("load", WRITE_CREATE, &[param("fields", Columns), param("data", Rows)])),
    records("unlink", DELETE, &[]),
];

/// What Odoo's search panel asks for. `group_domain` has a domain for each group.
const SEARCH_PANEL: &[Param] = &[
    param("field_name", Plain),
    param("category_domain", Domain),
    param("comodel_domain", Plain),
    param("enable_counters", Plain),
    param("expand", Plain),
    param("filter_domain", Domain),
    param("group_by", Plain),
    param("group_domain", Plain),
    param("hierarchize", Plain),
    param("limit", Plain),
    param("search_domain", Domain),
];

/// The parameter with a name, or with another one of an older Odoo.
pub(crate) fn keyword<'p>(params: &'p [Param], name: &str) -> Option<&'p Param> {
    params.iter().find(|param| param.name == name || param.alias.is_some_and(|alias| alias == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::left_out::LEFT_OUT;

    #[test]
    fn every_method_stands_once_and_does_something() {
        let mut names: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        names.extend(LEFT_OUT.iter().map(|(name, _)| name));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        for method in METHODS {
            assert!(!method.operations.is_empty() && !method.name.starts_with('_'), "{}", method.name);
        }
    }
}
