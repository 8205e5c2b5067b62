//! The permissions of a model, as an administrator sets them.

use std::collections::BTreeMap;

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::problem::Result;
use crate::domain::validate;

/// The operations and methods that are allowed on a model. One that is left out is refused.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    read: bool,
    write: bool,
    create: bool,
    delete: bool,
    groups: Vec<String>,
    nested_writes: Vec<String>,
    methods: BTreeMap<String, Operations>,
}

impl Rules {
    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<()> {
        validate::texts("groups", &self.groups)?;
        validate::texts("nested_writes", &self.nested_writes)?;
        validate::methods("methods", &self.methods)
    }

    /// The permission on a model.
    pub fn for_model(self, model: String) -> wire::Permission {
        let flags = [
            (self.read, Operation::Read),
            (self.write, Operation::Write),
            (self.create, Operation::Create),
            (self.delete, Operation::Delete),
        ];
        let allowed = flags.into_iter().filter(|(allowed, _)| *allowed);
        wire::Permission {
            model,
            operations: allowed.fold(Operations::NONE, |all, (_, operation)| all.union(Operations::of(&[operation]))),
            groups: self.groups,
            nested_writes: self.nested_writes,
            methods: self.methods,
            ..wire::Permission::default()
        }
    }
}

impl From<wire::Permission> for Rules {
    fn from(permission: wire::Permission) -> Self {
        let may = |operation| permission.operations.contains(operation);
        Self {
            read: may(Operation::Read),
            write: may(Operation::Write),
            create: may(Operation::Create),
            delete: may(Operation::Delete),
            groups: permission.groups,
            nested_writes: permission.nested_writes,
            methods: permission.methods,
        }
    }
}
