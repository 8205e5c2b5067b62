//! Lictor's proxy-wasm module: reads each API call inside Envoy, asks the policy, forwards, answers or refuses.
//!
//! Thin by rule: what can be decided without a host is in `lictor_policy`. `host.rs` alone talks to Envoy.

mod arrived;
mod audit;
mod collected;
mod config;
mod forward;
mod headers;
mod host;
mod metrics;
mod places;
mod record;
mod refused;
mod reply;
mod request;
mod root;
mod state;
mod sync;
mod worker;

#[allow(unsafe_code, reason = "proxy-wasm's entry point is an exported symbol")]
mod entry {
    use proxy_wasm::traits::RootContext;

    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(crate::root::Root::default()) });
    }}
}
