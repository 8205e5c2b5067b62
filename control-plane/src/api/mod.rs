//! Storey 6: the REST API, one file a noun.

pub mod accounts;
pub mod admin_audit;
pub mod alerts;
pub mod audit;
pub mod auth;
mod change_one;
pub mod csv;
pub mod emergency;
pub mod explain;
pub mod gate_v1;
pub mod gates;
pub mod health;
pub mod jobs;
pub mod key_link;
pub mod keys;
pub mod metrics;
pub mod openapi;
pub mod outbox;
pub mod pauses;
pub mod permissions;
pub mod router;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod tokens;
pub mod users;
pub mod webhooks;
