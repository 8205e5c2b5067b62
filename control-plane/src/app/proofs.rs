//! What the last check of the rows of the policy found.

use std::sync::{Mutex, PoisonError};

use crate::store::proof::check::Report;

/// What the last look found.
#[derive(Default)]
pub struct Proofs(Mutex<Report>);

impl Proofs {
    /// What the last look found.
    pub fn last(&self) -> Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}
