//! The emergency revocation.

/// What must be typed, so that nobody does this by mistake.
pub const CONFIRMATION: &str = "REVOKE ALL KEYS";
