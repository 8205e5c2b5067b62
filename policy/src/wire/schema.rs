//! What a gate knows of Odoo's models: what `fields_get` tells, as far as decisions need it.

use serde::{Deserialize, Serialize};

use crate::wire::{Bitmap, UnixMicros, is_default};

/// The models that permissions name, and those that their paths lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema<M = Model> {
    /// Grows with every change of what is known; 0 while nothing is.
    pub version: u64,
    /// When Odoo was last asked for it.
    pub read_at: UnixMicros,
    /// By their names; none twice.
    pub models: Vec<ModelEntry<M>>,
}

impl<M> Schema<M> {
    /// Nothing.
    pub fn unknown() -> Self {
        Self { version: 0, read_at: 0, models: Vec::new() }
    }
}

/// A model, and what it is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry<M = Model> {
    /// Odoo's name of the model.
    pub name: String,
    /// A [`Model`], read or not.
    pub record: M,
}

/// A model's fields, and who sees which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its own and those that it inherits, in the order of their names.
    pub fields: Vec<Field>,
    /// References whose fields the model has as its own.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub delegations: Vec<Delegation>,
    /// What Odoo shows of it to each set of groups that users behind keys have.
    pub views: Vec<View>,
}

/// A field, as `fields_get` tells of it. What is usual is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The model that a relation leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// The reference of the other model by which a one2many is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation_field: Option<String>,
    /// The path that a related or inherited field takes its value from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<String>,
    /// The paths that Odoo computes it from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
    /// Whether it is not stored in the model's own table.
    #[serde(skip_serializing_if = "is_default")]
    pub unstored: bool,
    /// Whether it is read-only.
    #[serde(skip_serializing_if = "is_default")]
    pub readonly: bool,
    /// Whether Odoo shows it to some group other than all internal users: it has `groups`, and `base.group_user` is none of them.
    #[serde(skip_serializing_if = "is_default")]
    pub restricted: bool,
    /// Whether it is HTML that Odoo stores as it comes (`sanitize` is off).
    #[serde(skip_serializing_if = "is_default")]
    pub unsanitized: bool,
}

/// The type of a field, as Odoo names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Numbers, text, moments, files: what holds no other record.
    #[default]
    Plain,
    /// `date` and `datetime`, of which parts can be named: `create_date.month_number`.
    Date,
    /// `html`.
    Html,
    /// `many2one`.
    Many2one,
    /// `one2many`.
    One2many,
    /// `many2many`.
    Many2many,
    /// `reference`: the model and the id of a record, as text.
    Reference,
    /// `many2one_reference`: the id of a record whose model stands in another field.
    Many2oneReference,
    /// `json`: any value.
    Json,
    /// `properties`.
    Properties,
    /// `properties_definition`: what properties records have.
    PropertiesDefinition,
}

impl FieldType {
    /// Whether values hold other records, which commands write.
    pub const fn is_to_many(self) -> bool {
        matches!(self, Self::One2many | Self::Many2many)
    }
}

/// A reference whose fields a model has as its own (`_inherits`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// The reference.
    pub field: String,
    /// The model that it leads to.
    pub model: String,
}

/// What Odoo shows of a model to one set of groups. A set without one is shown nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The number of the set: [`crate::wire::User::view`].
    pub set: u32,
    /// Whether `fields_get` names each of [`Model::fields`].
    pub sees: Bitmap,
    /// The same for a relation whose model may not be read at all: Odoo fails over a list that names it.
    #[serde(skip_serializing_if = "Bitmap::is_empty", default)]
    pub dead_ends: Bitmap,
}
