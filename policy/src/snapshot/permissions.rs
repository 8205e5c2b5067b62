//! The permissions of a policy, found by profile and model.

use crate::operation::Operations;
use crate::snapshot::BadSnapshot;
use crate::wire;

/// What may be done to a model.
#[derive(Debug)]
pub struct Permission {
    /// As it came.
    pub wire: wire::Permission,
}

/// All permissions, in the order of their profiles and models. No map: to build one takes several times as long.
#[derive(Debug)]
pub(crate) struct Permissions(Vec<Permission>);

impl Permissions {
    pub(crate) fn of(permissions: Vec<wire::Permission>) -> Result<Self, BadSnapshot> {
        let mut all: Vec<_> = permissions.into_iter().map(|wire| Permission { wire }).collect();
        // They come in this order already, unless a database sorts differently.
        all.sort_by(|one, other| one.place().cmp(&other.place()));
        if let Some([one, _]) = all.array_windows().find(|[one, other]| one.place() == other.place()) {
            let (profile, model) = one.place();
            return Err(BadSnapshot::Twice(format!("the permission for {model} in the profile {profile}")));
        }
        Ok(Self(all))
    }

    /// The permission of a profile for a model.
    pub(crate) fn get(&self, profile: &str, model: &str) -> Option<&Permission> {
        let at = self.0.binary_search_by(|permission| permission.place().cmp(&(profile, model))).ok()?;
        self.0.get(at)
    }

    /// The models that a profile has a permission for.
    pub(crate) fn models(&self, profile: &str) -> impl Iterator<Item = &str> {
        let from = self.0.partition_point(|permission| permission.place().0 < profile);
        let rest = self.0.get(from..).unwrap_or_default();
        rest.iter().take_while(move |permission| permission.place().0 == profile).map(|permission| permission.place().1)
    }
}

impl Permission {
    fn place(&self) -> (&str, &str) {
        (&self.wire.profile.0, &self.wire.model)
    }

    /// The operations that an administrator mapped a method to.
    pub(crate) fn mapped(&self, method: &str) -> Option<Operations> {
        self.wire.methods.get(method).copied()
    }
}
