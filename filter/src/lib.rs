//! Lictor's filter: reads each API call inside Envoy, asks the policy, forwards, answers or refuses.
//!
//! Thin by rule: what can be decided without a host is in `lictor_policy`. `host` alone talks to Envoy, of which there are two
//! kinds: for wasm32 the crate is a proxy-wasm module, and with the feature `module` a dynamic module, a library in Envoy's
//! own process. Otherwise it is only checked and tested, before a host for tests.

#![cfg_attr(
    not(any(test, target_arch = "wasm32", feature = "module")),
    allow(dead_code, reason = "nobody calls it but Envoy, and there it is another target or has the feature")
)]

#[cfg(all(target_arch = "wasm32", feature = "module"))]
compile_error!("the feature `module` is for a library in Envoy's own process");

mod answers;
mod arrived;
mod audit;
mod callbacks;
mod collected;
mod config;
mod control_plane;
mod forward;
#[cfg(not(target_arch = "wasm32"))]
mod guarded;
mod headers;
#[cfg(all(feature = "module", not(test)))]
mod hooks;
mod host;
mod lease;
mod limits;
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
