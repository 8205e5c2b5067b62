//! Who acts: the roles of accounts, and whoever makes a change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an account may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads permissions, sessions and the audit log.
    User,
    /// Manages keys and permissions, ends sessions, has decisions explained.
    Manager,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles, smallest first.
    pub const ALL: [Self; 3] = [Self::User, Self::Manager, Self::Admin];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// Whoever makes a change, for the administrators' audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The id of the account, or `system`.
    pub id: String,
    /// What it may do.
    pub role: Role,
}

impl Actor {
    /// Lictor itself: the first start, and what changes with time.
    pub fn system() -> Self {
        Self { id: "system".to_owned(), role: Role::Admin }
    }
}
