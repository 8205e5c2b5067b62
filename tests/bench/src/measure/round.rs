//! One round of one variant: the load's measurements beside what Envoy's process used.

use std::time::{Duration, Instant};

use anyhow::Result;
use lictor_xtask::foreground::wait_for;
use lictor_xtask::process::{Identity, Server};

/// An Envoy that uses less of a processor than this is done with the calls, and with telling about them.
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
    /// How much of its processor Envoy had while it was loaded. Well below 1: something else was the limit.
    pub(super) busy: f64,
    /// Seconds of work left when the load ended.
    pub(super) settled_after: f64,
}

/// Envoy's processor time from here on.
pub(super) struct Meter {
    envoy: Identity,
    began: Instant,
    before: Duration,
}

impl Meter {
    pub(super) fn start(envoy: &Identity) -> Result<Self> {
        Ok(Self { envoy: envoy.clone(), began: Instant::now(), before: envoy.processor_time()? })
    }

    /// The share of a processor since the start.
    pub(super) fn share(&self) -> Result<f64> {
        let used = self.envoy.processor_time()?.saturating_sub(self.before);
        Ok(used.as_secs_f64() / self.began.elapsed().as_secs_f64())
    }

    /// Waits until Envoy is idle. Returns the time that it used in all, and the seconds until it was idle.
    pub(super) fn settle(&self, servers: &mut [Server]) -> Result<(Duration, f64)> {
        let loaded_until = Instant::now();
        let mut quiet = Self::start(&self.envoy)?;
        wait_for("an idle Envoy after a round", SETTLE_LIMIT, servers, || {
            if quiet.began.elapsed() < IDLE_FOR {
                return Ok(None);
            }
            let idle = quiet.share()? < IDLE_SHARE;
            let since = quiet.began - loaded_until;
            quiet = Self::start(&self.envoy)?;
            Ok(idle.then_some((quiet.before.saturating_sub(self.before), since.as_secs_f64())))
        })
    }
}
