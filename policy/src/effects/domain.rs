//! Domains: conditions of a path, an operator and a value, and how they reach other models.
//!
//! Operators are a closed list, compared in lower case as Odoo compares them, and forwarded so: some of Odoo's methods look
//! at a condition before its operator is lowered.

use std::fmt;

use crate::call::Call;
use crate::effects::BadArguments;
use crate::effects::paths::{Crossing, first};
use crate::formats::value::Value;

/// `CONDITION_OPERATORS` of Odoo 19's `orm/domains.py`, without those that step over the access rules of other models.
pub const OPERATORS: &[&str] = &[
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

/// `INTERNAL_CONDITION_OPERATORS`: `any` and `not any` without the access rules of the other model. Odoo refuses them in
/// domains by their exact spelling, and lowers the operator afterwards.
const BYPASSES: [&str; 2] = ["any!", "not any!"];

/// Where something stands in a call: a parameter, an item of it, an item of that.
#[derive(Clone, Copy)]
pub(crate) enum Place<'p> {
    Param(&'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Param(name) => f.write_str(name),
            Self::Item(list, at) => write!(f, "{list}[{at}]"),
        }
    }
}

/// A domain: operators of sets, and conditions. Odoo takes `true` for all records.
pub(crate) fn domain(value: &Value<'_>, place: &Place<'_>) -> Crossing {
    match value {
        Value::Nil | Value::Bool(_) => Ok(None),
        Value::Array(items) => {
            first(items.iter().enumerate().map(|(at, item)| condition(item, &Place::Item(place, at))))
        }
        _ => Err(BadArguments::Shape),
    }
}

fn condition(item: &Value<'_>, place: &Place<'_>) -> Crossing {
    match item {
        Value::String(operator) if matches!(operator.as_ref(), "&" | "|" | "!") => Ok(None),
        Value::Array(parts) => match parts.as_slice() {
            // (1, '=', 1) and (0, '=', 1): always and never.
            [Value::Int(_), operator @ Value::String(_), Value::Int(_)] => {
                known(operator, &Place::Item(place, 1)).map(|_| None)
            }
            [Value::String(path), operator @ Value::String(_), value] => {
                let inside = match known(operator, &Place::Item(place, 1))? {
                    "any" | "not any" => {
                        domain(value, &Place::Item(place, 2))?;
                        true
                    }
                    // By name, these search the other model.
                    "child_of" | "parent_of" => holds_text(value),
                    _ => false,
                };
                if path.contains(['.', '/']) {
                    return Ok(Some("a condition's path leads into another model"));
                }
                Ok(inside.then_some("a condition looks into another model"))
            }
            _ => Err(BadArguments::Shape),
        },
        _ => Err(BadArguments::Shape),
    }
}

/// The operator that a text is.
fn known(text: &Value<'_>, place: &Place<'_>) -> Result<&'static str, BadArguments> {
    let text = text.as_str().ok_or(BadArguments::Shape)?;
    let found = OPERATORS.iter().find(|operator| operator.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| BadArguments::Operator(place.to_string()))
}

/// An operator by itself, for a search by name: none that takes a domain.
pub(crate) fn operator(value: &Value<'_>, place: &Place<'_>) -> Crossing {
    match known(value, place)? {
        "any" | "not any" => Err(BadArguments::Operator(place.to_string())),
        _ => Ok(None),
    }
}

/// Refuses a call that has a condition with [`BYPASSES`] anywhere, whatever the method makes of its arguments: of many
/// nobody has said where they take a domain. A method that was mapped may take the operator by itself.
pub(crate) fn keeps_to_access_rules(call: &Call<'_>, is_mapped: bool) -> Result<(), BadArguments> {
    let args = call.args.iter().enumerate();
    let args = args.map(|(at, value)| (Place::Item(&Place::Param("args"), at), value));
    let kwargs = call.kwargs.iter().map(|(name, value)| (Place::Param(name), value));
    for (place, value) in args.chain(kwargs) {
        if holds_bypass(value) || (is_mapped && is_bypass(value)) {
            return Err(BadArguments::Bypass(place.to_string()));
        }
    }
    Ok(())
}

fn holds_bypass(value: &Value<'_>) -> bool {
    match value {
        Value::Array(items) => {
            matches!(items.as_slice(), [_, operator, _] if is_bypass(operator)) || items.iter().any(holds_bypass)
        }
        Value::Struct(members) => members.iter().any(|(_, value)| holds_bypass(value)),
        _ => false,
    }
}

fn is_bypass(value: &Value<'_>) -> bool {
    value.as_str().is_some_and(|text| BYPASSES.iter().any(|bypass| bypass.eq_ignore_ascii_case(text.trim())))
}

fn holds_text(value: &Value<'_>) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(holds_text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Odoo lowers by Python's `str.lower`: nothing but ASCII may become one of the operators by it.
    #[test]
    fn no_letter_of_another_script_becomes_one_of_an_operator_but_the_kelvin_sign() {
        let letters: String = OPERATORS.concat() + &BYPASSES.concat();
        let become_one = ('\u{80}'..=char::MAX).filter(|letter| {
            let lowered: String = letter.to_lowercase().collect();
            lowered.chars().any(|letter| letters.contains(letter))
        });
        // K for `like`, which then is none of the list; the other becomes two characters.
        assert_eq!(become_one.collect::<String>(), "\u{130}\u{212a}");
        assert!(known(&Value::String("li\u{212a}e".into()), &Place::Param("domain")).is_err());
    }

    #[test]
    fn a_place_is_named_as_programs_would_reach_it() {
        let condition = |operator: &str, value| {
            Value::Array(vec![Value::String("a".into()), Value::String(operator.to_owned().into()), value])
        };
        let inner = Value::Array(vec![condition("=", Value::Nil), condition("is", Value::Nil)]);
        let bad = domain(&Value::Array(vec![condition("ANY", inner)]), &Place::Param("domain"));
        assert_eq!(bad, Err(BadArguments::Operator("domain[0][2][1][1]".to_owned())));
    }
}
