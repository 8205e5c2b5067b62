//! The emergency revocation.

/// The words that must be typed, so that nobody does this by mistake.
pub const CONFIRMATION: &str = "REVOKE ALL KEYS";
