//! Storey 4: what every request can reach.

pub mod alerts;
pub mod audit;
pub mod change;
pub mod entrance;
pub mod first_admin;
pub mod gates;
pub mod key_links;
pub mod known_names;
pub mod metrics;
pub mod new_keys;
pub mod outbox;
pub mod passwords;
pub mod presence;
pub mod proofs;
pub mod provider;
pub mod publisher;
pub mod runs;
pub mod sessions;
pub mod sign_in_limit;
pub mod streams;
pub mod suggestions;
pub mod tokens;
pub mod trial;
mod upgrade;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lictor_policy::wire;
use tokio::sync::watch;

use crate::app::entrance::Entrance;
use crate::app::metrics::Metrics;
use crate::app::passwords::Passwords;
use crate::app::presence::Presence;
use crate::app::proofs::Proofs;
use crate::app::publisher::Publisher;
use crate::app::runs::Runs;
use crate::app::streams::Streams;
use crate::clients::odoo::{Odoo, Uid};
use crate::clients::odoo_models::Asker;
use crate::clients::smtp::Mailer;
use crate::domain::signing::Signer;
use crate::domain::time::{Clock, Moment, system_clock};
use crate::secrets::vault::Vault;
use crate::store::proof::Keys;
use crate::store::users::{Upstream, User};
use crate::store::{Store, StoreError, jobs, schema};

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What it is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The master key.
    pub vault: Vault,
    /// What is made of the master key, and signs the audit log.
    pub keys: Arc<Keys>,
    /// The Odoo that gates guard.
    pub odoo: Odoo,
    /// The way to the SMTP server, set before anything is served; without one mail waits in the outbox.
    pub mailer: OnceLock<Mailer>,
    /// How people reach the service, set before anything is served.
    pub entrance: OnceLock<Entrance>,
    /// When the service started.
    pub started_at: Moment,
    /// How long it waits for gates.
    pub waits: Waits,
    /// The policy that gates get.
    pub publisher: Publisher,
    /// Which gates were heard.
    pub presence: Presence,
    /// What the last check of the rows found.
    pub proofs: Proofs,
    /// The jobs that run here.
    pub runs: Runs,
    /// The streams of audit records that are read here.
    pub streams: Streams,
    /// Hashes passwords of accounts.
    pub passwords: Passwords,
    /// What is counted for Prometheus.
    pub metrics: Metrics,
    /// Turns true when the service is to end: long polls answer then.
    pub stopping: watch::Sender<bool>,
}

/// How long the service waits for gates.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// An unchanged long poll is held so long.
    pub poll: Duration,
    /// The answer to an emergency revocation waits so long for gates to acknowledge it.
    pub acknowledgement: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { poll: Duration::from_millis(wire::POLL_HOLD_MS), acknowledgement: Duration::from_secs(1) }
    }
}

impl App {
    /// Puts the service together on a database that fits the master key.
    pub async fn new(store: Store, vault: Vault, odoo: Odoo) -> Result<Self, StoreError> {
        Self::with(store, vault, odoo, system_clock(), Waits::default()).await
    }

    /// To ask Odoo as a user; none whose secret does not open, which the check of rows reports.
    pub fn asker(&self, user: &User) -> Option<Asker> {
        let Upstream { database, uid, sealed, .. } = &user.upstream;
        let secret = self.vault.open(sealed, &Upstream::owner(&user.id)).ok()?;
        Some(Asker { database: database.clone(), uid: Uid(*uid), secret })
    }

    /// The same with another clock and other waits, for tests.
    pub async fn with(store: Store, vault: Vault, odoo: Odoo, clock: Clock, waits: Waits) -> Result<Self, StoreError> {
        let store = store.with_clock(clock);
        let keys = store.prepare(&vault).await?;
        let started_at = store.now();
        let app = Self(Arc::new(Parts {
            store,
            vault,
            keys,
            odoo,
            mailer: OnceLock::new(),
            entrance: OnceLock::new(),
            started_at,
            waits,
            publisher: Publisher::default(),
            presence: Presence::default(),
            proofs: Proofs::default(),
            runs: Runs::default(),
            streams: Streams::default(),
            passwords: Passwords::default(),
            metrics: Metrics::default(),
            stopping: watch::Sender::new(false),
        }));
        jobs::prepare(&app.store).await?;
        schema::prepare(&app.store).await?;
        upgrade::upgrade(&app.store).await?;
        Ok(app)
    }

    /// What signs the audit log.
    pub fn signer(&self) -> &Signer {
        self.keys.signer()
    }

    /// Whether an SMTP server is configured.
    pub fn can_mail(&self) -> bool {
        self.mailer.get().is_some()
    }

    /// Whether people come by https.
    pub fn is_https(&self) -> bool {
        self.entrance.get().is_some_and(Entrance::is_https)
    }

    /// The time.
    pub fn now(&self) -> Moment {
        self.store.now()
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
