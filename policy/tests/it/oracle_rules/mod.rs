//! A second reading of what a permission means, slow and plain: the judge of the one that gates run.
//!
//! Each function stands for a sentence or a row of the rules, and goes by the names of methods and parameters. Nothing is shared with the
//! decision core but the types of what comes in and the tables of what Odoo does not tell.

mod arguments;
mod calls;
mod commands;
mod context;
mod known;
mod paths;
mod reading;
mod searching;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lictor_policy::call::Call;
use lictor_policy::odoo::never;
use lictor_policy::odoo::operations::METHODS;
use lictor_policy::odoo::tables::Closed;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{Permission, Schema};

pub(crate) use arguments::argument;
pub(crate) use calls::CALLED_BY_NAME;
pub(crate) use writing::Making;

/// Whose call it is, and what is known.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) permissions: Vec<Permission>,
    pub(crate) schema: Arc<Schema>,
    /// The number of the user's set of Odoo groups.
    pub(crate) view: Option<u32>,
    /// The user's groups.
    pub(crate) groups: Vec<String>,
    /// The user's uid in Odoo.
    pub(crate) uid: i64,
    /// The key's models; none is any.
    pub(crate) models: Vec<String>,
    /// The key's scopes; none is all.
    pub(crate) scopes: Operations,
    /// What is taken off the never-list.
    pub(crate) exceptions: Vec<String>,
    /// Operations of methods, for every model.
    pub(crate) methods: BTreeMap<String, Operations>,
}

/// Of what kind something is that a call lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    Malformed,
    Identity,
    Scope,
    Model,
    Permission,
    Method,
    Field,
    Nested,
    Cross,
    Context,
}

/// Something that a call lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lack {
    pub(crate) why: Why,
    pub(crate) model: String,
    /// An operation, a method, a field, a path, a key of the context.
    pub(crate) name: String,
}

impl Lack {
    pub(crate) fn of(why: Why, model: &str, name: impl Into<String>) -> Self {
        Self { why, model: model.to_owned(), name: name.into() }
    }
}

/// All that is said of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Empty if it may pass.
    pub(crate) lacks: BTreeSet<Lack>,
    /// The list that takes the place of one that names no field.
    pub(crate) list: Option<Vec<String>>,
    /// The keys of the context that are not forwarded.
    pub(crate) left_out: BTreeSet<String>,
}

/// An answer in the making.
pub(crate) struct Oracle<'w> {
    pub(crate) who: &'w Who,
    pub(crate) answer: Answer,
    /// What the context gives each record that the call creates, where it creates any of its own.
    pub(crate) defaults: Vec<(String, lictor_policy::formats::value::Value<'static>)>,
}

/// The verdict on a call, by the rules.
pub(crate) fn judge(who: &Who, call: &Call<'static>) -> Answer {
    let mut oracle = Oracle { who, answer: Answer::default(), defaults: Vec::new() };
    oracle.call(call);
    oracle.answer
}

impl Oracle<'_> {
    pub(crate) fn lacks(&mut self, why: Why, model: &str, name: impl Into<String>) {
        self.answer.lacks.insert(Lack::of(why, model, name));
    }

    pub(crate) fn note(&mut self, result: Result<(), Lack>) {
        if let Err(lack) = result {
            self.answer.lacks.insert(lack);
        }
    }

    /// "A method that is not in the table is refused unless a permission lists it under `calls`, or an administrator maps it to
    /// operations (`[]` = refuse). `_`-methods and the never-list cannot be lifted by a mapping, a call or a wide permission."
    fn call(&mut self, call: &Call<'static>) {
        let (model, method) = (call.model.as_ref(), call.method.as_ref());
        let excepted = self.excepted(&format!("{model}.{method}"));
        self.identity(call);
        if never::is_private(method) || (never::METHODS.contains(&method) && !excepted) {
            return self.lacks(Why::Method, model, method);
        }
        if (model, method) == ("ir.attachment", "create") && self.attach(call) {
            return self.context(call, false);
        }
        let permission = self.permission(model);
        let mapped =
            permission.and_then(|found| found.methods.get(method)).or_else(|| self.who.methods.get(method)).copied();
        let listed = permission.is_some_and(|found| found.calls.iter().any(|name| name == method));
        let operations = match METHODS.iter().find(|known| known.name == method) {
            Some(known) if !known.mapped_only => Some(self.operations(call)),
            _ if self.is_safe_or_open_call(call) => Some(Operations::of(&[Operation::Call])),
            _ if method == "activity_schedule" && !calls::is_safe_activity(call) => {
                return self.lacks(Why::Malformed, model, method);
            }
            _ if method == "message_post" => None,
            _ if listed => Some(Operations::of(&[Operation::Call])),
            _ => mapped.filter(|operations| !operations.is_empty()),
        };
        // A permission that lists the method may be there, for users of other groups.
        if permission.is_none() && self.who.permissions.iter().any(|found| found.model == model) {
            self.lacks(Why::Permission, model, "groups");
        }
        let Some(operations) = operations else {
            self.scope(model, Operation::Call);
            self.key_model(model);
            return self.lacks(Why::Method, model, method);
        };
        self.may(model, operations, excepted, method);
        self.context(call, operations.contains(Operation::Create));
        self.arguments(call);
    }

    /// "`web_save` creates when ids are empty."
    fn operations(&self, call: &Call<'static>) -> Operations {
        if call.method == "web_save" && !arguments::has_ids(call) {
            return Operations::of(&[Operation::Read, Operation::Create]);
        }
        METHODS.iter().find(|known| known.name == call.method).map_or(Operations::NONE, |known| known.operations)
    }

    /// Stages 5 to 7: the key's scopes, its models, the permission. "Closed: not open to anything. Closed to writing: may be read with a
    /// permission."
    fn may(&mut self, model: &str, operations: Operations, excepted: bool, method: &str) {
        let changes = operations.iter().any(|operation| operation != Operation::Read);
        let is_closed = match self.closed(model) {
            Some(Closed::Altogether) => true,
            Some(Closed::Writing) => changes,
            None => false,
        };
        if is_closed && !excepted {
            self.lacks(Why::Method, model, method);
        }
        self.key_model(model);
        for operation in operations.iter() {
            self.scope(model, operation);
            if operation != Operation::Call && !self.permits(model, operation) {
                self.lacks(Why::Permission, model, operation.name());
            }
        }
    }

    /// "Model restriction: none = any; else the model must be listed."
    pub(crate) fn key_model(&mut self, model: &str) {
        if !self.is_of_the_key(model) {
            self.lacks(Why::Model, model, "");
        }
    }

    /// "Scope: no scopes = all operations; else all of the call's operations must be among them."
    pub(crate) fn scope(&mut self, model: &str, operation: Operation) {
        if !self.who.scopes.is_empty() && !self.who.scopes.contains(operation) {
            self.lacks(Why::Scope, model, operation.name());
        }
    }
}
