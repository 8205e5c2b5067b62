//! The terminal: output, questions, and the end of a command.

pub mod ask;
pub mod failure;
pub mod print;
