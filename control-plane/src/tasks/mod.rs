//! Storey 5: what happens without a request.

pub mod alerts;
pub mod credentials;
pub mod jobs;
pub mod live_gates;
pub mod outbox;
pub mod presence;
pub mod proofs;
pub mod publisher;
