//! The control plane through its real routers, on a real database, SQLite or PostgreSQL. Odoo is a stand-in here; the end-to-end tests
//! have the real one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails here has failed; clippy.toml exempts only functions with #[test]"
)]

mod accounts;
mod admin_chain;
mod alerts;
mod audit;
mod audit_counts;
mod audit_rows;
mod audit_stream;
mod audit_verify;
mod cases;
mod chain;
mod change;
mod command_line;
mod console;
mod docs;
mod drafts;
mod dry_runs;
mod emergency;
mod etag;
mod events;
mod expiry;
mod explain;
mod export;
mod gates;
mod in_force;
mod jobs;
mod key_list;
mod key_use;
mod keys;
mod keys_bulk;
mod links;
mod listen;
mod loosening;
mod mails;
mod maintenance;
mod metrics;
mod odoo;
mod openapi;
mod outage;
mod outbox;
mod pauses;
mod permissions;
mod plan;
mod policy;
mod policy_diff;
mod problems;
mod profiles;
mod proofs;
mod replay;
mod replica;
mod retention;
mod revocation;
mod roles;
mod rotation;
mod scale;
mod schema;
mod secrets;
mod service;
mod sessions;
mod settings;
mod sign_in;
mod smtp;
mod store;
mod streams;
mod suggestions;
mod support;
mod upkeep;
mod users;
mod webhooks;
