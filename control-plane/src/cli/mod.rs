//! Storey 7: the program `lictor`: its options, and its commands.

pub mod args;
mod audit_verify;
pub mod database;
pub mod docs;
pub(crate) mod init;
pub mod master_key;
pub mod options;
mod provider;
pub mod remote;
pub mod secret_source;
pub(crate) mod serve;
pub mod terminal;
