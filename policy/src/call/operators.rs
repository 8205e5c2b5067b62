//! The operators of a domain in the one spelling that Odoo's checks know.

use std::borrow::Cow;

use crate::call::Call;
use crate::formats::value::Value;
use crate::odoo::operations::{self, Kind, Param};

/// Writes the operators of a permitted call in lower case.
pub(crate) fn lower_operators(call: &mut Call<'_>) {
    let Some(method) = operations::method(&call.method) else { return };
    let positional = call.args.iter_mut().skip(usize::from(method.ids));
    method.params.iter().zip(positional).for_each(|(param, value)| lower_argument(param.kind, value));
    for (name, value) in &mut call.kwargs {
        if let Some(Param { kind, .. }) = operations::keyword(method.params, name) {
            lower_argument(*kind, value);
        }
    }
}

fn lower_argument(kind: Kind, value: &mut Value<'_>) {
    match kind {
        Kind::Domain | Kind::Having => lower_domain(value),
        Kind::Operator => lower(value),
        _ => {}
    }
}

fn lower_domain(value: &mut Value<'_>) {
    let Value::Array(items) = value else { return };
    for item in items {
        if let Value::Array(parts) = item
            && let [_, operator, inner] = parts.as_mut_slice()
        {
            lower(operator);
            if let Some("any" | "not any") = operator.as_str() {
                lower_domain(inner);
            }
        }
    }
}

fn lower(operator: &mut Value<'_>) {
    if let Value::String(text) = operator
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
    {
        *text = Cow::Owned(text.to_ascii_lowercase());
    }
}
