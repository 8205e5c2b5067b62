//! The settings as administrators see them: grouped, with defaults.
//!
//! Only settings that have an effect are here: one that had none would be a promise that nobody keeps.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::memory::session::MAX_SESSIONS;
use lictor_policy::operation::Operations;
use lictor_policy::refusal::shadow;
use lictor_policy::wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::alerts::settings::Alerts;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::validate;

/// The largest body limit: what a worker can hold for several calls at once.
const MAX_BODY_LIMIT_BYTES: u32 = 64 * 1024 * 1024;
/// A day: a policy that is older says nothing about who may do what.
const MAX_SNAPSHOT_AGE_SECONDS: u32 = 24 * 3600;
/// A session that lasts for a month of silence is none.
const MAX_SESSION_TIMEOUT_SECONDS: u32 = 31 * 24 * 3600;

/// A hundred years.
const MAX_RETENTION_DAYS: u32 = 36_500;
/// Ten years.
const MAX_SESSION_RETENTION_DAYS: u32 = 3650;
const MAX_ROTATION_WINDOW_DAYS: u32 = 365;
const MAX_LINK_DAYS: u32 = 30;
/// Ten years: a key that lives longer has no end that anybody plans for.
const MAX_LIFETIME_DAYS: u32 = 3650;
/// The most sessions that a limit may name: what gates forget they could not count.
pub const MAX_SESSION_LIMIT: u32 = MAX_SESSIONS as u32;

/// All settings. A group or field that a stored row lacks has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The general rate limit.
    pub rate_limit: RateLimit,
    /// Networks that may call; empty allows all.
    pub ip_allow_list: Vec<String>,
    /// How sessions are limited.
    pub sessions: Sessions,
    /// How strict gates are on the roads that Odoo shares with other clients: see docs/roads.md.
    pub enforcement: wire::Enforcement,
    /// Networks that may do without a key in `require`.
    pub require_exceptions: Vec<String>,
    /// How calls are recorded.
    pub audit: Audit,
    /// Alerts: their thresholds, and who gets mail.
    pub alerts: Alerts,
    /// How long keys may live, and who hears of those that need a look.
    pub keys: Keys,
    /// Whether and how keys are replaced before they expire.
    pub rotation: Rotation,
    /// Seconds after which a gate that hears nothing refuses.
    #[schemars(range(min = 1, max = MAX_SNAPSHOT_AGE_SECONDS))]
    pub snapshot_max_age_seconds: u32,
    /// Bytes that a request body may have.
    #[schemars(range(min = 1, max = MAX_BODY_LIMIT_BYTES))]
    pub body_limit_bytes: u32,
    /// Operations of methods that the operations table lacks, for every model.
    pub methods: BTreeMap<String, Operations>,
    /// `model` or `model.method` names taken off the never-list.
    pub never_list_exceptions: Vec<String>,
    /// Whether gates stand in for Odoo's MCP module, on `/mcp/…`.
    pub mcp_module_contract: bool,
    /// The stages that record what they would refuse, and let it pass. One that comes twice counts once.
    #[schemars(with = "Vec<shadow::Shadow>")]
    pub shadow: BTreeSet<shadow::Shadow>,
}

/// The general rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Whether calls are limited.
    pub enabled: bool,
    /// Calls in any 60 s, at each gate.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub per_minute: u32,
    /// Whether this limit and the keys' own are divided by the number of live gates, and each gate gets that part.
    pub divide_by_gates: bool,
}

/// How sessions are limited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Whether sessions are limited.
    pub enabled: bool,
    /// Seconds of silence that end a session.
    #[schemars(range(min = 1, max = MAX_SESSION_TIMEOUT_SECONDS))]
    pub timeout_seconds: u32,
    /// How many sessions a key may have at once; 0 is no limit. As many as a gate remembers of a key at most.
    #[schemars(range(min = 0, max = MAX_SESSION_LIMIT))]
    pub limit: u32,
    /// Days after which sessions that have ended are deleted.
    #[schemars(range(min = 1, max = MAX_SESSION_RETENTION_DAYS))]
    pub retention_days: u32,
}

/// How calls are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Days after which audit records are deleted.
    #[schemars(range(min = 1, max = MAX_RETENTION_DAYS))]
    pub retention_days: u32,
    /// When a record is stored: after the call in batches, or before it.
    pub durability: wire::Durabilities,
}

/// How long keys may live, and who hears of those that need a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Days that a key may live at most, from when it is made until it ends. Keys that were made before stay as they are.
    #[schemars(range(min = 1, max = MAX_LIFETIME_DAYS))]
    pub longest_lifetime_days: Option<u32>,
    /// Whether `alerts.recipients` get a mail each week that names the keys that end soon and those that nobody uses.
    pub weekly_mail: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Self { longest_lifetime_days: None, weekly_mail: true }
    }
}

/// Whether and how keys are replaced before they expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rotation {
    /// Whether keys are replaced before they expire.
    pub enabled: bool,
    /// So many days before a key's end it is replaced, but never before half its life is over.
    #[schemars(range(min = 1, max = MAX_ROTATION_WINDOW_DAYS))]
    pub window_days: u32,
    /// How a key's user gets the new one.
    pub delivery: Delivery,
    /// Days for which a link to a new key can be opened.
    #[schemars(range(min = 1, max = MAX_LINK_DAYS))]
    pub link_valid_days: u32,
    /// The URL under which users reach this service, for links: `https`, or `http` on the machine itself.
    pub public_url: Option<String>,
}

/// How a user gets a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// By mail.
    Email,
    /// By mail, as a link to a page that shows it once.
    Link,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { enabled: false, window_days: 7, delivery: Delivery::Email, link_valid_days: 7, public_url: None }
    }
}

impl Rotation {
    fn validate(&self) -> Result<()> {
        match &self.public_url {
            Some(url) => validate::public_url("rotation.public_url", url),
            None if self.delivery == Delivery::Link => Err(Problem::with_field(
                Code::MissingField,
                "rotation.public_url",
                "Links need the URL under which users reach this service, such as https://lictor.example.com.",
            )),
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::default(),
            ip_allow_list: Vec::new(),
            sessions: Sessions::default(),
            enforcement: wire::Enforcement::Off,
            require_exceptions: Vec::new(),
            audit: Audit::default(),
            alerts: Alerts::default(),
            keys: Keys::default(),
            rotation: Rotation::default(),
            snapshot_max_age_seconds: 300,
            body_limit_bytes: 8 * 1024 * 1024,
            methods: BTreeMap::new(),
            never_list_exceptions: Vec::new(),
            mcp_module_contract: false,
            shadow: BTreeSet::new(),
        }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { enabled: false, per_minute: 60, divide_by_gates: false }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { retention_days: 365, durability: wire::Durabilities::default() }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { enabled: false, timeout_seconds: 1800, limit: 0, retention_days: 30 }
    }
}

impl Settings {
    /// Checks what the types cannot, and names the first field that is wrong.
    pub fn validate(&self) -> Result<()> {
        validate::bounds(self)?;
        validate::networks("ip_allow_list", &self.ip_allow_list)?;
        validate::networks("require_exceptions", &self.require_exceptions)?;
        validate::methods("methods", &self.methods)?;
        validate::models("never_list_exceptions", &self.never_list_exceptions)?;
        self.alerts.validate()?;
        self.rotation.validate()
    }

    /// With what was allowed before and is no more: a limit of sessions that gates could not count.
    pub fn of_today(mut self) -> Self {
        self.sessions.limit = self.sessions.limit.min(MAX_SESSION_LIMIT);
        self
    }
}

impl From<Settings> for wire::Settings {
    fn from(settings: Settings) -> Self {
        Self {
            enforcement: settings.enforcement,
            require_exceptions: settings.require_exceptions,
            ip_allow_list: settings.ip_allow_list,
            rate_limit: wire::RateLimit {
                enabled: settings.rate_limit.enabled,
                per_minute: settings.rate_limit.per_minute,
                divide_by_gates: settings.rate_limit.divide_by_gates,
            },
            sessions: wire::Sessions {
                enabled: settings.sessions.enabled,
                timeout_seconds: settings.sessions.timeout_seconds,
                limit: settings.sessions.limit,
            },
            durability: settings.audit.durability,
            snapshot_max_age_seconds: settings.snapshot_max_age_seconds,
            body_limit_bytes: settings.body_limit_bytes,
            methods: settings.methods,
            never_list_exceptions: settings.never_list_exceptions,
            mcp_module_contract: settings.mcp_module_contract,
            shadow: settings.shadow,
        }
    }
}
