//! Safe forms of methods that could do more: an internal note, an activity, a file on a record.

use std::borrow::Cow;

use crate::call::Call;
use crate::effects::{BadArguments, Listed, Reader, is_scalar, members, possible_ids};
use crate::formats::value::{self, Members, Value};
use crate::odoo::calls;

/// Types of files that browsers run, or that are mails.
const TYPES: [&str; 6] =
    ["text/javascript", "text/css", "text/xsl", "application/wasm", "message/rfc822", "multipart/x-mixed-replace"];
/// Ends of names from which Odoo makes such types.
const ENDS: [&str; 11] = ["js", "mjs", "css", "xsl", "xslt", "wasm", "swf", "mht", "mhtml", "hta", "htc"];

impl<'c> Reader<'c> {
    /// What a method outside the operations table needs: to be listed, by the name of the form that the call has.
    pub(super) fn form(&mut self) -> Result<(), BadArguments> {
        let call = self.call;
        let name = match (call.model.as_ref(), call.method.as_ref()) {
            ("ir.attachment", "create") => return self.attach(),
            (_, calls::MESSAGE_POST) if !is_note(call) => calls::MESSAGE_POST_MAIL,
            (_, "activity_schedule") if !is_activity(call) => return Err(ACTIVITY),
            (_, name) => name,
        };
        self.effects.record_ids = call.args.first().map(possible_ids).unwrap_or_default();
        self.effects.calls.push(Listed { model: &call.model, name });
        Ok(())
    }

    /// Files that are put on records: each one's model must list it.
    fn attach(&mut self) -> Result<(), BadArguments> {
        let call = self.call;
        let values = match (call.args.as_slice(), value::member(&call.kwargs, "vals_list")) {
            ([values], None) | ([], Some(values)) => values,
            _ => return Err(FILE),
        };
        let others = call.kwargs.iter().any(|(name, _)| name != "context" && name != "vals_list");
        if others || call.context().iter().any(|(key, _)| key.starts_with("default_")) {
            return Err(FILE);
        }
        let files = match values {
            Value::Array(files) => files.as_slice(),
            one => std::slice::from_ref(one),
        };
        for file in files {
            let (model, id) = harmless_file(members(file).map_err(|_| FILE)?).ok_or(FILE)?;
            self.effects.nested_ids.push(id);
            let listed = Listed { model, name: calls::ATTACH };
            if !self.effects.calls.contains(&listed) {
                self.effects.calls.push(listed);
            }
        }
        self.effects.created = files.len();
        self.effects.rewrite.plain_files = true;
        Ok(())
    }
}

const ACTIVITY: BadArguments =
    BadArguments::Form("activity_schedule takes act_type_xmlid, date_deadline, summary, note and user_id");

const FILE: BadArguments = BadArguments::Form(
    "a file is put on a record with res_model, res_id, name, datas or raw, mimetype and description, nothing else and no default_* keys, and \
     is of no type that browsers run",
);

/// Whether a `message_post` is a note that only users see, and mails nobody but followers among them.
pub(super) fn is_note(call: &Call<'_>) -> bool {
    call.args.len() == 1
        && call.kwargs.iter().all(|(name, value)| match (name.as_ref(), value) {
            ("context", _) => true,
            ("body" | "subject", Value::String(_)) => true,
            ("parent_id", Value::Int(_) | Value::Bool(false) | Value::Nil) => true,
            ("message_type", Value::String(text)) => matches!(text.as_ref(), "comment" | "notification"),
            ("subtype_xmlid", Value::String(text)) => text == "mail.mt_note",
            ("attachments", Value::Array(files)) => files.iter().all(|file| match file.as_array() {
                Some([Value::String(name), Value::String(_) | Value::Base64(_)]) => is_harmless_name(name),
                _ => false,
            }),
            _ => false,
        })
}

fn is_activity(call: &Call<'_>) -> bool {
    const NAMES: [&str; 5] = ["act_type_xmlid", "date_deadline", "summary", "note", "user_id"];
    call.args.len() < NAMES.len()
        && call.args.iter().skip(1).all(is_scalar)
        && call
            .kwargs
            .iter()
            .all(|(name, value)| name == "context" || (NAMES.contains(&name.as_ref()) && is_scalar(value)))
}

/// The model and the id of the record that a file is put on, if the file is as it should be.
fn harmless_file<'c>(file: &'c Members<'c>) -> Option<(&'c str, i64)> {
    let text = |name: &str| value::member(file, name).and_then(Value::as_str);
    let (model, name) = (text("res_model")?, text("name")?);
    let Some(Value::Int(id @ 1..)) = value::member(file, "res_id") else { return None };
    let is_fit = |(name, value): &(Cow<'_, str>, Value<'_>)| match (name.as_ref(), value) {
        ("res_model" | "res_id" | "name", _) => true,
        ("datas" | "raw", Value::String(_) | Value::Base64(_)) => true,
        ("description", Value::String(_)) => true,
        ("mimetype", Value::String(kind)) => {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            !TYPES.iter().any(|listed| listed.eq_ignore_ascii_case(kind))
        }
        _ => false,
    };
    (is_harmless_name(name) && file.iter().all(is_fit)).then_some((model, *id))
}

/// Whether Odoo makes no type that browsers run of a file's name. Python's `mimetypes` looks past the end of a compressed file, and
/// takes a name that begins with `data:` for a type.
fn is_harmless_name(name: &str) -> bool {
    let is_listed = |part: &str| ENDS.iter().any(|end| end.eq_ignore_ascii_case(part.trim()));
    let is_data = name.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    !is_data && !name.split('.').skip(1).any(is_listed)
}
