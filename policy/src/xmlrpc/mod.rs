//! XML-RPC: a strict reader and a canonical writer.
//!
//! Odoo reads with Python's `xmlrpc.client.loads`, which forgives much. A gate that read differently could be walked
//! around; so what is not one plain call is refused, and what is forwarded is written anew from what was read.

mod decode;
mod peek;
mod read;
mod scalar;
mod scan;
mod write;

pub use decode::decode;
pub use peek::{is_none_answer, peek_answer, peek_numbers};
pub use read::{read_call, read_response};
pub use write::{write_call, write_fault, write_response};

use std::borrow::Cow;

use crate::value::Value;

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

/// Why a body is not one strict call. Holds nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither UTF-8 nor US-ASCII nor ISO-8859-1.
    #[error("its encoding is not UTF-8, US-ASCII or ISO-8859-1")]
    Encoding,
    /// Bytes that its encoding does not have, or characters that XML does not have.
    #[error("it holds characters that its encoding or XML 1.0 does not have")]
    Characters,
    /// Not well-formed XML, or cut off.
    #[error("it is not well-formed XML")]
    Xml,
    /// A DTD, a processing instruction, an entity or an attribute.
    #[error("it holds a DTD, a processing instruction, an entity or an attribute")]
    Forbidden,
    /// Well-formed, but another document than XML-RPC describes.
    #[error("its elements are not those of one XML-RPC document")]
    Structure,
    /// A scalar whose text is not in its type's form.
    #[error("a value is not in the form of its type")]
    Scalar,
    /// A struct with two members of one name.
    #[error("a struct has two members of one name")]
    DuplicateMember,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("it nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("it has more than {MAX_VALUES} values")]
    TooMany,
}
