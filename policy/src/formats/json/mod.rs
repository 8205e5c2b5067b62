//! JSON: a strict reader and a canonical writer.
//!
//! Odoo reads with Python's `json.loads`, which takes the last of two equal keys, `NaN`, lone surrogates and numbers of
//! any size. What could be read in two ways is refused, and what is forwarded is written anew from what was read.

mod escapes;
pub mod problem;
pub mod read;
mod usual;
pub mod write;

pub use crate::formats::json::read::read;
pub use problem::{Problem, ReadError};
pub use write::{write, write_string};
