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
mod compact;
mod damage;
mod defaults;
mod domains;
mod effects;
mod forms;
mod json2;
mod json_python;
mod json_render;
mod jsonrpc;
mod kinds;
mod marks;
mod modes;
mod module;
mod oracle;
mod oracle_rules;
mod outline;
mod problems;
mod profiles;
mod python;
mod rate;
mod real_schema;
mod render;
mod roads;
mod rules_cases;
mod rules_core;
mod rules_property;
mod rules_rows;
mod setting;
mod shadow;
mod shadow_property;
mod shapes;
mod snapshot;
mod stages;
