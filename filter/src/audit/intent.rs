//! An intent: what is sent to the control plane before its call is forwarded.

use std::time::Duration;

use lictor_policy::wire::{self, Event, EventKind};

use crate::audit::entry::Entry;
use crate::audit::{boot, enqueue};
use crate::control_plane::{headers, status};
use crate::host::{self, HostError};
use crate::reservation::Reserved;
use crate::worker::Worker;

/// A call waits for its intent; Odoo's clients wait far longer.
const INTENT_TIMEOUT: Duration = Duration::from_secs(5);

/// An intent that is on its way to the control plane.
pub(crate) struct Intent(Entry);

impl Intent {
    /// Of a permitted call.
    pub(crate) fn of(reserved: Reserved, event: &Event) -> Self {
        Self(Entry::of(reserved, Event { kind: EventKind::Intent, ..event.clone() }))
    }

    /// Sends it at once. The call it is of waits for the answer to this number, and for [`is_stored`].
    pub(crate) fn send(&self, worker: &Worker) -> Result<u32, HostError> {
        let headers = headers("POST", wire::EVENTS_PATH);
        let batch = Entry::batch(std::slice::from_ref(&self.0), &boot()?);
        host::call(&worker.config.control_plane_cluster, &headers, batch.json(), INTENT_TIMEOUT)
    }

    /// Leaves it to the sender, when it could not be stored at once: its number must not be missing.
    pub(crate) fn queue(self) -> Result<(), HostError> {
        enqueue(&self.0)
    }
}

/// Whether the answer that is at hand says that the events are in the database.
pub(crate) fn is_stored() -> Result<bool, HostError> {
    Ok(status()? == Some(200))
}
