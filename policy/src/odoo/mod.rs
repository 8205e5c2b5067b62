//! Storey 2: Odoo: what its methods and models do.

pub mod never;
pub mod operations;
