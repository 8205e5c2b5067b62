//! The permissions of a policy, found by profile and model. Each stays JSON until a call needs it, as keys do.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::operation::Operations;
use crate::snapshot::BadSnapshot;
use crate::snapshot::by_name::{ByName, add, with_room};
use crate::snapshot::unread::Unread;
use crate::wire::{self, Profile};

/// What may be done to a model.
#[derive(Debug)]
pub struct Permission {
    /// As it came.
    pub wire: wire::Permission,
}

/// All permissions, by their models in those by their profiles.
#[derive(Debug)]
pub(crate) struct Permissions(ByName<ByName<Entry>>);

#[derive(Debug)]
struct Entry {
    unread: Unread,
    /// `None` if it cannot be read; in a policy that was checked each can.
    permission: OnceLock<Option<Box<Permission>>>,
}

/// What a permission is found by.
#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    profile: Profile,
    model: String,
}

impl Permissions {
    pub(crate) fn of(permissions: Vec<Unread>, seed: u64) -> Result<Self, BadSnapshot> {
        let mut all: ByName<ByName<_>> = with_room(seed, 0);
        for unread in permissions {
            let Place { profile: Profile(profile), model } = unread.read("a permission")?;
            let models = all.entry_ref(profile.as_str()).or_insert_with(|| with_room(seed, 0));
            add(models, model, Entry { unread, permission: OnceLock::new() })
                .map_err(|model| BadSnapshot::Twice(place(&profile, &model)))?;
        }
        Ok(Self(all))
    }

    /// The permission of a profile for a model, read if nobody has asked for it before.
    pub(crate) fn get(&self, profile: &str, model: &str) -> Option<&Permission> {
        let entry = self.0.get(profile)?.get(model)?;
        entry.permission.get_or_init(|| entry.read(profile, model).ok().map(Box::new)).as_deref()
    }

    /// The models that a profile has a permission for.
    pub(crate) fn models(&self, profile: &str) -> impl Iterator<Item = &str> {
        self.0.get(profile).into_iter().flat_map(ByName::keys).map(String::as_str)
    }

    /// Reads every permission, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        let mut all = self.0.iter().flat_map(|(profile, models)| models.iter().map(move |entry| (profile, entry)));
        all.try_for_each(|(profile, (model, entry))| entry.read(profile, model).map(drop))
    }
}

impl Entry {
    fn read(&self, profile: &str, model: &str) -> Result<Permission, BadSnapshot> {
        Ok(Permission { wire: self.unread.read(&place(profile, model))? })
    }
}

fn place(profile: &str, model: &str) -> String {
    format!("the permission for {model} in the profile {profile}")
}

impl Permission {
    /// The operations that an administrator mapped a method to.
    pub(crate) fn mapped(&self, method: &str) -> Option<Operations> {
        self.wire.methods.get(method).copied()
    }
}
