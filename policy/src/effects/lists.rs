//! Names of fields: in lists, groups, aggregates, orders and specifications.

use std::borrow::Cow;

use crate::effects::{BadArguments, By, Read, Reader, is_absent, members};
use crate::formats::value::{self, Value};
use crate::operation::{Operation, Operations};

impl<'c> Reader<'c> {
    /// A field that is read; `prefix` is the path to its model.
    pub(super) fn reads(&mut self, prefix: &str, path: impl Into<Cow<'c, str>>, by: By) {
        self.effects.reads.push(Read { path: joined(prefix, path), by });
    }

    /// Paths of `read` and of exports, alone or in a list: `a.b`, `a/b`, `a/.id`, and `a:id`, which is `a/id`.
    pub(super) fn paths(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        self.each(value, |reader, path| match path {
            ".id" => {}
            path if path.contains(['/', ':']) => {
                reader.reads("", path.replace("/.", ".").replace(['/', ':'], "."), By::Value);
            }
            path => reader.reads("", path, By::Value),
        })
    }

    /// Fields by which is grouped, a date's with `:month` and the like; alone, in a list, or in lists.
    pub(super) fn groups(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        self.each(value, |reader, group| reader.reads("", before(group, ':'), By::Value))
    }

    /// `__count`, `field:function`, `alias:function(field)`, or a field alone: one of the model itself.
    pub(super) fn aggregates(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        match value {
            Value::String(aggregate) => self.aggregate(aggregate),
            Value::Array(items) => items.iter().try_for_each(|item| self.aggregates(item)),
            Value::Nil | Value::Bool(false) => Ok(()),
            _ => Err(BadArguments::Shape),
        }
    }

    pub(super) fn aggregate(&mut self, aggregate: &'c str) -> Result<(), BadArguments> {
        let inner = aggregate.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        match inner.unwrap_or_else(|| before(aggregate, ':')) {
            "__count" => {}
            field if field.contains('.') => return Err(BadArguments::Shape),
            field => self.reads("", field, By::Value),
        }
        Ok(())
    }

    /// `name desc, id`, and of groups `amount:sum desc` or `__count`.
    pub(super) fn order(&mut self, value: &'c Value<'c>, prefix: &str) -> Result<(), BadArguments> {
        let order = match value {
            Value::Nil | Value::Bool(false) => return Ok(()),
            Value::String(order) => order,
            _ => return Err(BadArguments::Shape),
        };
        for part in order.split(',').filter(|part| !part.trim().is_empty()) {
            let field = before(part.split_whitespace().next().unwrap_or_default(), ':');
            if field != "__count" {
                self.reads(prefix, field, By::Value);
            }
        }
        Ok(())
    }

    /// `web_read`'s: a field may have sub-`fields`, an `order` and a `context`, all of the other model.
    pub(super) fn specification(&mut self, value: &'c Value<'c>, prefix: &str) -> Result<(), BadArguments> {
        if is_absent(value) {
            return Ok(());
        }
        for (field, inner) in members(value)? {
            self.reads(prefix, &**field, By::Value);
            if is_absent(inner) {
                continue;
            }
            let path = joined(prefix, &**field);
            for (name, inner) in members(inner)? {
                match name.as_ref() {
                    "fields" => self.specification(inner, &path)?,
                    "order" => self.order(inner, &path)?,
                    "context" => self.inner_context(inner)?,
                    "limit" | "offset" if !matches!(inner, Value::Array(_) | Value::Struct(_)) => {}
                    _ => return Err(BadArguments::Shape),
                }
            }
        }
        Ok(())
    }

    /// `web_read_group`'s: a specification for each field by which is grouped.
    pub(super) fn group_specification(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        if is_absent(value) {
            return Ok(());
        }
        members(value)?.iter().try_for_each(|(group, inner)| self.specification(inner, before(group, ':')))
    }

    /// What `read_progress_bar` counts: a struct with a `field` and its `colors`.
    pub(super) fn progress_bar(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        match value::member(members(value)?, "field") {
            Some(field) => self.groups(field),
            None => Ok(()),
        }
    }

    /// The text of a search by name.
    pub(super) fn names(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        match value {
            Value::Nil | Value::Bool(false) => {}
            Value::String(text) if text.is_empty() => {}
            _ => self.reads("", "display_name", By::Name),
        }
        Ok(())
    }

    /// `load`'s columns: `field`, `relation/field`, `relation/id` and `relation/.id`; Odoo takes `:` and `.` for `/` there.
    pub(super) fn columns(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        for column in value.as_array().ok_or(BadArguments::Shape)? {
            let column = column.as_str().ok_or(BadArguments::Shape)?;
            if matches!(column, "id" | ".id") {
                continue;
            }
            self.column(column);
        }
        Ok(())
    }

    fn column(&mut self, column: &'c str) {
        let (mut model, mut rest) = (&*self.call.model, column);
        loop {
            let (name, tail) = rest.split_once(['/', '.', ':']).unwrap_or((rest, ""));
            let Some(field) = self.writes(self.row(model), name, None) else { return };
            let Some(relation) = field.relation.as_deref() else { return };
            let by_id = matches!(tail, "id" | ".id");
            if field.kind.is_to_many() {
                let within = self.through(model, field, relation);
                if !by_id && !tail.is_empty() {
                    self.does(within, Operations::of(&[Operation::Create, Operation::Write]));
                    (model, rest) = (relation, tail);
                    continue;
                }
                self.takes_in(within, field);
            }
            if !by_id {
                // Records of the other model are found by their names.
                let way = column.strip_suffix(rest).unwrap_or_default();
                self.reads("", format!("{way}{name}").replace(['/', ':'], "."), By::Name);
            }
            return;
        }
    }

    /// Each text, alone, in a list, or in lists of lists.
    fn each(&mut self, value: &'c Value<'c>, take: impl Fn(&mut Self, &'c str) + Copy) -> Result<(), BadArguments> {
        match value {
            Value::String(text) => {
                take(self, text);
                Ok(())
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.each(item, take)),
            Value::Nil | Value::Bool(false) => Ok(()),
            _ => Err(BadArguments::Shape),
        }
    }
}

fn before(text: &str, mark: char) -> &str {
    text.split(mark).next().unwrap_or(text)
}

/// The path to a model, and a path on from there.
pub(crate) fn joined<'p>(prefix: &str, path: impl Into<Cow<'p, str>>) -> Cow<'p, str> {
    let path = path.into();
    if prefix.is_empty() { path } else { Cow::Owned(format!("{prefix}.{path}")) }
}
