//! Values of records: which fields they write.

use crate::effects::{BadArguments, Beside, Other, Reader, Record, Source, Write, is_scalar, members};
use crate::formats::value::Value;
use crate::operation::{Operation, Operations};
use crate::snapshot::field::Field;
use crate::snapshot::model::Seen;
use crate::wire::FieldType;

impl<'c> Reader<'c> {
    /// Values of one record, or of several in a list.
    pub(super) fn values(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        let records = match value {
            Value::Nil | Value::Bool(false) => return Ok(()),
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        self.effects.created = records.len();
        let seen = self.schema.model(&self.call.model);
        records.iter().try_for_each(|values| self.record(self.own(seen, values)?, values))
    }

    /// A `default_*` key of the context, for a record of the call's model.
    pub(super) fn default(&mut self, field: &'c str, value: &'c Value<'c>) -> Result<(), BadArguments> {
        const NOTHING: &Value<'_> = &Value::Nil;
        let record = self.own(self.schema.model(&self.call.model), NOTHING)?;
        self.value(Record { source: Source::Context, ..record }, field, value)
    }

    /// `web_resequence`'s field, in which numbers are written that the call does not name.
    pub(super) fn written_field(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        const NUMBER: &Value<'_> = &Value::Int(0);
        let name = match value {
            Value::Nil | Value::Bool(false) => "sequence",
            name => name.as_str().ok_or(BadArguments::Shape)?,
        };
        let record = self.row(&self.call.model);
        self.writes(record, name, Some(NUMBER));
        Ok(())
    }

    /// `load`'s rows.
    pub(super) fn rows(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        let rows = value.as_array().ok_or(BadArguments::Shape)?;
        self.effects.created = rows.len();
        for row in rows {
            let cells = row.as_array().ok_or(BadArguments::Shape)?;
            if !cells.iter().all(|cell| is_scalar(cell) && !holds_definitions(cell)) {
                return Err(BadArguments::Shape);
            }
        }
        Ok(())
    }

    /// Notes that a field is written, and finds it.
    pub(super) fn writes(
        &mut self,
        record: Record<'c>,
        field: &'c str,
        value: Option<&'c Value<'c>>,
    ) -> Option<&'c Field> {
        let Record { model, seen, creates, beside, .. } = record;
        let found = seen.and_then(|seen| seen.field(field));
        self.effects.writes.push(Write { model, field, is_known: seen.is_some(), found, value, beside, creates });
        found
    }

    /// A record of which no values are known.
    pub(super) fn row(&self, model: &'c str) -> Record<'c> {
        let (seen, beside) = (self.schema.model(model), Beside::default());
        Record { model, seen, creates: false, beside, source: Source::Argument }
    }

    /// A record of the call's model.
    fn own(&self, seen: Option<Seen<'c>>, values: &'c Value<'c>) -> Result<Record<'c>, BadArguments> {
        let values = if matches!(values, Value::Nil) { &[][..] } else { members(values)? };
        let creates = self.creates();
        let is_there = !creates || self.call.method == "copy";
        let beside = Beside { values, context: self.call.context(), is_there };
        Ok(Record { model: &self.call.model, seen, creates, beside, source: Source::Argument })
    }

    pub(super) fn record(&mut self, record: Record<'c>, values: &'c Value<'c>) -> Result<(), BadArguments> {
        members(values)?.iter().try_for_each(|(field, value)| self.value(record, field, value))
    }

    fn value(&mut self, record: Record<'c>, name: &'c str, value: &'c Value<'c>) -> Result<(), BadArguments> {
        let found = self.writes(record, name, Some(value));
        self.names_record(name, value, record.beside)?;
        let Some(field) = found else { return Ok(()) };
        match field.kind {
            kind if kind.is_to_many() => self.commands(record, field, value),
            FieldType::Properties if defines(value) => Err(BadArguments::Definitions),
            FieldType::Properties | FieldType::PropertiesDefinition | FieldType::Json => Ok(()),
            FieldType::Reference => {
                if let Some((model, _)) = value.as_str().and_then(|text| text.split_once(',')) {
                    self.names_model(model);
                }
                if is_scalar(value) { Ok(()) } else { Err(BadArguments::OneValue) }
            }
            _ if is_scalar(value) => Ok(()),
            _ => Err(BadArguments::OneValue),
        }
    }

    /// Values that name a record of another model by the model's name read it; by the model's number nobody could tell which it is.
    fn names_record(&mut self, field: &str, value: &'c Value<'c>, beside: Beside<'c>) -> Result<(), BadArguments> {
        match (field, value) {
            ("res_model", Value::String(model)) if !beside.leaves_empty("res_id") => self.names_model(model),
            ("res_model_id", Value::Int(1..)) if !beside.leaves_empty("res_id") => {
                return Err(BadArguments::ModelByNumber);
            }
            _ => {}
        }
        Ok(())
    }

    /// A record of another model is named, which is a read of it.
    fn names_model(&mut self, model: &'c str) {
        let operations = Operations::of(&[Operation::Read]);
        self.effects.others.push(Other { model, operations, through: None, links: false });
    }
}

/// Whether a value of properties defines them, for all records: a list with `definition_changed`, or text, which Odoo reads
/// as such a list.
fn defines(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(|item| match item {
            Value::Struct(members) => members.iter().any(|(name, _)| name == "definition_changed"),
            _ => true,
        }),
        _ => false,
    }
}

/// Whether a text is what Odoo reads as a list of property definitions. Python reads more as JSON than others do, so its
/// beginning decides.
fn holds_definitions(value: &Value<'_>) -> bool {
    let white = [' ', '\t', '\n', '\r'];
    let list = value.as_str().and_then(|text| text.trim_start_matches(white).strip_prefix('['));
    list.is_some_and(|items| items.trim_start_matches(white).starts_with('{'))
}
