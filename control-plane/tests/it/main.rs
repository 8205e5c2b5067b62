//! The control plane through its real routers, on a real SQLite file. Odoo is a stand-in here; the end-to-end tests
//! have the real one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails here has failed; clippy.toml exempts only functions with #[test]"
)]

mod accounts;
mod audit;
mod change;
mod gates;
mod keys;
mod permissions;
mod policy;
mod problems;
mod roles;
mod secrets;
mod settings;
mod support;
mod users;
