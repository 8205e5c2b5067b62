//! Shadow mode: which stages can be in it.

use serde::{Deserialize, Serialize};

/// A stage that can be in shadow, or all of them. No name stands for the key, whose it is, and what an administrator has
/// stopped by hand: nothing puts these in shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shadow {
    /// All that have a name here.
    All,
    /// The number of sessions.
    Session,
    /// The lists of addresses.
    Ip,
    /// The rate limit.
    RateLimit,
    /// The key's scopes.
    Scope,
    /// The key's models.
    Model,
    /// The model's permission, and methods that nobody has mapped.
    Permission,
}
