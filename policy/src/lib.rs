//! The decision core of Lictor: what a call is, and whether it may pass.
//!
//! Pure by rule: no clock, no I/O, no host, no async. Time, randomness and state come in as arguments, so that the
//! filter, `explain`, the tests and the fuzzers run the very same code.

pub mod address;
pub mod call;
pub mod decide;
pub mod effects;
pub mod formats;
pub mod gate;
pub mod key;
pub mod memory;
pub mod odoo;
pub mod operation;
pub mod records;
pub mod refusal;
pub mod road;
pub mod secret;
pub mod snapshot;
pub mod wire;
