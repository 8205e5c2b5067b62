//! The description of the REST API, made from the table of routes and the types of their handlers.

pub mod describe;
pub mod document;
pub mod html;
pub mod operation;
