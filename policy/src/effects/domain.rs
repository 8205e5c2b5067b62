//! Domains: conditions of a path, an operator and a value, and how they reach other models.
//!
//! Operators are a closed list, compared in lower case as Odoo compares them, and forwarded so: some of Odoo's methods look
//! at a condition before its operator is lowered.

use std::fmt;

use crate::call::Call;
use crate::effects::{BadArguments, By, Reader, joined};
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
pub(super) enum Place<'p> {
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

impl<'c> Reader<'c> {
    /// A domain: operators of sets, and conditions. Odoo takes `true` for all records. `prefix` is the path to its model.
    pub(super) fn domain(&mut self, value: &'c Value<'c>, prefix: &str, place: &Place<'_>) -> Result<(), BadArguments> {
        each(value, place, |item, place| self.condition(item, prefix, place))
    }

    /// A domain over aggregates: `amount:sum` stands where a path does.
    pub(super) fn having(&mut self, value: &'c Value<'c>, place: &Place<'_>) -> Result<(), BadArguments> {
        each(value, place, |item, place| match parts(item)? {
            Parts::Set | Parts::Constant => Ok(()),
            Parts::Condition(aggregate, operator, _) => {
                known(operator, &Place::Item(place, 1))?;
                self.aggregate(aggregate)
            }
        })
    }

    fn condition(&mut self, item: &'c Value<'c>, prefix: &str, place: &Place<'_>) -> Result<(), BadArguments> {
        let Parts::Condition(path, operator, value) = parts(item)? else { return Ok(()) };
        match known(operator, &Place::Item(place, 1))? {
            // A longer path. One that leads nowhere asks whether there is a record.
            "any" | "not any" => {
                let before = self.effects.reads.len();
                self.domain(value, &joined(prefix, path), &Place::Item(place, 2))?;
                if self.effects.reads.len() == before {
                    self.reads(prefix, path, By::Value);
                }
                Ok(())
            }
            operator => {
                let by = match operator {
                    "child_of" | "parent_of" if holds_text(value) => By::NameInTree,
                    // A name is looked for whatever it is compared with.
                    _ if holds_text(value) || path.rsplit('.').next() == Some("display_name") => By::Name,
                    _ => By::Value,
                };
                self.reads(prefix, path, by);
                Ok(())
            }
        }
    }
}

/// An item of a domain.
pub(super) enum Parts<'c> {
    /// `&`, `|` or `!`.
    Set,
    /// `(1, '=', 1)` and `(0, '=', 1)`: always and never.
    Constant,
    /// A path, an operator and a value.
    Condition(&'c str, &'c Value<'c>, &'c Value<'c>),
}

pub(super) fn parts<'c>(item: &'c Value<'c>) -> Result<Parts<'c>, BadArguments> {
    match item {
        Value::String(operator) if matches!(operator.as_ref(), "&" | "|" | "!") => Ok(Parts::Set),
        Value::Array(parts) => match parts.as_slice() {
            [Value::Int(_), Value::String(operator), Value::Int(_)] if OPERATORS.contains(&&**operator) => {
                Ok(Parts::Constant)
            }
            [Value::String(path), operator @ Value::String(_), value] => Ok(Parts::Condition(path, operator, value)),
            _ => Err(BadArguments::Shape),
        },
        _ => Err(BadArguments::Shape),
    }
}

fn each<'c>(
    value: &'c Value<'c>,
    place: &Place<'_>,
    mut take: impl FnMut(&'c Value<'c>, &Place<'_>) -> Result<(), BadArguments>,
) -> Result<(), BadArguments> {
    match value {
        Value::Nil | Value::Bool(_) => Ok(()),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| take(item, &Place::Item(place, at))),
        _ => Err(BadArguments::Shape),
    }
}

/// The operator that a text is.
pub(super) fn operator_of(text: &Value<'_>) -> Option<&'static str> {
    let text = text.as_str()?;
    OPERATORS.iter().find(|operator| operator.eq_ignore_ascii_case(text)).copied()
}

fn known(text: &Value<'_>, place: &Place<'_>) -> Result<&'static str, BadArguments> {
    match text {
        Value::String(_) => operator_of(text).ok_or_else(|| BadArguments::Operator(place.to_string())),
        _ => Err(BadArguments::Shape),
    }
}

/// An operator by itself, for a search by name: none that takes a domain.
pub(super) fn operator(value: &Value<'_>, place: &Place<'_>) -> Result<(), BadArguments> {
    match known(value, place)? {
        "any" | "not any" => Err(BadArguments::Operator(place.to_string())),
        _ => Ok(()),
    }
}

/// Refuses a call that has a condition with [`BYPASSES`] anywhere, whatever the method makes of its arguments: of many
/// nobody has said where they take a domain. A method that was mapped may take the operator by itself.
pub(super) fn keeps_to_access_rules(call: &Call<'_>, is_mapped: bool) -> Result<(), BadArguments> {
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

pub(super) fn holds_text(value: &Value<'_>) -> bool {
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
}
