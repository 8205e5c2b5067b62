//! A draft over what is stored.

use std::collections::BTreeSet;

use lictor_policy::wire::{self, DEFAULT_PROFILE, Profile};

use crate::domain::policy::{Draft, GivenSettings};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::settings::Settings;
use crate::http::json::patched;

/// A draft, and whether what its sections lack is deleted.
#[derive(Clone, Copy, Debug)]
pub struct Drafted<'d> {
    /// The draft.
    pub draft: &'d Draft,
    /// As `lictor apply --prune` does.
    pub prune: bool,
}

impl Drafted<'_> {
    /// Puts the draft's permissions in the place of those that are stored.
    pub(super) fn permit(self, permissions: &mut Vec<wire::Permission>) -> Result<()> {
        let Self { draft, prune } = self;
        let new: Vec<wire::Permission> = draft
            .rules()
            .map(|entry| entry.rules.clone().of(Profile(entry.profile.to_owned()), entry.model.to_owned()))
            .collect::<Result<_>>()?;
        let named: BTreeSet<_> = draft.rules().map(|entry| (entry.profile, entry.model)).collect();
        let is_replaced =
            |stored: &wire::Permission| named.contains(&(stored.profile.0.as_str(), stored.model.as_str()));
        let is_gone = |profile: &str| match &draft.profiles {
            Some(profiles) if profile != DEFAULT_PROFILE && !profiles.contains_key(profile) => true,
            _ => draft.rules_profile(profile),
        };
        permissions.retain(|stored| !(is_replaced(stored) || (prune && is_gone(&stored.profile.0))));
        permissions.extend(new);
        Ok(())
    }
}

/// The settings with those of a draft over them. A mapping of methods is the whole one.
pub(super) fn drafted_settings(mut stored: Settings, draft: &Draft) -> Result<Settings> {
    let Some(GivenSettings(given)) = &draft.settings else { return Ok(stored) };
    if !given.is_object() {
        return Err(Problem::new(Code::InvalidField, "Give a JSON object."));
    }
    if given.get("methods").is_some() {
        stored.methods.clear();
    }
    let settings: Settings = patched(&stored, given.clone())?;
    settings.validate()?;
    Ok(settings)
}
