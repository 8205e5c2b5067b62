//! Storey 3: the machinery of a server, which knows no route and no rule.

pub mod cookie;
pub mod cursor;
pub mod embedded;
pub mod etag;
pub mod extract;
pub mod json;
pub mod listen;
pub mod openapi;
pub mod problem;
pub mod route;
pub mod tls;
