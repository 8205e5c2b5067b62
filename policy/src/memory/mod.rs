//! Storey 6: what a gate remembers, as counts and lines of bounded size.

pub mod brake;
pub mod bucket;
pub mod counted;
pub mod line;
pub mod places;
pub mod rate;
pub mod session;
