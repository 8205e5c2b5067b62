//! Storey 1: randomness, what encrypts secrets at rest, and what is stored of secrets.

pub mod random;
pub mod stored;
pub mod vault;
