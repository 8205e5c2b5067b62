//! The audit log: its rows, what finds them, and the chain that seals them.

pub mod batch;
pub mod chain;
pub mod counts;
pub mod facets;
pub mod kinds;
pub mod list;
pub mod record;
pub mod record_blocks;
pub mod retention;
pub mod rows;
pub mod sequences;
pub mod tail;
pub mod tallies;
pub mod used;
