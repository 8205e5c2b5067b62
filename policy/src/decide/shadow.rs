//! Shadow mode: what a stage in shadow would refuse is noted, and the call goes on.

use std::collections::BTreeSet;

use crate::decide::Stage;
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
        let named = |shadow| self.stages.contains(&shadow) || self.stages.contains(&Shadow::All);
        if refusal.reason.row().shadow.is_some_and(named) {
            self.noted.push((stage, refusal));
            return Ok(());
        }
        Err(refusal)
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
