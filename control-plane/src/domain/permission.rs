//! The permissions of a model, as an administrator sets them.

use std::collections::BTreeMap;

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{self, Profile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::problem::{Problem, Result};
use crate::domain::validate;

/// The operations, fields and methods that are allowed on a model. One that is left out is refused.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PermissionRules")]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    read: bool,
    write: bool,
    create: bool,
    delete: bool,
    /// The user must be in one of these; empty allows every user.
    groups: Vec<String>,
    /// The fields that are open, in the place of those that are open by default.
    fields: Fields,
    /// Methods that may be called, with whatever arguments and whatever they do.
    calls: Vec<String>,
    /// Paths into other models that may be read, such as `country_id.code`.
    paths: Vec<String>,
    /// Fields through which the records of their models may be written.
    nested_writes: Vec<String>,
    /// Keys of the context that are open beside those that always are.
    context: Vec<String>,
    /// Operations of methods that the operations table lacks; an empty list refuses the method.
    methods: BTreeMap<String, Operations>,
}

/// Which fields of a model are open.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Fields {
    /// Those that may be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<FieldRule>,
    /// Those that may be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    write: Option<FieldRule>,
}

/// A rule of fields: one of the three.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct FieldRule {
    /// Exactly these.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Vec<String>>,
    /// The default without these.
    #[serde(skip_serializing_if = "Option::is_none")]
    hide: Option<Vec<String>>,
    /// The default and these.
    #[serde(skip_serializing_if = "Option::is_none")]
    also: Option<Vec<String>>,
}

impl Rules {
    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<()> {
        self.clone().of(Profile::default(), String::new()).map(drop)
    }

    /// The permission of a profile for a model.
    ///
    /// # Errors
    /// What the types cannot check, with the name of the field.
    pub fn of(self, profile: Profile, model: String) -> Result<wire::Permission> {
        validate::texts("groups", &self.groups)?;
        validate::names("nested_writes", &self.nested_writes)?;
        validate::names("context", &self.context)?;
        if self.context.iter().any(|key| key == "uid") {
            return Err(Problem::invalid("context", "Leave uid out: it is the key's, whatever a call says."));
        }
        validate::calls("calls", &self.calls)?;
        validate::paths("paths", &self.paths)?;
        validate::methods("methods", &self.methods)?;
        let rule = |name: &str, rule: Option<FieldRule>| rule.map(|rule| rule.of_wire(name)).transpose();
        let fields = wire::Fields {
            read: rule("fields.read", self.fields.read)?,
            write: rule("fields.write", self.fields.write)?,
        };
        let flags = [
            (self.read, Operation::Read),
            (self.write, Operation::Write),
            (self.create, Operation::Create),
            (self.delete, Operation::Delete),
        ];
        let allowed: Vec<_> =
            flags.into_iter().filter_map(|(allowed, operation)| allowed.then_some(operation)).collect();
        Ok(wire::Permission {
            profile,
            model,
            operations: Operations::of(&allowed),
            groups: self.groups,
            fields,
            calls: self.calls,
            paths: self.paths,
            nested_writes: self.nested_writes,
            context: self.context,
            methods: self.methods,
        })
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
            fields: Fields {
                read: permission.fields.read.map(FieldRule::from),
                write: permission.fields.write.map(FieldRule::from),
            },
            calls: permission.calls,
            paths: permission.paths,
            nested_writes: permission.nested_writes,
            context: permission.context,
            methods: permission.methods,
        }
    }
}

impl FieldRule {
    fn of_wire(self, place: &str) -> Result<wire::FieldRule> {
        let (name, rule) = match (self.only, self.hide, self.also) {
            (Some(only), None, None) => ("only", wire::FieldRule::Only(only)),
            (None, Some(hide), None) => ("hide", wire::FieldRule::Hide(hide)),
            (None, None, Some(also)) => ("also", wire::FieldRule::Also(also)),
            _ => return Err(Problem::invalid(place, "Give one of only, hide and also.")),
        };
        let (wire::FieldRule::Only(fields) | wire::FieldRule::Hide(fields) | wire::FieldRule::Also(fields)) = &rule;
        validate::names(&format!("{place}.{name}"), fields)?;
        Ok(rule)
    }
}

impl From<wire::FieldRule> for FieldRule {
    fn from(rule: wire::FieldRule) -> Self {
        match rule {
            wire::FieldRule::Only(fields) => Self { only: Some(fields), ..Self::default() },
            wire::FieldRule::Hide(fields) => Self { hide: Some(fields), ..Self::default() },
            wire::FieldRule::Also(fields) => Self { also: Some(fields), ..Self::default() },
        }
    }
}
