//! The models of a policy's schema. Each stays JSON until a call needs it, as keys do.

use std::sync::OnceLock;

use crate::snapshot::BadSnapshot;
use crate::snapshot::by_name::{ByName, by_name};
use crate::snapshot::model::{Model, Seen};
use crate::snapshot::unread::Unread;
use crate::wire;

/// Odoo's models, as one set of groups sees them.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'s> {
    models: &'s Models,
    set: Option<u32>,
}

impl<'s> Schema<'s> {
    /// What is shown of a model, as far as it is known.
    pub fn model(&self, name: &str) -> Option<Seen<'s>> {
        self.models.model(name)?.seen(self.set?)
    }
}

/// All models that are known, by their names.
#[derive(Debug)]
pub(crate) struct Models(ByName<Entry>);

#[derive(Debug)]
struct Entry {
    unread: Unread,
    /// `None` if it cannot be read; in a policy that was checked each can.
    model: OnceLock<Option<Box<Model>>>,
}

impl Models {
    pub(crate) fn of(schema: wire::Schema<Unread>, seed: u64) -> Result<Self, BadSnapshot> {
        let entry = |wire::ModelEntry { name, record }| (name, Entry { unread: record, model: OnceLock::new() });
        let entries = by_name(seed, schema.models.into_iter().map(entry));
        entries.map(Self).map_err(|name| BadSnapshot::Twice(format!("the model {name}")))
    }

    /// As a set of groups sees them; `None` for one that is not known, which sees nothing.
    pub(crate) const fn seen_by(&self, set: Option<u32>) -> Schema<'_> {
        Schema { models: self, set }
    }

    /// The model, read if nobody has asked for it before.
    fn model(&self, name: &str) -> Option<&Model> {
        let entry = self.0.get(name)?;
        entry.model.get_or_init(|| entry.read(name).ok().map(Box::new)).as_deref()
    }

    /// Reads every model, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        self.0.iter().try_for_each(|(name, entry)| entry.read(name).map(drop))
    }
}

impl Entry {
    fn read(&self, name: &str) -> Result<Model, BadSnapshot> {
        Model::of(name, self.unread.read(&format!("the model {name}"))?)
    }
}
