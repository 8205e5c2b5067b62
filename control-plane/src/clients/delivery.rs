//! Failures of deliveries.

/// Why a message was not delivered: without secrets, for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another try may succeed.
    Later(String),
    /// None will.
    Never(String),
}
