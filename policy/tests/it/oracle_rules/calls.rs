//! Section 7: calls, and their safe forms.

use lictor_policy::call::Call;
use lictor_policy::formats::value::{Members, Value, member};
use lictor_policy::operation::Operation;

use super::reading::has;
use super::{Oracle, Why};

/// Section 4, last row; those that begin with `search_panel_` besides.
pub(crate) const CALLED_BY_NAME: [&str; 8] = [
    "onchange",
    "copy_data",
    "get_metadata",
    "get_view",
    "get_views",
    "view_header_get",
    "activity_search",
    "message_get_followers",
];

const NO_TYPES: [&str; 6] =
    ["text/javascript", "text/css", "text/xsl", "application/wasm", "message/rfc822", "multipart/x-mixed-replace"];
const NO_ENDINGS: [&str; 11] = ["js", "mjs", "css", "xsl", "xslt", "wasm", "swf", "mht", "mhtml", "hta", "htc"];

impl Oracle<'_> {
    /// "Safe forms need only the call; what mails somebody needs `calls: [message_post:mail]`."
    pub(crate) fn is_safe_or_open_call(&self, call: &Call<'static>) -> bool {
        let calls = self.permission(&call.model).map(|found| found.calls.as_slice()).unwrap_or_default();
        match call.method.as_ref() {
            "message_post" => has(calls, "message_post:mail") || (has(calls, "message_post") && is_safe_post(call)),
            "activity_schedule" => has(calls, "activity_schedule") && is_safe_activity(call),
            _ => false,
        }
    }

    /// "`attach`: `ir.attachment.create`, one or a list, with `res_model` that model, `res_id` one positive integer, `name`, `datas` or
    /// `raw`, `mimetype`, `description`; no `default_*`." Whether it is that, and then what it lacks.
    pub(crate) fn attach(&mut self, call: &Call<'static>) -> bool {
        let values = match super::arguments::argument(call, "vals_list") {
            Some(Value::Struct(values)) => vec![values],
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| if let Value::Struct(values) = item { Some(values) } else { None })
                .collect(),
            _ => return false,
        };
        let models: Vec<&str> = values.iter().filter_map(|values| is_safe_file(values)).collect();
        let has_default = call.context().iter().any(|(key, _)| key.starts_with("default_"));
        let attaches = |model: &&str| self.permission(model).is_some_and(|found| has(&found.calls, "attach"));
        let named: Vec<&str> =
            values.iter().filter_map(|values| member(values, "res_model").and_then(Value::as_str)).collect();
        if self.excepted("ir.attachment") {
            return false;
        }
        if models.len() != values.len() || has_default {
            self.lacks(Why::Malformed, "ir.attachment", "create");
        } else if !named.iter().all(attaches) {
            // It may be there for users of other groups.
            self.lacks(Why::Permission, "ir.attachment", "create");
            self.lacks(Why::Method, "ir.attachment", "create");
        }
        for model in models {
            self.scope(model, Operation::Call);
            self.key_model(model);
            if self.closed(model).is_some() {
                self.lacks(Why::Nested, model, "attach");
            }
        }
        true
    }
}

/// "`body subject parent_id`; `message_type` absent, `comment` or `notification`; `subtype_xmlid` absent or exactly `mail.mt_note`;
/// `attachments` as pairs of a name and a text, types as for `attach`; no `attachment_ids`."
fn is_safe_post(call: &Call<'static>) -> bool {
    call.args.len() <= 1
        && call.kwargs.iter().all(|(name, value)| match name.as_ref() {
            "body" | "subject" | "parent_id" | "context" => true,
            "message_type" => matches!(value.as_str(), Some("comment" | "notification")),
            "subtype_xmlid" => value.as_str() == Some("mail.mt_note"),
            "attachments" => value.as_array().is_some_and(|pairs| pairs.iter().all(is_safe_pair)),
            _ => false,
        })
}

fn is_safe_pair(pair: &Value<'static>) -> bool {
    matches!(pair.as_array(), Some([Value::String(name), Value::String(_)]) if !ends_badly(name))
}

/// "`act_type_xmlid date_deadline summary note user_id`."
pub(crate) fn is_safe_activity(call: &Call<'static>) -> bool {
    let names = ["act_type_xmlid", "date_deadline", "summary", "note", "user_id", "context"];
    call.args.len() <= 5 && call.kwargs.iter().all(|(name, _)| names.contains(&name.as_ref()))
}

/// The model of the record that a file is put on.
fn is_safe_file<'v>(values: &'v Members<'static>) -> Option<&'v str> {
    let names = ["res_model", "res_id", "name", "datas", "raw", "mimetype", "description"];
    let known = values.iter().all(|(name, _)| names.contains(&name.as_ref()));
    let id = matches!(member(values, "res_id"), Some(Value::Int(id)) if *id > 0);
    let named = member(values, "name").and_then(Value::as_str).is_some_and(|name| !ends_badly(name));
    let typed =
        member(values, "mimetype").is_none_or(|kind| kind.as_str().is_some_and(|kind| !NO_TYPES.contains(&kind)));
    let model = member(values, "res_model").and_then(Value::as_str)?;
    (known && id && named && typed).then_some(model)
}

fn ends_badly(name: &str) -> bool {
    let ending = name.to_lowercase().rsplit('.').next().unwrap_or_default().to_owned();
    name.contains('.') && NO_ENDINGS.contains(&ending.as_str())
}
