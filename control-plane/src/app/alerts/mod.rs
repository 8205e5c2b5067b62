//! Alerts: what opens them, and whom they are told to.

pub mod evaluate;
pub mod notify;
pub mod raise;
