//! What somebody needs to be known of Odoo: by which permissions, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::wire;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::domain::problem::{Problem, Result};
use crate::domain::schema::sets::{GroupSet, MAX_SETS};
use crate::store::users::User;
use crate::store::{Connection, permissions, schema};

/// Users of a set that are tried in turn, if Odoo refuses a credential.
const MAX_ASKERS: usize = 3;

/// What the schema is read for.
pub(super) struct Needs {
    /// All permissions.
    pub permissions: Vec<wire::Permission>,
    /// Permissions in the place of calls that were refused: they allow nothing.
    pub called: Vec<wire::Permission>,
    /// The sets of groups that users have, with some of these users whose credential Odoo took last.
    pub sets: BTreeMap<GroupSet, Vec<User>>,
    /// Whether there are more sets than are asked for.
    pub more_sets: bool,
}

impl Needs {
    pub(super) async fn load(app: &App, connection: &mut Connection) -> Result<Self> {
        let permissions = permissions::all(connection).await?;
        let called = schema::progress(connection).await?.called.permissions(app.now());
        let mut needs = Self { permissions, called, sets: BTreeMap::new(), more_sets: false };
        for user in schema::users_with_keys(connection, app.now()).await? {
            let Some(set) = GroupSet::of(&user.upstream.database, &user.odoo_groups) else { continue };
            if needs.sets.len() >= MAX_SETS && !needs.sets.contains_key(&set) {
                needs.more_sets = true;
                continue;
            }
            let users = needs.sets.entry(set).or_default();
            if !user.upstream.rejected && users.len() < MAX_ASKERS {
                users.push(user);
            }
        }
        Ok(needs)
    }

    /// Whether there is nothing to ask, or nobody to ask as.
    pub(super) fn is_empty(&self) -> bool {
        (self.permissions.is_empty() && self.called.is_empty()) || self.sets.values().all(Vec::is_empty)
    }

    /// Another one for other needs.
    pub(super) fn digest(&self) -> Result<String> {
        let named = |permission: &'_ wire::Permission| {
            json!([permission.model, permission.paths, permission.nested_writes]).to_string()
        };
        let [permissions, called] =
            [&self.permissions, &self.called].map(|all| all.iter().map(named).collect::<BTreeSet<_>>());
        let sets: Vec<_> = self.sets.iter().map(|(set, users)| (set, users.is_empty())).collect();
        let text = serde_json::to_vec(&json!([permissions, called, sets])).map_err(Problem::internal)?;
        Ok(hex::encode(Sha256::digest(text)))
    }
}
