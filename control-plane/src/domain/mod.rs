//! Storey 2: plain types and pure rules.

pub mod admin_chain;
pub mod alerts;
pub mod audit_chain;
pub mod cron;
pub mod gate_report;
pub mod message;
pub mod problem;
pub mod sequences;
pub mod settings;
pub mod severity;
pub mod time;
pub mod validate;
