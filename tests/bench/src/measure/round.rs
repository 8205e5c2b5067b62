//! One round of one variant: the load's measurements beside what Envoy's process and its service's used.

use std::time::{Duration, Instant};

use anyhow::Result;
use lictor_xtask::foreground::wait_for;
use lictor_xtask::process::Server;

use super::gate::Gate;

/// A gate that uses less of a processor than this, and has reported its calls, is done with them.
const IDLE_SHARE: f64 = 0.05;
const IDLE_FOR: Duration = Duration::from_millis(400);
/// For the audit events of a round to be delivered.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// What one round measured.
pub(super) struct Round {
    pub(super) requests: u64,
    pub(super) requests_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    /// Envoy's whole process, until it is idle again: work that it puts off is part of a call's cost.
    pub(super) cpu_us_per_request: f64,
    /// That and what its service used.
    pub(super) whole_cpu_us_per_request: f64,
    /// While Envoy and its service had one processor together. Without a service, that is what Envoy has anyway.
    pub(super) shared_core_requests_per_second: f64,
    /// How much of its processor Envoy had while it was loaded. Well below 1: something else was the limit.
    pub(super) busy: f64,
    /// Seconds of work left when the load ended.
    pub(super) settled_after: f64,
}

/// The processor time of a gate from here on.
pub(super) struct Meter<'a> {
    gate: &'a Gate,
    began: Instant,
    before: Used,
}

/// Processor time of a gate's processes.
#[derive(Clone, Copy)]
pub(super) struct Used {
    pub(super) envoy: Duration,
    pub(super) service: Duration,
}

impl Used {
    fn by(gate: &Gate) -> Result<Self> {
        let service = gate.service.as_ref().map_or(Ok(Duration::ZERO), |service| service.process.processor_time())?;
        Ok(Self { envoy: gate.envoy.processor_time()?, service })
    }

    fn since(self, before: Self) -> Self {
        Self { envoy: self.envoy.saturating_sub(before.envoy), service: self.service.saturating_sub(before.service) }
    }

    pub(super) fn whole(self) -> Duration {
        self.envoy + self.service
    }
}

impl<'a> Meter<'a> {
    pub(super) fn start(gate: &'a Gate) -> Result<Self> {
        Ok(Self { gate, began: Instant::now(), before: Used::by(gate)? })
    }

    fn used(&self) -> Result<Used> {
        Ok(Used::by(self.gate)?.since(self.before))
    }

    /// Envoy's share of a processor since the start.
    pub(super) fn share(&self) -> Result<f64> {
        Ok(self.used()?.envoy.as_secs_f64() / self.began.elapsed().as_secs_f64())
    }

    /// Waits until the gate is idle, and not because the control plane has yet to store what it was told. Returns the time that it used in all, and the seconds until it was idle.
    pub(super) fn settle(&self, servers: &mut [Server]) -> Result<(Used, f64)> {
        let loaded_until = Instant::now();
        let mut quiet = Self::start(self.gate)?;
        wait_for("an idle gate after a round", SETTLE_LIMIT, servers, || {
            if quiet.began.elapsed() < IDLE_FOR {
                return Ok(None);
            }
            let idle = quiet.used()?.whole().as_secs_f64() / quiet.began.elapsed().as_secs_f64() < IDLE_SHARE;
            let since = quiet.began - loaded_until;
            quiet = Self::start(self.gate)?;
            Ok((idle && self.gate.has_reported()?).then_some((quiet.before.since(self.before), since.as_secs_f64())))
        })
    }
}
