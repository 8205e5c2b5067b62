//! Lictor's proxy-wasm module: reads each API call inside Envoy, asks the policy, forwards, answers or refuses.
//!
//! Thin by rule: what can be decided without a host is in `lictor_policy`. `host.rs` alone talks to Envoy.

#![cfg_attr(
    not(any(test, target_arch = "wasm32")),
    allow(dead_code, reason = "nobody calls it but Envoy, and there it is another target")
)]

mod answers;
mod arrived;
mod audit;
mod callbacks;
mod collected;
mod config;
mod control_plane;
mod forward;
mod headers;
mod host;
mod lease;
mod metrics;
mod record;
mod refused;
mod reply;
mod request;
mod reservation;
mod root;
mod shared;
mod subscription;
mod threads;
mod worker;

#[cfg(test)]
mod tests;
