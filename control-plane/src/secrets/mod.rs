//! Storey 1: randomness, and what encrypts secrets at rest.

pub mod random;
pub mod vault;
