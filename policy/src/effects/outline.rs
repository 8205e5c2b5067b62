//! The outline of a call: its arguments with every name kept and every value blanked, so that a call can be decided on again, under
//! another policy, from its audit record.
//!
//! Names are those of fields, paths, arguments and keys of the context. A text becomes `-`, or `<` if it has tags; a number
//! becomes 1. What repeats itself stands once, and what no decision depends on is left out, so that calls of one kind have
//! one outline.

use std::borrow::Cow;

use crate::call::Call;
use crate::effects::domain::{self, Parts};
use crate::effects::{forms, has_tags, is_absent, is_deep, members, possible_ids};
use crate::formats::json;
use crate::formats::value::{self, Members, Value};
use crate::odoo::calls;
use crate::odoo::operations::{self, Kind, Method, Param, keyword};
use crate::odoo::tables::{self, ContextKey};
use crate::road::MAX_NAME;
use crate::wire::MAX_OUTLINE;

/// The outline, as JSON: an object with `args` and `kwargs`, which are left out where they are empty. `None` of a call whose
/// arguments are not the method's, and of one whose outline is longer than [`MAX_OUTLINE`].
pub fn of(call: &Call<'_>) -> Option<String> {
    let known = operations::method(&call.method);
    let (args, mut kwargs) = match known {
        Some(method) => of_known(call, method)?,
        None => of_unknown(call)?,
    };
    let context = context(call)?;
    if !context.is_empty() {
        kwargs.push(("context".into(), Value::Struct(context)));
    }
    let mut parts = vec![("args".into(), Value::Array(args)), ("kwargs".into(), Value::Struct(kwargs))];
    parts.retain(|(_, value)| !is_absent(value));
    let mut text = String::with_capacity(USUAL);
    json::write(&mut text, &Value::Struct(parts));
    (text.len() <= MAX_OUTLINE).then_some(text)
}

/// A call with this outline; `None` if it is none.
pub fn call<'o>(model: &'o str, method: &'o str, outline: &'o str) -> Option<Call<'o>> {
    let mut parts = json::read(outline.as_bytes()).ok()?.into_members()?;
    let mut part = |name: &str| value::member_mut(&mut parts, name).map(|value| std::mem::replace(value, Value::Nil));
    let args = match part("args") {
        None => Vec::new(),
        Some(Value::Array(args)) => args,
        Some(_) => return None,
    };
    let kwargs = match part("kwargs") {
        None => Members::new(),
        Some(kwargs) => kwargs.into_members()?,
    };
    Some(Call {
        database: None,
        uid: None,
        password: "".into(),
        model: model.into(),
        method: method.into(),
        args,
        kwargs,
    })
}

/// Bytes that hardly an outline has more of.
const USUAL: usize = 256;
/// Conditions, records and commands of one kind stand once; so many kinds of them no call has.
const MAX_DISTINCT: usize = 64;

type Outlined<'c> = (Vec<Value<'c>>, Members<'c>);

/// Of a method in the operations table: all arguments but the ids by their names.
fn of_known<'c>(call: &'c Call<'c>, method: &'static Method) -> Option<Outlined<'c>> {
    let (mut args, mut kwargs) = (Vec::new(), Members::with_capacity(method.params.len()));
    let mut positional = call.args.as_slice();
    if method.ids {
        let [ids, rest @ ..] = positional else { return None };
        args.push(ids_of(ids));
        positional = rest;
    }
    if positional.len() > method.params.len() {
        return None;
    }
    let by_place = method.params.iter().zip(positional);
    let named = call.kwargs.iter().filter(|(name, _)| name != "context");
    let by_name = named.map(|(name, value)| keyword(method.params, name).map(|param| (param, value)));
    for given in by_place.map(Some).chain(by_name) {
        let (param, value) = given?;
        if let Some(value) = argument(param, value)? {
            kwargs.push((param.name.into(), value));
        }
    }
    Some((args, kwargs))
}

/// Of any other method: whether its arguments are values, lists, or lists of lists.
fn of_unknown<'c>(call: &'c Call<'c>) -> Option<Outlined<'c>> {
    let is_note = call.method == calls::MESSAGE_POST && forms::is_note(call);
    let mut args: Vec<_> = call.args.iter().map(shape).collect();
    if let (Some(first), Some(ids)) = (args.first_mut(), call.args.first())
        && !is_deep(ids)
        && !matches!(ids, Value::Nil)
    {
        *first = ids_of(ids);
    }
    let mut kwargs = Members::new();
    for (name, value) in call.kwargs.iter().filter(|(name, _)| name != "context") {
        let value = match (name.as_ref(), value) {
            ("message_type", Value::String(_)) if is_note => Value::String("comment".into()),
            ("subtype_xmlid", Value::String(_)) if is_note => Value::String("mail.mt_note".into()),
            ("attachments", Value::Array(files)) if is_note && !files.is_empty() => {
                Value::Array(vec![Value::Array(vec![TEXT, TEXT])])
            }
            _ => shape(value),
        };
        kwargs.push((name_of(name)?, value));
    }
    kwargs.sort_by(|one, other| one.0.cmp(&other.0));
    Some((args, kwargs))
}

const TEXT: Value<'static> = Value::String(Cow::Borrowed("-"));
const TAGS: Value<'static> = Value::String(Cow::Borrowed("<"));
const NUMBER: Value<'static> = Value::Int(1);

/// Some record, or none.
fn ids_of<'c>(ids: &Value<'_>) -> Value<'c> {
    Value::Array(if possible_ids(ids).is_empty() { Vec::new() } else { vec![NUMBER] })
}

fn shape<'c>(value: &Value<'_>) -> Value<'c> {
    match value {
        deep if is_deep(deep) => Value::Array(vec![Value::Array(Vec::new())]),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Struct(_) => Value::Struct(Members::new()),
        Value::Nil => Value::Nil,
        Value::Bool(_) => Value::Bool(false),
        Value::Int(_) | Value::Double(_) | Value::Decimal(_) => NUMBER,
        Value::String(_) | Value::Base64(_) | Value::DateTime(_) => TEXT,
    }
}

/// An argument; nothing inside for one on which no decision depends.
fn argument<'c>(param: &Param, value: &'c Value<'c>) -> Option<Option<Value<'c>>> {
    let outlined = match param.kind {
        Kind::Plain | Kind::Rows => None,
        _ if is_absent(value) && !matches!(param.kind, Kind::Values) => None,
        Kind::Domain | Kind::Having => Some(conditions(value)?),
        Kind::Operator => Some(Value::String(domain::operator_of(value)?.into())),
        Kind::Names => (value.as_str() != Some("")).then_some(TEXT),
        Kind::Fields | Kind::Paths | Kind::Groups | Kind::Aggregates => {
            let mut names = Vec::new();
            texts(value, &mut names)?;
            names.sort_unstable_by(|one, other| one.as_str().cmp(&other.as_str()));
            names.dedup();
            Some(Value::Array(names))
        }
        Kind::Columns => {
            let mut names = Vec::new();
            texts(value, &mut names)?;
            Some(Value::Array(names))
        }
        Kind::Order | Kind::WrittenField => Some(Value::String(name_of(value.as_str()?)?)),
        Kind::Specification | Kind::GroupSpecification => Some(specification(value)?),
        Kind::ProgressBar => match value::member(members(value).ok()?, "field") {
            Some(field) => Some(Value::Struct(vec![("field".into(), Value::String(name_of(field.as_str()?)?))])),
            None => None,
        },
        Kind::Values => match value {
            Value::Nil | Value::Bool(false) => None,
            Value::Array(records) => {
                let mut distinct = distinct(records, record)?;
                Some(if distinct.len() == 1 { distinct.pop()? } else { Value::Array(distinct) })
            }
            one => Some(record(one)?),
        },
        Kind::Cross => Some(NUMBER),
    };
    Some(outlined)
}

/// The distinct outlines of items.
fn distinct<'c>(
    items: &'c [Value<'c>],
    outline: impl Fn(&'c Value<'c>) -> Option<Value<'c>>,
) -> Option<Vec<Value<'c>>> {
    let mut distinct = Vec::new();
    for item in items {
        let outlined = outline(item)?;
        if !distinct.contains(&outlined) {
            if distinct.len() == MAX_DISTINCT {
                return None;
            }
            distinct.push(outlined);
        }
    }
    Some(distinct)
}

/// The conditions of a domain, without the operators that join them.
fn conditions<'c>(value: &'c Value<'c>) -> Option<Value<'c>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        // Odoo takes `true` for all records.
        Value::Nil | Value::Bool(_) => &[],
        _ => return None,
    };
    let mut conditions = distinct(items, |item| match domain::parts(item).ok()? {
        Parts::Set | Parts::Constant => Some(Value::Nil),
        Parts::Condition(path, operator, value) => {
            let operator = domain::operator_of(operator)?;
            let value = match operator {
                "any" | "not any" => conditions(value)?,
                _ if domain::holds_text(value) => TEXT,
                _ => NUMBER,
            };
            Some(Value::Array(vec![Value::String(name_of(path)?), Value::String(operator.into()), value]))
        }
    })?;
    conditions.retain(|condition| *condition != Value::Nil);
    Some(Value::Array(conditions))
}

fn specification<'c>(value: &'c Value<'c>) -> Option<Value<'c>> {
    let mut fields = Members::new();
    for (field, inner) in members(value).ok()? {
        let mut parts = Members::new();
        if !is_absent(inner) {
            for (part, inner) in members(inner).ok()?.iter().filter(|(_, inner)| !is_absent(inner)) {
                let inner = match part.as_ref() {
                    "fields" => specification(inner)?,
                    "order" => Value::String(name_of(inner.as_str()?)?),
                    "context" => {
                        let keys = members(inner).ok()?.iter().map(|(key, _)| Some((name_of(key)?, NUMBER)));
                        Value::Struct(keys.collect::<Option<_>>()?)
                    }
                    _ => continue,
                };
                parts.push((Cow::Borrowed(part), inner));
            }
        }
        fields.push((name_of(field)?, Value::Struct(parts)));
    }
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    Some(Value::Struct(fields))
}

/// Where values stand: objects in a list of a `default_*` key are records, elsewhere properties.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Argument,
    Context,
}

/// Values of one record.
fn record<'c>(values: &'c Value<'c>) -> Option<Value<'c>> {
    let members = members(values).ok()?.iter();
    let mut fields: Members<'c> = members
        .map(|(field, value)| Some((name_of(field)?, written(field, value, Source::Argument)?)))
        .collect::<Option<_>>()?;
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    Some(Value::Struct(fields))
}

/// The value of a field.
fn written<'c>(field: &str, value: &'c Value<'c>, source: Source) -> Option<Value<'c>> {
    Some(match value {
        Value::Nil => Value::Nil,
        Value::Bool(_) => Value::Bool(false),
        // Whether a record is named beside decides on some fields.
        Value::Int(0) if field.ends_with("_id") => Value::Int(0),
        Value::Int(_) | Value::Double(_) | Value::Decimal(_) => NUMBER,
        Value::String(text) if field == "res_model" => name_of(text).map_or(TEXT, Value::String),
        Value::String(text) if text.is_empty() => Value::String("".into()),
        Value::String(text) => model_of_reference(text).unwrap_or(if has_tags(value) { TAGS } else { TEXT }),
        Value::Base64(_) | Value::DateTime(_) => TAGS,
        Value::Struct(_) => Value::Struct(Members::new()),
        Value::Array(items) => Value::Array(distinct(items, |item| command(item, source))?),
    })
}

/// A text that names a record by its model. Of models that Odoo does not bring, it could be any text with a comma.
fn model_of_reference<'c>(text: &str) -> Option<Value<'c>> {
    let (model, id) = text.split_once(',')?;
    let is_brought = tables::names(model).is_some() || tables::closed(model).is_some();
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    (is_brought && is_id).then(|| Value::String(format!("{model},1").into()))
}

/// An item in the value of a field: a command, a record's id, or something else of which only the kind counts.
fn command<'c>(item: &'c Value<'c>, source: Source) -> Option<Value<'c>> {
    let of = |number, id: Value<'c>, values| Value::Array(vec![Value::Int(number), id, values]);
    Some(match item {
        Value::Array(command) => match command.as_slice() {
            [Value::Int(number @ (0 | 1)), _, values, ..] if members(values).is_ok() => {
                of(*number, NUMBER, record(values)?)
            }
            [Value::Int(6), _, ids, ..] => of(6, NUMBER, ids_of(ids)),
            [Value::Int(number @ 2..=5), ..] => Value::Array(vec![Value::Int(*number), NUMBER]),
            _ => Value::Array(Vec::new()),
        },
        Value::Struct(_) if source == Source::Context => record(item)?,
        other => shape(other),
    })
}

/// The keys of the context that decide: those that write, and those that a permission must open.
fn context<'c>(call: &'c Call<'c>) -> Option<Members<'c>> {
    let mut keys = Members::new();
    for (key, value) in call.context() {
        let value = match tables::context_key(key) {
            ContextKey::Open | ContextKey::LeftOut => continue,
            ContextKey::Default(field) => written(field, value, Source::Context)?,
            _ if key == "uid" => continue,
            ContextKey::Read | ContextKey::Unknown => NUMBER,
        };
        keys.push((name_of(key)?, value));
    }
    keys.sort_by(|one, other| one.0.cmp(&other.0));
    Some(keys)
}

fn texts<'c>(value: &'c Value<'c>, names: &mut Vec<Value<'c>>) -> Option<()> {
    match value {
        Value::String(text) => names.push(Value::String(name_of(text)?)),
        Value::Array(items) => items.iter().try_for_each(|item| texts(item, names))?,
        Value::Nil | Value::Bool(false) => {}
        _ => return None,
    }
    Some(())
}

/// A text that can be a name, a path, an aggregate or an order: nothing else is kept as it is.
fn name_of(text: &str) -> Option<Cow<'_, str>> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/(), ".contains(&byte);
    (text.len() <= MAX_NAME && text.bytes().all(is_of_name)).then_some(Cow::Borrowed(text))
}
