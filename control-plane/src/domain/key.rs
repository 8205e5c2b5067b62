//! The terms of a key, as an administrator sets them, and how long it may live.

use lictor_policy::operation::Operations;
use lictor_policy::wire::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::problem::{Problem, Result};
use crate::domain::settings::{self, MAX_SESSION_LIMIT};
use crate::domain::time::{DAY, Moment};
use crate::domain::validate;

/// A key that ends within so many days needs a look.
pub const ENDS_SOON_DAYS: u32 = 30;
/// So does one that was not used for so many days.
pub const UNUSED_DAYS: u32 = 90;

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

/// The last moment at which a key that was made then may end; none if there is no limit.
pub fn latest_end(limits: &settings::Keys, created_at: Moment) -> Option<Moment> {
    limits.longest_lifetime_days.map(|days| created_at.plus(DAY * days))
}

/// Whether a key that was made then ends later than the longest lifetime allows, or never.
pub fn outlives(limits: &settings::Keys, created_at: Moment, expires_at: Option<Moment>) -> bool {
    latest_end(limits, created_at).is_some_and(|latest| expires_at.is_none_or(|end| end > latest))
}

/// Refuses an end that the longest lifetime of keys does not allow.
pub fn within_lifetime(
    limits: &settings::Keys,
    created_at: Moment,
    expires_at: Option<Moment>,
    now: Moment,
) -> Result<()> {
    let (Some(days), Some(latest)) = (limits.longest_lifetime_days, latest_end(limits, created_at)) else {
        return Ok(());
    };
    if !outlives(limits, created_at, expires_at) {
        return Ok(());
    }
    let advice = match latest > now {
        true => format!("Give an end until {latest}"),
        false => "Rotate the key, which makes a new one".to_owned(),
    };
    let detail = format!("{advice}: a key lives for {days} days at most (the setting keys.longest_lifetime_days).");
    Err(Problem::invalid("expires_at", detail))
}

fn yes() -> bool {
    true
}
