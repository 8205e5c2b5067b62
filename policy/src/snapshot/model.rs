//! A model of Odoo as it is looked up: its fields, and what Odoo shows of them to a set of groups.

use crate::snapshot::BadSnapshot;
use crate::snapshot::field::Field;
use crate::wire;

/// A model.
#[derive(Debug)]
pub struct Model {
    /// In the order of their names.
    fields: Vec<Field>,
    views: Vec<wire::View>,
}

/// A model, as one set of groups sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    model: &'s Model,
    view: &'s wire::View,
}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// Fields that are not in the order of their names.
    pub(crate) fn of(name: &str, wire: wire::Model) -> Result<Self, BadSnapshot> {
        if !wire.fields.is_sorted_by(|one, next| one.name < next.name) {
            return Err(BadSnapshot::Model(name.to_owned()));
        }
        let fields = wire.fields.into_iter().map(|field| Field::of(name, field, &wire.delegations)).collect();
        Ok(Self { fields, views: wire.views })
    }

    /// As a set of groups sees it; `None` if Odoo shows nothing of it to that set.
    pub(crate) fn seen(&self, set: u32) -> Option<Seen<'_>> {
        self.views.iter().find(|view| view.set == set).map(|view| Seen { model: self, view })
    }
}

impl<'s> Seen<'s> {
    /// The field with a name, if there is one and Odoo shows it.
    pub fn field(&self, name: &str) -> Option<&'s Field> {
        let at = self.model.fields.binary_search_by(|field| (*field.name).cmp(name)).ok()?;
        self.view.sees.has(at).then(|| self.model.fields.get(at)).flatten()
    }

    /// Whether the model has a field, shown or not.
    pub fn exists(&self, name: &str) -> bool {
        self.model.fields.binary_search_by(|field| (*field.name).cmp(name)).is_ok()
    }

    /// The fields that Odoo shows, and whether a list can name each without failing.
    pub fn fields(&self) -> impl Iterator<Item = (&'s Field, bool)> {
        let Self { model, view } = *self;
        let all = model.fields.iter().enumerate().filter(|(at, _)| view.sees.has(*at));
        all.map(|(at, field)| (field, !view.dead_ends.has(at)))
    }
}
