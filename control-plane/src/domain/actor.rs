//! Who acts: the roles of accounts, and whoever makes a change.

use crate::domain::named::named;

named! {
    /// What an account may do; each role may do what the ones before it may.
    pub enum Role {
        /// Reads permissions, sessions and the audit log.
        User = "user",
        /// Manages keys and permissions, ends sessions, has decisions explained.
        Manager = "manager",
        /// Everything.
        Admin = "admin",
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
