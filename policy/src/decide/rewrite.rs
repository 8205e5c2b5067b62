//! What of a permitted call is forwarded otherwise than it came: lists that name no field, and keys of the context.

use std::borrow::Cow;

use crate::call::Call;
use crate::decide::access::Access;
use crate::effects::Effects;
use crate::formats::value::{Members, Value, member_mut};
use crate::odoo::operations::{self, Param};

/// The key of the context with which Odoo stores files as text where they could be code.
const PLAIN_FILES: &str = "attachments_mime_plainxml";

/// The parameter of `fields_get`, which reads no values.
const ALL_FIELDS: &str = "allfields";

/// What is changed in a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// The fields that take the place of a list that names none.
    list: Option<(&'static Param, Vec<String>)>,
    /// Keys of the context that are left out.
    left_out: Vec<String>,
    /// Whether Odoo is to store files as text where they could be code.
    plain_files: bool,
}

impl Rewrite {
    pub(super) fn of(access: &Access<'_>, call: &Call<'_>, effects: &Effects<'_>) -> Self {
        let of = &effects.rewrite;
        let list = of.list.map(|param| (param, access.list(&call.model, param.name == ALL_FIELDS)));
        let left_out = of.left_out.iter().map(|key| (*key).to_owned()).collect();
        Self { list, left_out, plain_files: of.plain_files }
    }

    /// Whether the call reads values and names no field: what is open takes the place of all.
    pub fn lists_fields(&self) -> bool {
        self.list.as_ref().is_some_and(|(param, _)| param.name != ALL_FIELDS)
    }

    /// Changes the call that it was made for.
    pub fn apply(&self, call: &mut Call<'_>) {
        if let Some((param, fields)) = &self.list {
            let list = fields.iter().map(|field| Value::String(Cow::Owned(field.clone()))).collect();
            put(call, param, Value::Array(list));
        }
        if self.plain_files && member_mut(&mut call.kwargs, "context").is_none() {
            call.kwargs.push(("context".into(), Value::Struct(Members::new())));
        }
        if let Some(Value::Struct(context)) = member_mut(&mut call.kwargs, "context") {
            context.retain(|(key, _)| !self.left_out.iter().any(|left_out| left_out == key));
            if self.plain_files {
                context.retain(|(key, _)| key != PLAIN_FILES);
                context.push((PLAIN_FILES.into(), Value::Bool(true)));
            }
        }
    }
}

/// Puts an argument in its place, or by its name where the place was not given.
fn put<'a>(call: &mut Call<'a>, param: &'static Param, value: Value<'a>) {
    let Some(method) = operations::method(&call.method) else { return };
    let at = method.params.iter().position(|of| of == param).map(|at| at + usize::from(method.ids));
    if let Some(place) = at.and_then(|at| call.args.get_mut(at)) {
        *place = value;
        return;
    }
    call.kwargs.retain(|(name, _)| name != param.name && param.alias != Some(name));
    call.kwargs.push((param.name.into(), value));
}
