//! What one thread of Envoy keeps: its configuration and the policy in force.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use lictor_policy::gate;
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use lictor_policy::wire::UnixMicros;

use crate::config::Config;
use crate::host::{self, HostError};
use crate::metrics::Metrics;
use crate::shared::policy::{self, Stamp};

/// Shared by the root context and the requests of one thread.
pub(crate) struct Worker {
    /// As Envoy gave it.
    pub(crate) config: Config,
    loaded: Cell<Loaded>,
    metrics: OnceCell<Metrics>,
    /// Which request waits for the answer with a number. No more than there are requests.
    waiting: RefCell<BTreeMap<u32, u32>>,
}

#[derive(Clone, Default)]
struct Loaded {
    id: u64,
    confirmed_at: UnixMicros,
    snapshot: Option<Arc<Snapshot>>,
}

/// The policy at one moment.
pub(crate) struct Current {
    /// The snapshot, fresh or not.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    /// The number that the stamp gives it.
    pub(crate) id: u64,
    /// When the control plane last confirmed it.
    pub(crate) confirmed_at: UnixMicros,
}

impl From<Loaded> for Current {
    fn from(Loaded { id, confirmed_at, snapshot }: Loaded) -> Self {
        Self { snapshot, id, confirmed_at }
    }
}

impl Worker {
    /// A worker without a policy.
    pub(crate) fn new(config: Config) -> Self {
        Self { config, loaded: Cell::default(), metrics: OnceCell::new(), waiting: RefCell::default() }
    }

    /// This thread's metrics, defined at their first use: configuring must not depend on the host.
    pub(crate) fn metrics(&self) -> Result<&Metrics, HostError> {
        match self.metrics.get() {
            Some(metrics) => Ok(metrics),
            None => Metrics::define().map(|defined| self.metrics.get_or_init(|| defined)),
        }
    }

    /// Keeps that a request waits for the answer with this number.
    pub(crate) fn waits(&self, token: u32, request: u32) {
        self.waiting.borrow_mut().insert(token, request);
    }

    /// The request that waits for the answer with this number; from now on it does not.
    pub(crate) fn waited(&self, token: u32) -> Option<u32> {
        self.waiting.borrow_mut().remove(&token)
    }

    /// The most bytes that a body may have by the policy at hand, which is a tick old at most.
    pub(crate) fn body_limit(&self) -> usize {
        let loaded = self.loaded.take();
        let limit = gate::body_limit(loaded.snapshot.as_deref());
        self.loaded.set(loaded);
        limit
    }

    /// The policy in force now.
    pub(crate) fn current(&self) -> Result<Current, HostError> {
        let loaded = self.loaded.take();
        self.loaded.set(loaded.clone());
        // A gauge costs a tenth of the stamp. When the policy was confirmed is a tick old at most.
        if loaded.id != 0 && self.metrics()?.newest_policy()? == loaded.id {
            return Ok(loaded.into());
        }
        self.refreshed()
    }

    /// Takes a policy that this thread has parsed and put in force: it need not parse it again.
    pub(crate) fn take(&self, id: u64, confirmed_at: UnixMicros, snapshot: Arc<Snapshot>) {
        self.loaded.set(Loaded { id, confirmed_at, snapshot: Some(snapshot) });
    }

    /// The policy in force now, by the stamp: taken anew if that names another than this thread has.
    pub(crate) fn refreshed(&self) -> Result<Current, HostError> {
        let (id, confirmed_at) = Stamp::read()?;
        let began = host::now()?;
        let mut loaded = self.loaded.take();
        loaded.confirmed_at = confirmed_at;
        let mut is_new = false;
        if loaded.id != id {
            match policy::load(id) {
                // It was checked before it was stored; should it not parse here, no key may pass.
                Ok(Some(read)) => {
                    loaded = Loaded { id, confirmed_at, snapshot: read.map_err(report).ok() };
                    is_new = true;
                }
                // Two came since the stamp was read: the next look finds them.
                Ok(None) => {}
                Err(error) => {
                    self.loaded.set(loaded);
                    return Err(error);
                }
            }
        }
        self.loaded.set(loaded.clone());
        if is_new {
            self.metrics()?.loaded(host::now()?.saturating_sub(began))?;
        }
        Ok(loaded.into())
    }
}

fn report(problem: BadSnapshot) {
    host::warn(&format!("lictor: the stored policy cannot be used: {problem}"));
}
