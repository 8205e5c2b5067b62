//! The control plane of Lictor: keeps the policy, serves the REST API, and gives every gate the policy of each revision.
//!
//! A library only so that tests reach the routers; the program is `lictor`.

pub mod alerts;
pub mod api;
pub mod app;
pub mod arrivals;
pub mod audit;
pub mod auth;
pub mod change;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod csv;
pub mod docs;
pub mod error;
pub mod gates;
pub mod issue;
pub mod jobs;
pub mod links;
pub mod listen;
pub mod maintenance;
pub mod metrics;
pub mod odoo;
pub mod openapi;
pub mod outbox;
pub mod password;
pub mod proofs;
pub mod publish;
pub mod random;
pub mod router;
pub mod settings;
pub mod setup;
pub mod severity;
pub mod store;
pub mod throttle;
pub mod time;
pub mod tls;
pub mod upkeep;
pub mod validate;
pub mod vault;
