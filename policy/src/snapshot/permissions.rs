//! The permissions of a policy, found by profile and model. Each stays JSON until a call needs it, as keys do.

use std::cell::OnceCell;

use serde::Deserialize;

use crate::operation::Operations;
use crate::snapshot::BadSnapshot;
use crate::snapshot::unread::Unread;
use crate::wire::{self, Profile};

/// What may be done to a model.
#[derive(Debug)]
pub struct Permission {
    /// As it came.
    pub wire: wire::Permission,
}

/// All permissions, in the order of their profiles and models. No map: to build one takes several times as long.
#[derive(Debug)]
pub(crate) struct Permissions(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    place: Place,
    unread: Unread,
    /// `None` if it cannot be read; in a policy that was checked each can.
    permission: OnceCell<Option<Box<Permission>>>,
}

/// What a permission is found by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Place {
    #[serde(default)]
    profile: Profile,
    model: String,
}

impl Permissions {
    pub(crate) fn of(permissions: Vec<Unread>) -> Result<Self, BadSnapshot> {
        let entry = |unread: Unread| {
            let place = unread.read("a permission")?;
            Ok(Entry { place, unread, permission: OnceCell::new() })
        };
        let mut all: Vec<_> = permissions.into_iter().map(entry).collect::<Result<_, _>>()?;
        // They come in this order already, unless a database sorts differently.
        all.sort_by(|one, other| one.place.cmp(&other.place));
        if let Some([Entry { place: Place { profile, model }, .. }, _]) =
            all.array_windows().find(|[one, other]| one.place == other.place)
        {
            return Err(BadSnapshot::Twice(format!("the permission for {model} in the profile {profile}")));
        }
        Ok(Self(all))
    }

    /// The permission of a profile for a model, read if nobody has asked for it before.
    pub(crate) fn get(&self, profile: &str, model: &str) -> Option<&Permission> {
        let at = self.0.binary_search_by(|entry| entry.place.names().cmp(&(profile, model))).ok()?;
        let entry = self.0.get(at)?;
        entry.permission.get_or_init(|| entry.read().ok().map(Box::new)).as_deref()
    }

    /// The models that a profile has a permission for.
    pub(crate) fn models(&self, profile: &str) -> impl Iterator<Item = &str> {
        let from = self.0.partition_point(|entry| entry.place.names().0 < profile);
        let rest = self.0.get(from..).unwrap_or_default();
        rest.iter().take_while(move |entry| entry.place.names().0 == profile).map(|entry| entry.place.names().1)
    }

    /// Reads every permission, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        self.0.iter().try_for_each(|entry| entry.read().map(drop))
    }
}

impl Entry {
    fn read(&self) -> Result<Permission, BadSnapshot> {
        let Place { profile, model } = &self.place;
        let wire = self.unread.read(&format!("the permission for {model} in the profile {profile}"))?;
        Ok(Permission { wire })
    }
}

impl Place {
    fn names(&self) -> (&str, &str) {
        (&self.profile.0, &self.model)
    }
}

impl Permission {
    /// The operations that an administrator mapped a method to.
    pub(crate) fn mapped(&self, method: &str) -> Option<Operations> {
        self.wire.methods.get(method).copied()
    }
}
