//! Tests of the decision core through its public API.

mod cases;
mod clients;
mod python;
mod render;
mod setting;
