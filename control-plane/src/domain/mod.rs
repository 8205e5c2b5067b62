//! Storey 2: plain types and pure rules.

pub mod actor;
pub mod admin_chain;
pub mod alerts;
pub mod audit_chain;
pub mod bounds;
pub mod cron;
pub mod emergency;
pub mod gate_report;
pub mod html;
pub mod job;
pub mod key;
pub mod message;
pub mod named;
pub mod permission;
pub mod policy;
pub mod problem;
pub mod revision;
pub mod schema;
pub mod sequences;
pub mod settings;
pub mod severity;
pub mod signing;
pub mod suggest;
pub mod template;
pub mod time;
pub mod validate;
