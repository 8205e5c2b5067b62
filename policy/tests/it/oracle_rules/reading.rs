//! Section 2: reading.

use lictor_policy::odoo::tables;
use lictor_policy::wire::{Field, FieldRule, Model};

use super::known::is_x2many;
use super::paths::Place;
use super::{Lack, Oracle, Why};

/// "`hr.employee.public` goes through `hr.employee` freely."
const FREELY: (&str, &str) = ("hr.employee.public", "hr.employee");

impl Oracle<'_> {
    /// Whether a field's name may stand where its value is read.
    pub(crate) fn read(&self, model: &str, name: &str) -> Result<(), Lack> {
        let rule = self.permission(model).and_then(|found| found.fields.read.as_ref());
        if self.reads_by(rule, model, name) { Ok(()) } else { Err(Lack::of(Why::Field, model, name)) }
    }

    pub(crate) fn reads_by(&self, rule: Option<&FieldRule>, model: &str, name: &str) -> bool {
        // A record's id is no secret: it is named to read the record, and an empty list becomes `["id"]`.
        if name == "id" {
            return true;
        }
        if self.is_credential(model, name) || self.is_closed_with_a_model(model, name, false) {
            return false;
        }
        let Some(fields) = self.model(model) else {
            // "Without a schema: (values that are text or number for) the fields named in `only`, nothing else."
            return matches!(rule, Some(FieldRule::Only(names)) if has(names, name));
        };
        let Some(field) = self.field(model, name) else { return false };
        match rule {
            None => self.is_read_by_default(model, field),
            Some(FieldRule::Only(names)) => has(names, name),
            Some(FieldRule::Hide(names)) => self.is_read_by_default(model, field) && !is_hidden(fields, names, name),
            Some(FieldRule::Also(names)) => self.is_read_by_default(model, field) || has(names, name),
        }
    }

    /// "By default open: the model's own fields (a stored related field is own) and those that it inherits; another related field where
    /// each model on its path may be read or is reference data. Not: fields that Odoo shows to a group other than all internal users;
    /// references into names that tell unless that model may be read."
    pub(crate) fn is_read_by_default(&self, model: &str, field: &Field) -> bool {
        if field.restricted {
            return false;
        }
        if self.tells(field) {
            return false;
        }
        if field.related.is_none() || !field.unstored || self.inherited_through(model, field).is_some() {
            return true;
        }
        // "Or the path stand in `paths`": then its value may be read, by whatever name.
        let related = field.related.as_deref().unwrap_or_default();
        if self.permission(model).is_some_and(|found| has(&found.paths, related)) {
            return self.path(&Place::of(model), related).is_ok();
        }
        let Some(mut steps) = self.path_of(model, field) else { return false };
        // "`x.id` is none": the reference shows it.
        steps.truncate(self.without_parts(model, related.split('.').map(str::to_owned).collect()).len());
        // Each by its model's own rule, and one that the gate does not know may be anything.
        steps.iter().all(|(on_path, name)| {
            let free = (model, on_path.as_str()) == FREELY && related.starts_with("employee_id.");
            free || (self.model(on_path).is_some()
                && (on_path == model || self.is_readable(on_path))
                && self.read(on_path, name).is_ok())
        })
    }

    /// Whether the names of what the field points to tell what only some may know.
    pub(crate) fn tells(&self, field: &Field) -> bool {
        field.relation.as_deref().is_some_and(|other| tables::is_telling(other) && !self.is_readable(other))
    }

    /// "References into names that tell", where a field of any kind shows names.
    pub(crate) fn read_with_names(&self, model: &str, name: &str) -> Result<(), Lack> {
        self.read(model, name)?;
        let rule = self.permission(model).and_then(|found| found.fields.read.as_ref());
        let named = matches!(rule, Some(FieldRule::Only(names) | FieldRule::Also(names)) if has(names, name));
        match self.field(model, name) {
            Some(field) if is_x2many(field.kind) && self.tells(field) && !named => {
                Err(Lack::of(Why::Field, model, name))
            }
            _ => Ok(()),
        }
    }

    /// "Written anew with what may be read and what the user's set of groups sees, without links into models that the user may not read.
    /// A list that comes out empty is `["id"]`. A `fields_get` that names none: what may be read or written."
    pub(crate) fn written_anew(&self, model: &str, or_written: bool) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(known) = self.model(model)
            && let Some(view) = known.views.iter().find(|view| Some(view.set) == self.who.view)
        {
            for (number, field) in known.fields.iter().enumerate() {
                let written = or_written && self.is_written(model, &field.name);
                if (self.read(model, &field.name).is_ok() || written) && (or_written || !view.dead_ends.has(number)) {
                    names.push(field.name.clone());
                }
            }
        }
        if names.is_empty() { vec!["id".to_owned()] } else { names }
    }
}

/// "`hide` takes along the fields that `depends` tells are copies (`email` → `email_normalized email_formatted`), not `display_name`."
pub(crate) fn is_hidden(model: &Model, names: &[String], name: &str) -> bool {
    let mut hidden = names.to_vec();
    loop {
        let copies = |field: &&Field| {
            let inherits = |name: &str| model.delegations.iter().any(|delegation| delegation.field == name);
            let is_shown = |name: &str| field.unstored && has(&hidden, name) && !inherits(name);
            let shows = |path: &String| path.split('.').next().is_some_and(is_shown);
            field.name != "display_name"
                && !has(&hidden, &field.name)
                && (field.depends.iter().any(|path| has(&hidden, path)) || field.related.as_ref().is_some_and(shows))
        };
        let Some(copy) = model.fields.iter().find(copies) else { break };
        hidden.push(copy.name.clone());
    }
    has(&hidden, name)
}

pub(crate) fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| listed == name)
}
