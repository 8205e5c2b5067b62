//! The programs beside Envoy.
//!
//! Simple on purpose: a thread a connection and blocking reads cost a third of what Envoy spends on a call, so that
//! one processor holds them all and Envoy stays the slowest part.

pub(crate) mod attack;
pub(crate) mod authorizer;
pub(crate) mod decider;
mod http;
pub(crate) mod load;
pub(crate) mod policy;
pub(crate) mod processor;
mod protobuf;
mod records;
pub(crate) mod server;
