//! The policy as a file: users, restrictions of keys, permissions and settings, for administrators who keep them in git.
//!
//! `file` reads and checks the text, `state` is what the service has, `plan` compares both to a list of `change`s, and only
//! `execute` writes.

pub mod change;
pub mod execute;
pub mod file;
pub(crate) mod matched;
pub mod plan;
pub mod record;
pub mod state;
pub(crate) mod text;
