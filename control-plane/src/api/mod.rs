//! The REST API, one file a noun.

pub mod accounts;
pub mod admin_audit;
pub mod alerts;
pub mod audit;
pub mod emergency;
pub mod etag;
pub mod explain;
pub mod extract;
pub mod gates;
pub mod health;
pub mod jobs;
pub mod keys;
pub mod link;
pub mod openapi;
pub mod outbox;
pub mod page;
pub mod pauses;
pub mod permissions;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod tokens;
pub mod users;
pub mod webhooks;
