//! The root context: one on each of Envoy's threads, all ticking.

use std::rc::Rc;
use std::time::Duration;

use crate::audit::sender::Sender;
use crate::config::Config;
use crate::host::{self, HostError};
use crate::lease::Lease;
use crate::refused::Recorder;
use crate::subscription::Poll;
use crate::threads::{Place, Watch};
use crate::worker::Worker;
use crate::{answers, audit, reservation};

/// How often a thread looks for a new policy and, with the lease, for events to send.
const TICK: Duration = Duration::from_millis(20);

/// One thread's root.
#[derive(Default)]
pub(crate) struct Root {
    worker: Option<Rc<Worker>>,
    /// Made at the first tick: a filter that is only tried out has none.
    own: Option<(Lease, Place)>,
    watch: Watch,
    poll: Poll,
    sender: Sender,
    recorder: Recorder,
}

impl Root {
    fn tick(&mut self) -> Result<(), HostError> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let now = host::now()?;
        let (lease, place) = own(&mut self.own)?;
        if let Some(place) = place.renew()? {
            host::open_bell(place)?;
            audit::keep_at(place);
        }
        audit::hand_over()?;
        // Parsed here, a new policy stalls no request.
        let current = worker.refreshed()?;
        if lease.hold(now)? {
            self.poll.run(worker, now)?;
            self.sender.run(worker, now)?;
            self.recorder.run(now)?;
            let metrics = worker.metrics()?;
            metrics.lost(self.watch.tick()?)?;
            let revision = current.snapshot.map_or(0, |snapshot| snapshot.revision);
            let age_seconds = now.saturating_sub(current.confirmed_at) / 1_000_000;
            metrics.state(revision, age_seconds, reservation::waiting()?)?;
        }
        Ok(())
    }

    fn answered(&mut self, token: u32, body_size: usize) -> Result<(), HostError> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let now = host::now()?;
        let (lease, _) = own(&mut self.own)?;
        let holds = lease.hold(now)?;
        if !self.poll.answered(worker, token, body_size, now, holds)? {
            self.sender.answered(worker, token, now)?;
        }
        Ok(())
    }
}

/// This thread's lease and place, by one random number.
fn own(own: &mut Option<(Lease, Place)>) -> Result<&mut (Lease, Place), HostError> {
    match own {
        Some(own) => Ok(own),
        none => {
            let holder = u64::from_le_bytes(host::random()?);
            Ok(none.insert((Lease::new(holder), Place::new(holder))))
        }
    }
}

/// What Envoy calls.
impl Root {
    /// A pure function of the bytes: what fails here on the workers alone would leave them unfiltered.
    pub(crate) fn configure(&mut self) -> bool {
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

    /// For the requests of this thread.
    pub(crate) fn worker(&self) -> Option<Rc<Worker>> {
        self.worker.clone()
    }

    pub(crate) fn on_tick(&mut self) {
        answers::tick();
        // What failed is tried again at the next tick, and what was lost is in the log; a policy that cannot be renewed ages
        // and is refused.
        drop(self.tick());
    }

    /// Takes an answer of the control plane. If it is to an intent: the request that waits for it.
    pub(crate) fn on_answer(&mut self, token: u32, body_size: usize) -> Option<u32> {
        let waiting = self.worker.as_ref().and_then(|worker| worker.waited(token));
        if waiting.is_none()
            && let Err(error) = self.answered(token, body_size)
        {
            host::warn(&format!("lictor: an answer of the control plane could not be taken: {error:?}"));
            self.give_up(token);
        }
        waiting
    }

    /// Neither the poll nor the sender may wait for ever for an answer that could not be taken.
    pub(crate) fn give_up(&mut self, token: u32) {
        self.poll.give_up(token);
        self.sender.give_up(token);
    }

    pub(crate) fn on_done(&mut self) {
        let left = self.own.as_mut().map_or(Ok(()), |(_, place)| place.leave());
        if let Err(error) = audit::hand_over().and(left) {
            host::warn(&format!("lictor: a filter that ends could not say so: {error:?}"));
        }
    }
}
