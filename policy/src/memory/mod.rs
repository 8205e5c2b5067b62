//! Storey 6: what a gate remembers, as counts and lines of bounded size.

pub mod bucket;
pub mod counted;
pub mod failures;
pub mod line;
pub mod places;
pub mod rate;
pub mod session;
