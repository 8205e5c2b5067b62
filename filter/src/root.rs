//! The root context: one on each of Envoy's threads, all ticking.

use std::rc::Rc;
use std::time::Duration;

use lictor_policy::wire::UnixMicros;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::audit::{self, Sender};
use crate::config::Config;
use crate::host::{self, HostError};
use crate::places;
use crate::refused::Recorder;
use crate::request::Request;
use crate::sync::{Lease, Poll};
use crate::worker::Worker;

/// How often a thread looks for a new policy and, with the lease, for events to send.
const TICK: Duration = Duration::from_millis(20);

/// One thread's root.
#[derive(Default)]
pub(crate) struct Root {
    worker: Option<Rc<Worker>>,
    lease: Option<Lease>,
    poll: Poll,
    sender: Sender,
    recorder: Recorder,
}

impl Root {
    fn tick(&mut self) -> Result<(), HostError> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let now = host::now()?;
        // Parsed here, a new policy stalls no request.
        let current = worker.refreshed()?;
        audit::flush()?;
        if hold(&mut self.lease, now)? {
            self.poll.run(worker, now)?;
            self.sender.run(worker, now)?;
            self.recorder.run(now)?;
            let revision = current.snapshot.map_or(0, |snapshot| snapshot.revision);
            let age_seconds = now.saturating_sub(current.confirmed_at) / 1_000_000;
            worker.metrics()?.state(revision, age_seconds, places::waiting()?)?;
        }
        Ok(())
    }

    fn answered(&mut self, token: u32, body_size: usize) -> Result<(), HostError> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let now = host::now()?;
        let holds = hold(&mut self.lease, now)?;
        if !self.poll.answered(worker, token, body_size, now, holds)? {
            self.sender.answered(worker, token, now)?;
        }
        Ok(())
    }
}

/// Takes or renews this thread's lease; false while another thread has it.
fn hold(lease: &mut Option<Lease>, now: UnixMicros) -> Result<bool, HostError> {
    let lease = match lease {
        Some(lease) => lease,
        none => none.insert(Lease::new(u64::from_le_bytes(host::random()?))),
    };
    lease.hold(now)
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, _headers: usize, body_size: usize, _trailers: usize) {
        if let Err(error) = self.answered(token, body_size) {
            host::warn(&format!("lictor: an answer of the control plane could not be taken: {error:?}"));
        }
    }
}

impl RootContext for Root {
    /// A pure function of the bytes: what fails here on the workers alone would leave them unfiltered.
    fn on_configure(&mut self, _size: usize) -> bool {
        let parsed = host::plugin_configuration().map(|bytes| Config::parse(&bytes));
        match parsed {
            Ok(Ok(config)) => self.worker = Some(Rc::new(Worker::new(config))),
            Ok(Err(error)) => {
                host::warn(&format!("lictor: the plugin configuration cannot be used: {error}"));
                return false;
            }
            Err(error) => {
                host::warn(&format!("lictor: the plugin configuration cannot be read: {error:?}"));
                return false;
            }
        }
        host::tick_every(TICK).is_ok()
    }

    fn on_tick(&mut self) {
        // What failed is tried again at the next tick, and what was lost is in the log; a policy that cannot be renewed ages
        // and is refused.
        drop(self.tick());
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request::new(context_id, self.worker.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
