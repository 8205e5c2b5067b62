//! What a command shows and asks, and how it ends.

pub mod ask;
pub mod failure;
pub mod print;
