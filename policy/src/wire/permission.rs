//! Permissions: what may be done to a model, and what each opens beyond that.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::operation::Operations;
use crate::wire::is_default;

/// The profile of keys that name none, and of permissions that name none.
pub const DEFAULT_PROFILE: &str = "default";

/// The name of a profile: a set of permissions that keys name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ProfileName"))]
#[serde(transparent)]
pub struct Profile(pub String);

impl Default for Profile {
    fn default() -> Self {
        Self(DEFAULT_PROFILE.to_owned())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be done to a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The profile that it belongs to.
    #[serde(skip_serializing_if = "is_default", default)]
    pub profile: Profile,
    /// Odoo's name of the model.
    pub model: String,
    /// The operations that are allowed: read, write, create and delete.
    pub operations: Operations,
    /// The user must be in one of these; empty allows every user.
    pub groups: Vec<String>,
    /// The fields that are open.
    #[serde(skip_serializing_if = "is_default", default)]
    pub fields: Fields,
    /// Methods that may be called, with whatever arguments, and whatever they do; and `message_post:mail`, and arguments and methods
    /// of the operations table that read other models.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub calls: Vec<String>,
    /// Paths into other models that may be read, such as `country_id.code`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub paths: Vec<String>,
    /// Fields through which the records of their models may be written, whatever the permissions for those say.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub nested_writes: Vec<String>,
    /// Keys of the context that are open beside those that always are.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub context: Vec<String>,
    /// Operations of methods that the operations table lacks, for this model; an empty set refuses the method.
    pub methods: BTreeMap<String, Operations>,
}

/// Which fields of a model are open; where nothing is said, those that are open by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// Those that may be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<FieldRule>,
    /// Those that may be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<FieldRule>,
}

/// What is open in the place of the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FieldRule {
    /// Exactly these.
    Only(Vec<String>),
    /// The default without these, and without what Odoo copies from them.
    Hide(Vec<String>),
    /// The default and these.
    Also(Vec<String>),
}
