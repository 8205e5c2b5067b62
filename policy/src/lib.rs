//! The decision core of Lictor: what a call is, and whether it may pass.
//!
//! Pure by rule: no clock, no I/O, no host, no async. Time, randomness and state come in as arguments, so that the
//! filter, `explain`, the tests and the fuzzers run the very same code.

pub mod address;
pub mod brake;
pub mod bucket;
pub mod call;
pub mod counted;
pub mod decide;
pub mod effects;
pub mod gate;
pub mod json;
pub mod json2;
pub mod jsonrpc;
pub mod key;
pub mod line;
pub mod never;
pub mod operation;
pub mod operations;
pub mod peek;
pub mod places;
pub mod rate;
pub mod records;
pub mod refusal;
pub mod reply;
pub mod road;
pub mod secret;
pub mod session;
pub mod snapshot;
pub mod unsupported;
pub mod value;
pub mod wire;
pub mod xmlrpc;
