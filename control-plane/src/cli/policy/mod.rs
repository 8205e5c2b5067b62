//! The policy as a file: users, restrictions of keys, permissions and settings, for administrators who keep them in git.
//!
//! `file` reads and checks the text, `state` is what the service has, `plan` compares both, and only `execute` writes.

pub mod execute;
pub mod file;
pub mod plan;
pub mod state;
