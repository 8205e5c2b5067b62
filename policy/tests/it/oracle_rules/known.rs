//! Section 1: what is known of models and fields, and which are closed.

use lictor_policy::odoo::tables::{self, Closed};
use lictor_policy::operation::Operation;
use lictor_policy::wire::{Field, FieldType, Model, Permission};

use super::Oracle;

/// More steps than any path of Odoo's has.
const FAR: usize = 8;
/// "`resource_id` counts as one for `name active tz company_id`."
const OF_RESOURCES: [&str; 4] = ["name", "active", "tz", "company_id"];

impl<'w> Oracle<'w> {
    /// A model that is known; to a user of whom it is not known what Odoo shows, none is.
    pub(crate) fn model(&self, name: &str) -> Option<&'w Model> {
        let found = self.who.schema.models.iter().find(|entry| entry.name == name).map(|entry| &entry.record)?;
        found.views.iter().any(|view| Some(view.set) == self.who.view).then_some(found)
    }

    /// A field that Odoo shows to the user: "what a set of Odoo groups sees of a model is a bitmap over its fields; a set without one is
    /// shown nothing".
    pub(crate) fn field(&self, model: &str, name: &str) -> Option<&'w Field> {
        let known = self.model(model)?;
        let number = known.fields.iter().position(|field| field.name == name)?;
        let view = known.views.iter().find(|view| Some(view.set) == self.who.view)?;
        view.sees.has(number).then(|| &known.fields[number])
    }

    /// A field that Odoo shows to some user.
    pub(crate) fn declared(&self, model: &str, name: &str) -> Option<&'w Field> {
        self.model(model)?.fields.iter().find(|field| field.name == name)
    }

    /// "Optional `groups` (the user must be in one)": a permission of others is none.
    pub(crate) fn permission(&self, model: &str) -> Option<&'w Permission> {
        let found = self.who.permissions.iter().find(|permission| permission.model == model)?;
        let fits = found.groups.is_empty() || found.groups.iter().any(|group| self.who.groups.contains(group));
        fits.then_some(found)
    }

    pub(crate) fn permits(&self, model: &str, operation: Operation) -> bool {
        self.permission(model).is_some_and(|found| found.operations.contains(operation))
    }

    /// "Model restriction: none = any; else the model must be listed."
    pub(crate) fn is_of_the_key(&self, model: &str) -> bool {
        self.who.models.is_empty() || self.who.models.iter().any(|name| name == model)
    }

    pub(crate) fn excepted(&self, name: &str) -> bool {
        self.who.exceptions.iter().any(|exception| exception == name)
    }

    pub(crate) fn closed(&self, model: &str) -> Option<Closed> {
        if self.excepted(model) { None } else { tables::closed(model) }
    }

    /// "Each model on it must be readable for this key, or reference data."
    pub(crate) fn is_readable(&self, model: &str) -> bool {
        if self.closed(model) == Some(Closed::Altogether) {
            return false;
        }
        let with_permission = self.is_of_the_key(model) && self.permits(model, Operation::Read);
        with_permission || tables::is_reference_data(model)
    }

    /// The model that a reference delegates to.
    pub(crate) fn delegates_to(&self, model: &str, field: &str) -> Option<&'w str> {
        let found = self.model(model)?.delegations.iter().find(|found| found.field == field)?;
        Some(&found.model)
    }

    /// The delegation through which a field is inherited.
    pub(crate) fn inherited_through(&self, model: &str, field: &Field) -> Option<&'w Field> {
        let (reference, name) = field.related.as_deref()?.split_once('.')?;
        let of_a_resource = reference == "resource_id" && OF_RESOURCES.contains(&name);
        let delegates = self.delegates_to(model, reference).is_some() || of_a_resource;
        (name == field.name && delegates).then(|| self.declared(model, reference))?
    }

    /// The fields on the path of a related field, each with its model.
    pub(crate) fn path_of(&self, model: &str, field: &Field) -> Option<Vec<(String, String)>> {
        let names: Vec<&str> = field.related.as_deref()?.split('.').collect();
        let all = self.steps(model, field)?;
        Some(all.into_iter().take(names.len()).collect())
    }

    /// The same, and of a field at its end that is related itself the fields on its path.
    pub(crate) fn steps(&self, model: &str, field: &Field) -> Option<Vec<(String, String)>> {
        self.steps_within(model, field, FAR)
    }

    fn steps_within(&self, model: &str, field: &Field, far: usize) -> Option<Vec<(String, String)>> {
        let mut steps = Vec::new();
        let mut at = model.to_owned();
        let names: Vec<&str> = field.related.as_deref()?.split('.').collect();
        for (number, name) in names.iter().enumerate() {
            steps.push((at.clone(), (*name).to_owned()));
            let found = self.declared(&at, name);
            if number + 1 < names.len() {
                at = found?.relation.clone()?;
            } else if let Some(last) = found.filter(|last| last.related.is_some()) {
                steps.extend(self.steps_within(&at, last, far.checked_sub(1)?)?);
            }
        }
        Some(steps)
    }

    /// "Credentials are closed everywhere": also where their value is passed on.
    pub(crate) fn is_credential(&self, model: &str, name: &str) -> bool {
        if tables::is_credential(model, name) {
            return true;
        }
        let Some(field) = self.declared(model, name) else { return false };
        let steps = self.steps(model, field).unwrap_or_default();
        steps.iter().any(|(model, name)| tables::is_credential(model, name))
    }

    /// "In other models the fields that delegate to a closed model or pass a value on to one are closed with it, to the same operations."
    /// A stored copy is the record's own. Only `never_list_exceptions` that name the closed model or `model.field` open one.
    pub(crate) fn is_closed_with_a_model(&self, model: &str, name: &str, writing: bool) -> bool {
        if self.excepted(&format!("{model}.{name}")) {
            return false;
        }
        let closes = |how: Option<Closed>| how == Some(Closed::Altogether) || (writing && how == Some(Closed::Writing));
        let Some(field) = self.declared(model, name) else { return closes(tables::closed_field(model, name)) };
        let steps = self.steps(model, field).unwrap_or_default();
        let led_to: Vec<&str> =
            steps.iter().skip(1).map(|(model, _)| model.as_str()).chain(self.delegates_to(model, name)).collect();
        if closes(tables::closed_field(model, name)) && !led_to.iter().any(|model| self.excepted(model)) {
            return true;
        }
        if self.delegates_to(model, name).is_some_and(|other| closes(self.closed(other))) {
            return true;
        }
        if let Some(reference) = self.inherited_through(model, field) {
            return reference.relation.as_deref().is_some_and(|other| closes(self.closed(other)));
        }
        field.unstored && led_to.iter().any(|other| self.closed(other) == Some(Closed::Altogether))
    }
}

pub(crate) const fn is_relation(kind: FieldType) -> bool {
    matches!(kind, FieldType::Many2one | FieldType::One2many | FieldType::Many2many)
}

pub(crate) const fn is_x2many(kind: FieldType) -> bool {
    matches!(kind, FieldType::One2many | FieldType::Many2many)
}
