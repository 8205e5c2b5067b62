//! What a key may do to each model, beside what it did: so that what nobody uses can be taken away.

use std::collections::BTreeMap;

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::Permission;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::key::Terms;
use crate::domain::named::named;
use crate::domain::time::Moment;

named! {
    /// Why an operation is closed that a profile opens.
    pub enum ClosedBy {
        /// The key's scopes lack it.
        Scopes = "scopes",
        /// The key's list of models lacks the model.
        Models = "models",
        /// The user is in none of the permission's groups.
        Groups = "groups",
    }
}

/// What a key may do to a model, and did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeyUseOfModel")]
pub struct OfModel {
    /// Odoo's name of the model.
    pub model: String,
    /// Those that a profile opens, and those that calls needed.
    pub operations: Vec<OfOperation>,
    /// The methods that were called.
    pub methods: Vec<OfMethod>,
}

/// An operation on a model.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeyUseOfOperation")]
pub struct OfOperation {
    /// It; `call` is of the methods that a permission lists, whatever they do.
    pub operation: Operation,
    /// Whether the key may do it, to fields and by methods that the permissions say.
    pub allowed: bool,
    /// The profiles whose permission for the model opens it.
    pub profiles: Vec<String>,
    /// Why it is closed all the same.
    pub closed_by: Option<ClosedBy>,
    /// Calls that needed it and passed.
    pub calls: u64,
    /// Calls that needed it and were refused.
    pub refused: u64,
    /// When the last call was that needed it.
    pub last_at: Option<Moment>,
}

/// A method that was called.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeyUseOfMethod")]
pub struct OfMethod {
    /// Its name.
    pub method: String,
    /// What its calls do.
    pub operations: Operations,
    /// Calls that passed.
    pub calls: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// When the last one was.
    pub last_at: Moment,
}

/// Puts side by side what a key with these terms may do by the permissions of its profiles, for a user in these groups, and the
/// methods that it called, each with its model.
pub fn compare(
    terms: &Terms,
    groups: &[String],
    permissions: &[Permission],
    called: impl IntoIterator<Item = (String, OfMethod)>,
) -> Vec<OfModel> {
    let mut models: BTreeMap<String, (Vec<&Permission>, Vec<OfMethod>)> = BTreeMap::new();
    for permission in permissions {
        models.entry(permission.model.clone()).or_default().0.push(permission);
    }
    for (model, method) in called {
        models.entry(model).or_default().1.push(method);
    }
    let of_model = |(model, (permissions, methods)): (String, (Vec<_>, Vec<OfMethod>))| {
        let of = |operation| of_operation(operation, &model, terms, groups, &permissions, &methods);
        let operations = Operation::ALL.into_iter().filter_map(of).collect();
        OfModel { operations, model, methods }
    };
    models.into_iter().map(of_model).collect()
}

fn of_operation(
    operation: Operation,
    model: &str,
    terms: &Terms,
    groups: &[String],
    permissions: &[&Permission],
    methods: &[OfMethod],
) -> Option<OfOperation> {
    let opens = |permission: &&&Permission| match operation {
        Operation::Call => !permission.calls.is_empty(),
        _ => permission.operations.contains(operation),
    };
    let is_of_user = |permission: &&&Permission| {
        permission.groups.is_empty() || permission.groups.iter().any(|group| groups.contains(group))
    };
    let opening: Vec<_> = permissions.iter().filter(opens).collect();
    let closed_by = if !terms.scopes.is_empty() && !terms.scopes.contains(operation) {
        Some(ClosedBy::Scopes)
    } else if !terms.models.is_empty() && !terms.models.iter().any(|name| name == model) {
        Some(ClosedBy::Models)
    } else if !opening.iter().any(is_of_user) {
        Some(ClosedBy::Groups)
    } else {
        None
    };
    let closed_by = closed_by.filter(|_| !opening.is_empty());
    let of: Vec<_> = methods.iter().filter(|method| method.operations.contains(operation)).collect();
    if opening.is_empty() && of.is_empty() {
        return None;
    }
    Some(OfOperation {
        operation,
        allowed: !opening.is_empty() && closed_by.is_none(),
        profiles: opening.iter().map(|permission| permission.profile.0.clone()).collect(),
        closed_by,
        calls: of.iter().map(|method| method.calls).sum(),
        refused: of.iter().map(|method| method.refused).sum(),
        last_at: of.iter().map(|method| method.last_at).max(),
    })
}
