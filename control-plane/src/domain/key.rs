//! The terms of a key, as an administrator sets them.

use lictor_policy::operation::Operations;
use lictor_policy::wire::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::problem::Result;
use crate::domain::settings::MAX_SESSION_LIMIT;
use crate::domain::time::Moment;
use crate::domain::validate;

/// The restrictions of a key, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// A name for people.
    pub name: String,
    /// The profiles of which one must allow a call whole; empty is the default one.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Operations that it may do; empty allows all.
    #[serde(default)]
    pub scopes: Operations,
    /// Models that it may reach; empty allows all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Networks that it may be used from; empty allows all.
    #[serde(default)]
    pub ip_allow_list: Vec<String>,
    /// Calls in any 60 s, in the place of the general limit.
    #[schemars(range(min = 1, max = u32::MAX))]
    #[serde(default)]
    pub rate_limit_per_minute: Option<u32>,
    /// Sessions at once, in the place of the general limit; 0 is no limit.
    #[schemars(range(min = 0, max = MAX_SESSION_LIMIT))]
    #[serde(default)]
    pub session_limit: Option<u32>,
    /// From this moment on it is refused.
    #[serde(default)]
    pub expires_at: Option<Moment>,
    /// Whether it may be used.
    #[serde(default = "yes")]
    pub active: bool,
}

impl Terms {
    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<()> {
        validate::bounds(self)?;
        validate::text("name", &self.name)?;
        validate::profiles("profiles", &self.profiles)?;
        validate::models("models", &self.models)?;
        validate::networks("ip_allow_list", &self.ip_allow_list)
    }
}

fn yes() -> bool {
    true
}
