//! Parts that run on this machine: how they are found, built, configured, started and stopped. The commands of `cargo xtask`
//! and the benchmark stand on it.

pub mod console;
pub mod control_plane;
pub mod debian;
pub mod envoy_binary;
pub mod envoy_config;
pub mod foreground;
pub mod host;
pub mod native;
pub mod network;
pub mod odoo_url;
pub mod process;
pub mod project;
pub mod python;
pub mod rest;
pub mod run;
pub mod same_bytes;
pub mod seed;
pub mod state;
pub mod wasm;
