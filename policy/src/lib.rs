//! The decision core of Lictor: what a call is, and whether it may pass.
//!
//! Pure by rule: no clock, no I/O, no host, no async. Time, randomness and state come in as arguments, so that the
//! filter, `explain`, the tests and the fuzzers run the very same code.

pub mod key;
pub mod operation;
pub mod refusal;
pub mod secret;
pub mod wire;
