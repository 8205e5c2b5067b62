//! Storey 3: the formats of calls and answers, and the values that they have in common.

mod bytes;
pub mod hex;
pub mod json;
pub mod unsupported;
pub mod value;
pub mod xmlrpc;
