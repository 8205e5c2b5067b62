//! A policy that is not in force, in which a key has one profile that is yet to be found.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::call::Call;
use lictor_policy::decide;
use lictor_policy::decide::lack::Lack;
use lictor_policy::refusal::Refusal;
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use lictor_policy::wire::{self, Profile};

use crate::domain::suggest::grant::{Grant, permissions};

/// The name of the profile in the draft.
pub const PROFILE: &str = "suggested";

/// Why nothing is known of the fields of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// This Odoo does not have the model.
    Absent,
    /// Odoo could not be asked.
    Untold,
}

/// A policy, and the models that were looked for in vain.
pub struct Draft {
    snapshot: Snapshot,
    prefix: String,
    missing: BTreeMap<String, Missing>,
}

/// What the core says of a call.
pub(super) enum Asked {
    Passes,
    /// It passes, and reads whatever is open: what that is has to be said.
    ListsFields,
    Lacks(Vec<Lack>),
    Refused(Refusal),
}

impl Draft {
    /// A policy with one key, whose only profile is [`PROFILE`].
    ///
    /// # Errors
    /// A policy that gates would refuse, or without its key.
    pub fn new(policy: wire::Snapshot, missing: BTreeMap<String, Missing>) -> Result<Self, BadSnapshot> {
        let prefix = policy.keys.first().map(|key| key.prefix.clone()).unwrap_or_default();
        // What is refused in shadow is to be opened too.
        let settings = wire::Settings { shadow: BTreeSet::new(), ..policy.settings };
        let snapshot = Snapshot::try_from(wire::Snapshot { settings, ..policy })?;
        Ok(Self { snapshot, prefix, missing })
    }

    /// Whether a model was looked for in vain.
    pub(super) fn missing(&self, model: &str) -> Option<Missing> {
        self.missing.get(model).copied()
    }

    /// Whether the fields of a model are known, as the key's user sees them.
    pub(super) fn knows(&self, model: &str) -> Result<bool, BadSnapshot> {
        let key = self.snapshot.key(&self.prefix)?;
        Ok(key.is_some_and(|key| self.snapshot.schema(&key.user).model(model).is_some()))
    }

    /// Gives the profile these grants and no others.
    pub(super) fn put(&mut self, grants: &BTreeSet<Grant>) -> Result<(), BadSnapshot> {
        self.snapshot.replace_permissions(&of_profile(grants))
    }

    /// Gives the profile these grants, but with the fields that are open by default.
    pub(super) fn put_without_fields(&mut self, grants: &BTreeSet<Grant>) -> Result<(), BadSnapshot> {
        let mut permissions = of_profile(grants);
        permissions.iter_mut().for_each(|permission| permission.fields = wire::Fields::default());
        self.snapshot.replace_permissions(&permissions)
    }

    /// What the core says of a call under the grants that were put.
    pub(super) fn ask(&self, call: &Call<'_>) -> Result<Asked, BadSnapshot> {
        let key = self
            .snapshot
            .key(&self.prefix)?
            .ok_or_else(|| BadSnapshot::NoUser { id: self.prefix.clone(), user_id: String::new() })?;
        Ok(match decide::lacks(&self.snapshot, key, call) {
            Err(refusal) => Asked::Refused(refusal),
            Ok((lacks, rewrite)) if lacks.is_empty() && rewrite.lists_fields() => Asked::ListsFields,
            Ok((lacks, _)) if lacks.is_empty() => Asked::Passes,
            Ok((lacks, _)) => Asked::Lacks(lacks),
        })
    }
}

/// The permissions of the draft's profile.
pub(super) fn of_profile(grants: &BTreeSet<Grant>) -> Vec<wire::Permission> {
    permissions(grants, &Profile(PROFILE.to_owned()))
}
