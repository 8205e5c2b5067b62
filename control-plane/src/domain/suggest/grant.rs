//! The smallest things that a profile can allow, and the permissions that are made of them.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::decide::lack::{How, Lack};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{self, FieldRule, Profile};

use crate::domain::permission::Rules;
use crate::domain::validate;

/// One thing that a profile allows. In the order in which it is tried whether the recorded calls can do without: what another
/// grant may open too comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    /// To read along a path into other models.
    Path {
        /// The model where it begins.
        model: String,
        /// It.
        path: String,
    },
    /// A key of the context.
    Context {
        /// The calls' model.
        model: String,
        /// The key.
        key: String,
    },
    /// A method or an argument under `calls`.
    Call {
        /// The model.
        model: String,
        /// The name.
        name: String,
    },
    /// To write a field.
    Write {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// To read a field.
    Read {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// An operation on a model's records.
    Operation {
        /// The model.
        model: String,
        /// The operation.
        operation: Operation,
    },
    /// To read all fields of a model that are open by default, as calls name none.
    ReadAll {
        /// The model.
        model: String,
    },
}

impl Grant {
    /// The model whose permission it belongs to.
    pub(super) fn model(&self) -> &str {
        match self {
            Self::Path { model, .. }
            | Self::Context { model, .. }
            | Self::Call { model, .. }
            | Self::Write { model, .. }
            | Self::Read { model, .. }
            | Self::Operation { model, .. }
            | Self::ReadAll { model } => model,
        }
    }

    /// Whether a permission may say it: what was tried may have any name.
    fn is_sayable(&self) -> bool {
        let alone = permissions(std::iter::once(self), &Profile::default());
        validate::model("model", self.model()).is_ok()
            && alone.into_iter().all(|permission| Rules::from(permission).validate().is_ok())
    }
}

/// The narrowest grants that open what a call lacks, of those that are not there yet. None if nothing opens it.
pub(super) fn opening(lack: &Lack, there: &BTreeSet<Grant>) -> Vec<Grant> {
    let operations = |model: &String, operations: Operations| {
        let grant = |operation| Grant::Operation { model: model.clone(), operation };
        operations.iter().map(grant).collect()
    };
    let is_new = |grant: &Grant| !there.contains(grant) && grant.is_sayable();
    let mut grants = match lack {
        Lack::Operations { model, operations: lacking, .. } => operations(model, *lacking),
        Lack::Listed { model, name } => vec![Grant::Call { model: model.clone(), name: name.clone() }],
        Lack::Field { model, field, how: How::Reading, .. } => {
            vec![Grant::Read { model: model.clone(), field: field.clone() }]
        }
        Lack::Field { model, field, how: How::Writing, .. } => {
            vec![Grant::Write { model: model.clone(), field: field.clone() }]
        }
        Lack::Path { model, path, other } => {
            let listed = Grant::Path { model: model.clone(), path: path.clone() };
            if is_new(&listed) {
                vec![listed]
            } else {
                // A text is compared with the names of a model, and nobody knows which fields make them: only the default opens all.
                let all = Grant::ReadAll { model: other.clone() };
                vec![Grant::Operation { model: other.clone(), operation: Operation::Read }, all]
            }
        }
        Lack::Named(other) => operations(other, Operations::of(&[Operation::Read])),
        // `nested_writes` would open all operations, on any record that the user reaches, and all fields that are open by default: a
        // permission of the other model opens these operations, and the fields that the calls name.
        Lack::Nested { other, operations: lacking, .. } => operations(other, *lacking),
        Lack::Context { model, key } => vec![Grant::Context { model: model.clone(), key: key.clone() }],
        // The draft's key has neither scopes nor models, and its permissions no groups.
        Lack::Scopes(_) | Lack::KeyModel(_) | Lack::Groups(_) => Vec::new(),
        Lack::UnknownField { .. } | Lack::UnknownModel(_) | Lack::Closed(_) => Vec::new(),
    };
    grants.retain(is_new);
    grants
}

/// The permissions of a profile that has these grants, in the order of their models.
pub(super) fn permissions<'g>(grants: impl IntoIterator<Item = &'g Grant>, profile: &Profile) -> Vec<wire::Permission> {
    let mut models: BTreeMap<&str, Parts> = BTreeMap::new();
    for grant in grants {
        let parts = models.entry(grant.model()).or_default();
        match grant {
            Grant::Path { path, .. } => parts.paths.push(path.clone()),
            Grant::Context { key, .. } => parts.context.push(key.clone()),
            Grant::Call { name, .. } => parts.calls.push(name.clone()),
            Grant::Write { field, .. } => parts.writes.push(field.clone()),
            Grant::Read { field, .. } => parts.reads.push(field.clone()),
            Grant::Operation { operation, .. } => parts.operations.push(*operation),
            Grant::ReadAll { .. } => parts.reads_all = true,
        }
    }
    models.into_iter().map(|(model, parts)| parts.permission(profile.clone(), model.to_owned())).collect()
}

/// The grants of a model.
#[derive(Default)]
struct Parts {
    operations: Vec<Operation>,
    reads: Vec<String>,
    reads_all: bool,
    writes: Vec<String>,
    calls: Vec<String>,
    paths: Vec<String>,
    context: Vec<String>,
}

impl Parts {
    fn permission(self, profile: Profile, model: String) -> wire::Permission {
        let may = |operation| self.operations.contains(&operation);
        let reads = may(Operation::Read) || !self.reads.is_empty();
        let writes = may(Operation::Write) || may(Operation::Create) || !self.writes.is_empty();
        let read = match self.reads_all {
            true => (!self.reads.is_empty()).then_some(FieldRule::Also(self.reads)),
            false => reads.then_some(FieldRule::Only(self.reads)),
        };
        wire::Permission {
            profile,
            model,
            operations: Operations::of(&self.operations),
            fields: wire::Fields { read, write: writes.then_some(FieldRule::Only(self.writes)) },
            calls: self.calls,
            paths: self.paths,
            context: self.context,
            ..wire::Permission::default()
        }
    }
}
