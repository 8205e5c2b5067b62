//! What every request can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use lictor_policy::wire;
use tokio::sync::watch;

use crate::gates::Presence;
use crate::odoo::Odoo;
use crate::publish::Publisher;
use crate::store::{Store, StoreError};
use crate::time::{Clock, Moment, system_clock};
use crate::vault::Vault;

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What it is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The master key.
    pub vault: Vault,
    /// The Odoo that gates guard.
    pub odoo: Odoo,
    /// The time.
    pub clock: Clock,
    /// How long an unchanged long poll is held.
    pub poll_hold: Duration,
    /// The policy that gates get.
    pub publisher: Publisher,
    /// Which gates were heard.
    pub presence: Presence,
    /// Turns true when the service is to end: long polls answer then.
    pub stopping: watch::Sender<bool>,
}

impl App {
    /// Puts the service together on a database that fits the master key.
    pub async fn new(store: Store, vault: Vault, odoo: Odoo) -> Result<Self, StoreError> {
        Self::with(store, vault, odoo, system_clock(), Duration::from_millis(wire::POLL_HOLD_MS)).await
    }

    /// The same with another clock and hold time, for tests.
    pub async fn with(
        store: Store,
        vault: Vault,
        odoo: Odoo,
        clock: Clock,
        poll_hold: Duration,
    ) -> Result<Self, StoreError> {
        store.prepare(vault.key_id()).await?;
        Ok(Self(Arc::new(Parts {
            store,
            vault,
            odoo,
            clock,
            poll_hold,
            publisher: Publisher::default(),
            presence: Presence::default(),
            stopping: watch::Sender::new(false),
        })))
    }

    /// The time.
    pub fn now(&self) -> Moment {
        (self.clock)()
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
