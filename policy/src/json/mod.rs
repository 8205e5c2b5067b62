//! JSON: a strict reader and a canonical writer.
//!
//! Odoo reads with Python's `json.loads`, which takes the last of two equal keys, `NaN`, lone surrogates and numbers of
//! any size. What could be read in two ways is refused, and what is forwarded is written anew from what was read.

mod read;
mod write;

pub use read::read;
pub use write::{write, write_string};

use crate::xmlrpc::{MAX_DEPTH, MAX_VALUES};

/// Why a body is not one strict JSON value. Holds nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, not UTF-8, half of a surrogate pair, or a byte-order mark before it.
    #[error("it is not JSON in UTF-8")]
    Syntax,
    /// A whole number beyond 64 bits, or one that no double holds: Python would read another than most.
    #[error("it holds a number that is too large")]
    Number,
    /// An object with two members of one name.
    #[error("an object has two members of one name")]
    DuplicateMember,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("it nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("it has more than {MAX_VALUES} values")]
    TooMany,
}
