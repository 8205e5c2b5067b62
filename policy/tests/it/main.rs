//! Tests of the decision core through its public API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cases;
mod clients;
mod damage;
mod domains;
mod effects;
mod forms;
mod json2;
mod json_python;
mod json_render;
mod jsonrpc;
mod marks;
mod modes;
mod module;
mod oracle;
mod problems;
mod python;
mod rate;
mod render;
mod roads;
mod setting;
mod shadow;
mod shadow_property;
mod shapes;
mod snapshot;
mod stages;
