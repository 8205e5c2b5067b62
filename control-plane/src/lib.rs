//! The control plane of Lictor: keeps the policy, serves the REST API, and gives every gate the policy of each revision.
//!
//! A library only so that tests reach the routers; the program is `lictor`.

pub mod api;
pub mod app;
pub mod cli;
pub mod clients;
pub mod domain;
pub mod http;
pub mod secrets;
pub mod store;
pub mod tasks;
