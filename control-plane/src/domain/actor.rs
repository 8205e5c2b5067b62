//! Roles of accounts, and the actors of changes.

use crate::domain::named::named;

named! {
    /// The role of an account; each may do all that the ones before it may.
    pub enum Role {
        /// Reads permissions, sessions and the audit log.
        User = "user",
        /// Manages keys and permissions, ends sessions, has decisions explained.
        Manager = "manager",
        /// Everything.
        Admin = "admin",
    }
}

/// The one who makes a change, for the administrators' audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The id of the account, or `system`.
    pub id: String,
    /// Its role.
    pub role: Role,
}

impl Actor {
    /// Lictor itself: the first start, and what changes with time.
    pub fn system() -> Self {
        Self { id: "system".to_owned(), role: Role::Admin }
    }
}
