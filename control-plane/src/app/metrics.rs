//! What is counted since the service started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::job::{Job, Outcome};

/// What is counted since the service started.
#[derive(Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<Answered, u64>>,
    pub(crate) events: AtomicU64,
    pub(crate) corrected: AtomicU64,
    jobs: Mutex<BTreeMap<(Job, Outcome), u64>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Answered {
    pub(crate) method: &'static str,
    pub(crate) route: String,
    pub(crate) status: u16,
}

impl Metrics {
    /// Counts events that are in the database.
    pub fn events_stored(&self, count: u64) {
        self.events.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts events that held what no gate can know.
    pub fn events_corrected(&self, count: u64) {
        self.corrected.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts a run of a job.
    pub fn job_ended(&self, job: Job, outcome: Outcome) {
        *self.jobs().entry((job, outcome)).or_default() += 1;
    }

    pub(crate) fn jobs(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Job, Outcome), u64>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answered(&self, answered: Answered) {
        *self.requests().entry(answered).or_default() += 1;
    }

    pub(crate) fn requests(&self) -> std::sync::MutexGuard<'_, BTreeMap<Answered, u64>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
