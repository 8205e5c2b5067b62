//! What a call lacks: the reason of its refusal, and what would have to change, by names and never by values.

use std::fmt;

use crate::decide::Stage;
use crate::operation::Operations;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::field::Why;
use crate::wire::DEFAULT_PROFILE;

/// One thing that a call needs and may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The key's scopes lack operations.
    Scopes(Operations),
    /// The key's list of models lacks one.
    KeyModel(String),
    /// The permission for a model lacks operations, or there is none.
    Operations {
        /// The model.
        model: String,
        /// What is missing.
        operations: Operations,
        /// Whether there is a permission.
        exists: bool,
    },
    /// The user is in none of the groups that the permission for a model lists.
    Groups(String),
    /// The permission for a model does not list a method or an argument under `calls`.
    Listed {
        /// The model.
        model: String,
        /// The name.
        name: String,
    },
    /// A field is closed.
    Field {
        /// The model.
        model: String,
        /// The field.
        field: String,
        /// To what.
        how: How,
        /// Why, if it is closed by default.
        why: Option<Why>,
    },
    /// The gate knows of no such field, or Odoo does not show it to the user.
    UnknownField {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// The gate knows nothing of a model whose fields are named.
    UnknownModel(String),
    /// A path leads into another model that may not be read.
    Path {
        /// The model from which it leads.
        model: String,
        /// The path.
        path: String,
        /// The model that may not be read.
        other: String,
    },
    /// A record of another model is named, and may not be read.
    Named(String),
    /// Records of another model would be written through a field.
    Nested {
        /// The model of the field.
        model: String,
        /// The field.
        field: String,
        /// The other model.
        other: String,
        /// What its permission lacks.
        operations: Operations,
    },
    /// Another model is closed, and nothing in a permission opens it.
    Closed(String),
    /// A key of the context is not open.
    Context {
        /// The call's model.
        model: String,
        /// The key.
        key: String,
    },
}

/// To what a field is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To reading.
    Reading,
    /// To writing.
    Writing,
}

/// What a refusal names at most; the rest is counted.
const MAX_NAMED: usize = 12;

impl Lack {
    /// The stage that finds it.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Listed { .. } => Stage::Method,
            Self::Scopes(_) => Stage::Scope,
            Self::KeyModel(_) => Stage::Model,
            _ => Stage::Permission,
        }
    }

    /// Why the call is refused for it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Scopes(_) => Reason::ScopeDenied,
            Self::KeyModel(_) => Reason::ModelDenied,
            Self::Operations { .. } | Self::Groups(_) => Reason::PermissionDenied,
            Self::Listed { .. } => Reason::MethodDenied,
            Self::Field { .. } | Self::UnknownField { .. } | Self::UnknownModel(_) => Reason::FieldDenied,
            Self::Path { .. } | Self::Named(_) => Reason::CrossModelDenied,
            Self::Nested { .. } | Self::Closed(_) => Reason::NestedWriteDenied,
            Self::Context { .. } => Reason::ContextDenied,
        }
    }

    /// Whether it may be that Odoo has what the gate does not know.
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::UnknownField { .. } | Self::UnknownModel(_))
    }

    /// The names in it, for the audit record.
    pub fn name(&self) -> String {
        match self {
            Self::Scopes(operations) => format!("scope {}", operations.words()),
            Self::KeyModel(model) => format!("model {model}"),
            Self::Operations { model, operations, .. } => format!("{} {model}", operations.words()),
            Self::Groups(model) => format!("group {model}"),
            Self::Listed { model, name } => format!("call {model}.{name}"),
            Self::Field { model, field, how: How::Reading, .. } => format!("read {model}.{field}"),
            Self::Field { model, field, how: How::Writing, .. } => format!("write {model}.{field}"),
            Self::UnknownField { model, field } => format!("unknown {model}.{field}"),
            Self::UnknownModel(model) => format!("unknown {model}"),
            Self::Path { model, path, .. } => format!("path {model}.{path}"),
            Self::Named(other) => format!("read {other}"),
            Self::Nested { model, field, other, operations } => {
                format!("{} {other} through {model}.{field}", operations.words())
            }
            Self::Closed(model) => format!("closed {model}"),
            Self::Context { model, key } => format!("context {model}: {key}"),
        }
    }
}

/// What would have to change, to begin a sentence with.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scopes(operations) => write!(f, "the key's scopes would have to contain {}", operations.words()),
            Self::KeyModel(model) => write!(f, "the key's models would have to contain {model}"),
            Self::Operations { model, operations, exists: true } => {
                write!(f, "the permission for {model} would have to allow {}", operations.words())
            }
            Self::Operations { model, operations, exists: false } => {
                write!(f, "a permission for {model} would have to exist and to allow {}", operations.words())
            }
            Self::Groups(model) => {
                write!(f, "the key's user would have to be in a group that the permission for {model} lists")
            }
            Self::Listed { model, name } => {
                write!(f, "the permission for {model} would have to list {name} under calls")
            }
            Self::Field { model, field, why: Some(why @ (Why::Credential | Why::ClosedModel)), .. } => {
                write!(f, "the field {field} of {model} {}", why.sentence())
            }
            Self::Field { model, field, how, why } => {
                let (list, to) = match how {
                    How::Reading => ("fields.read", "reading"),
                    How::Writing => ("fields.write", "writing"),
                };
                write!(f, "the permission for {model} would have to open {field} to {to} ({list})")?;
                why.map_or(Ok(()), |why| write!(f, ", which {}", why.sentence()))
            }
            Self::UnknownField { model, field } => {
                write!(
                    f,
                    "the model {model} has no field {field} that Odoo shows to the key's user, as far as the gate knows"
                )
            }
            Self::UnknownModel(model) => {
                write!(
                    f,
                    "the gate does not know the fields of {model} yet: they are read from Odoo within seconds of the first call, so \
                     try again; if that lasts, an administrator sees why with `lictor schema list`"
                )
            }
            Self::Path { model, path, other } => write!(
                f,
                "a permission for {other} would have to allow read, or the permission for {model} to list {path} under paths"
            ),
            Self::Named(other) => {
                write!(f, "a permission for {other} would have to allow read, since the call names a record of it")
            }
            Self::Nested { model, field, other, operations } => write!(
                f,
                "the permission for {other} would have to allow {}, or the permission for {model} to list {field} under nested_writes",
                operations.words()
            ),
            Self::Closed(model) => write!(f, "the model {model} is closed, also through fields of other models"),
            Self::Context { model, key } => {
                write!(f, "the permission for {model} would have to list {key} under context")?;
                let of_wizards = matches!(key.as_str(), "active_model" | "active_id" | "active_ids");
                if of_wizards { f.write_str(", as wizards want it") } else { Ok(()) }
            }
        }
    }
}

/// The refusal of a call for all that it lacks in a profile; `None` if it lacks nothing. The reason is that of the first.
pub(crate) fn refusal(lacks: &[Lack], profile: &str) -> Option<Refusal> {
    let (first, more) = (lacks.first()?, lacks.len().saturating_sub(MAX_NAMED));
    let mut sentence = lacks.iter().take(MAX_NAMED).map(Lack::to_string).collect::<Vec<_>>().join("; ");
    if more > 0 {
        sentence.push_str(&format!("; and {more} more"));
    }
    if profile != DEFAULT_PROFILE {
        sentence = format!("in the profile {profile}, {sentence}");
    }
    if let Some(initial) = sentence.get_mut(..1) {
        initial.make_ascii_uppercase();
    }
    sentence.push('.');
    Some(Refusal::explained(first.reason(), sentence))
}
