//! Storey 2: Odoo: what its methods and models do.

pub mod administrators;
pub mod calls;
pub mod left_out;
pub mod never;
pub mod operations;
pub mod tables;

/// Whether a secret has the form of Odoo's API keys, which no sensible password has: 20 bytes in hexadecimal.
pub fn is_api_key(secret: &[u8]) -> bool {
    secret.len() == 40 && secret.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
