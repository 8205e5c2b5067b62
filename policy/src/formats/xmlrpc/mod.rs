//! XML-RPC: a strict reader and a canonical writer.
//!
//! Odoo reads with Python's `xmlrpc.client.loads`, which forgives much. A gate that read differently could be walked
//! around; so what is not one plain call is refused, and what is forwarded is written anew from what was read.

pub mod decode;
pub mod encoding;
pub mod peek;
pub mod problem;
pub mod read;
pub mod scalar;
pub mod scan;
pub mod write;

pub use decode::{DecodeError, decode};
pub use encoding::{ENCODINGS, Encoding};
pub use peek::{is_none_answer, peek_answer, peek_numbers};
pub use problem::{Problem, ReadError, Scalar};
pub use read::{read_call, read_response};
pub use write::{write_call, write_fault, write_response};

use std::borrow::Cow;

use crate::formats::value::Value;

/// How deep arrays and structs may nest.
pub const MAX_DEPTH: usize = 64;
/// How many values, members and names a body may have together.
pub const MAX_VALUES: usize = 500_000;

/// A `methodCall`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodCall<'a> {
    /// The `methodName`.
    pub method: Cow<'a, str>,
    /// The `params`.
    pub params: Vec<Value<'a>>,
}

/// A `fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The `faultCode`.
    pub code: i64,
    /// The `faultString`. Odoo's may hold a traceback with record values: not for logs.
    pub string: String,
}
