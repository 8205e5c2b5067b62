//! Shadow mode: what a stage in shadow would refuse is noted, and the call goes on.

use std::collections::BTreeSet;

use crate::decide::Stage;
use crate::decide::lack::{self, Lack};
use crate::refusal::shadow::Shadow;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Snapshot;

/// What stages in shadow would have refused of a call so far.
pub(crate) struct Shadowed<'s> {
    stages: &'s BTreeSet<Shadow>,
    noted: Vec<(Stage, Refusal)>,
}

impl<'s> Shadowed<'s> {
    /// Nothing yet.
    pub(crate) fn new(snapshot: &'s Snapshot) -> Self {
        Self { stages: &snapshot.settings.wire.shadow, noted: Vec::new() }
    }

    /// Lets a refusal pass if its stage is in shadow. Pauses, terminated sessions and the never-list are never brought
    /// here: an administrator has stopped these by hand, or they would outlive the shadow.
    pub(crate) fn pass(&mut self, stage: Stage, checked: Result<(), Refusal>) -> Result<(), Refusal> {
        let Err(refusal) = checked else { return Ok(()) };
        if self.covers(refusal.reason) {
            self.noted.push((stage, refusal));
            return Ok(());
        }
        Err(refusal)
    }

    /// Notes what a call lacks, if the stage that finds it is in shadow. Of each stage, the first counts.
    pub(crate) fn notes(&mut self, lack: &Lack, profile: &str) -> bool {
        let covers = self.covers(lack.reason());
        if covers && let Some(refusal) = lack::refusal(std::slice::from_ref(lack), profile) {
            self.noted.push((lack.stage(), refusal));
        }
        covers
    }

    /// Whether a refusal for the reason would pass.
    pub(crate) fn covers(&self, reason: Reason) -> bool {
        let named = |shadow| self.stages.contains(&shadow) || self.stages.contains(&Shadow::All);
        reason.row().shadow.is_some_and(named)
    }

    /// Why the call would have been refused: the first reason, as out of shadow no stage would have followed.
    pub(crate) fn would_deny(&self) -> Option<Reason> {
        self.noted.first().map(|(_, refusal)| refusal.reason)
    }

    /// What a stage would have refused.
    pub(crate) fn of(&self, stage: Stage) -> Option<&Refusal> {
        self.noted.iter().find(|(noted, _)| *noted == stage).map(|(_, refusal)| refusal)
    }
}
