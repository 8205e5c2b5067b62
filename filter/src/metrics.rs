//! The filter's numbers in Envoy's `/stats/prometheus`. None is ever named after what a client sent.

use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, Outcome};

use crate::host::{self, HostError, Metric};

/// Handles of one thread's metrics; the numbers are Envoy's.
pub(crate) struct Metrics {
    allowed: Metric,
    faulted: Metric,
    unknown: Metric,
    denied: Vec<(Reason, Metric)>,
    would_deny: Vec<(Reason, Metric)>,
    gate_us: Metric,
    policy_load_us: Metric,
    hashes: Metric,
    revision: Metric,
    age_seconds: Metric,
    stamp: Metric,
    waiting: Metric,
    lost: Metric,
}

impl Metrics {
    /// Defines them. Outcome and reason become labels through `stats_tags` in Envoy's bootstrap.
    pub(crate) fn define() -> Result<Self, HostError> {
        let calls = |outcome: &str, reason: &str| {
            host::define_counter(&format!("lictor.calls.outcome.{outcome}.reason.{reason}"))
        };
        let denied = |reason: &Reason| Ok((*reason, calls("denied", reason.row().name)?));
        let would_deny = |reason: &Reason| {
            Ok((*reason, host::define_counter(&format!("lictor.would_deny.reason.{}", reason.row().name))?))
        };
        let shadowed = Reason::ALL.iter().filter(|reason| reason.row().shadow.is_some());
        Ok(Self {
            allowed: calls("allowed", "none")?,
            faulted: calls("faulted", "none")?,
            unknown: calls("unknown", "none")?,
            denied: Reason::ALL.iter().map(denied).collect::<Result<_, HostError>>()?,
            would_deny: shadowed.map(would_deny).collect::<Result<_, HostError>>()?,
            gate_us: host::define_histogram("lictor.gate_us")?,
            policy_load_us: host::define_histogram("lictor.policy_load_us")?,
            hashes: host::define_counter("lictor.key_hashes")?,
            revision: host::define_gauge("lictor.policy_revision")?,
            age_seconds: host::define_gauge("lictor.policy_age_seconds")?,
            stamp: host::define_gauge("lictor.policy_stamp")?,
            waiting: host::define_gauge("lictor.audit_pending")?,
            lost: host::define_counter("lictor.filters_lost")?,
        })
    }

    /// A call has ended.
    pub(crate) fn ended(&self, event: &Event) -> Result<(), HostError> {
        let counter = match (event.outcome, event.reason) {
            (Outcome::Denied, reason) => of(&self.denied, reason),
            (Outcome::Allowed, _) => Some(&self.allowed),
            (Outcome::Faulted, _) => Some(&self.faulted),
            (Outcome::Unknown, _) => Some(&self.unknown),
        };
        counter.map_or(Ok(()), host::increment)?;
        of(&self.would_deny, event.would_deny).map_or(Ok(()), host::increment)?;
        host::record(&self.gate_us, event.gate_us)
    }

    /// This thread took a policy, and stood still for so long.
    pub(crate) fn loaded(&self, took_us: u64) -> Result<(), HostError> {
        host::record(&self.policy_load_us, took_us)
    }

    /// A key was hashed.
    pub(crate) fn hashed(&self) -> Result<(), HostError> {
        host::increment(&self.hashes)
    }

    /// The number of the newest policy, as every thread sees it at once; 0 if that is not known.
    pub(crate) fn newest_policy(&self) -> Result<u64, HostError> {
        host::gauge(&self.stamp)
    }

    /// Tells every thread that there is a newer policy, or will be at once.
    pub(crate) fn published(&self, id: u64) -> Result<(), HostError> {
        host::record(&self.stamp, id)
    }

    /// Filters of other threads have ended without a word.
    pub(crate) fn lost(&self, filters: u64) -> Result<(), HostError> {
        (0..filters).try_for_each(|_| host::increment(&self.lost))
    }

    /// The state of the gate as a whole; told by the holder of the lease.
    pub(crate) fn state(&self, revision: u64, age_seconds: u64, waiting: u64) -> Result<(), HostError> {
        host::record(&self.revision, revision)?;
        host::record(&self.age_seconds, age_seconds)?;
        host::record(&self.waiting, waiting)
    }
}

fn of(counters: &[(Reason, Metric)], reason: Option<Reason>) -> Option<&Metric> {
    counters.iter().find(|(known, _)| Some(*known) == reason).map(|(_, counter)| counter)
}
