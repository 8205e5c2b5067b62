//! Storey 3: the database, the only place with SQL. One text for SQLite and PostgreSQL.

pub mod accounts;
pub mod admin_audit;
pub mod alert_counts;
pub mod alerts;
pub mod audit;
pub mod backup;
pub mod engine;
pub mod gates;
pub mod jobs;
pub mod key_links;
pub mod keys;
pub mod notifications;
pub mod outbox;
pub mod pauses;
pub mod permissions;
pub mod profiles;
pub mod proof;
pub mod schema;
pub mod sealed;
pub mod sessions;
pub mod settings;
pub mod sign_in_attempts;
pub mod snapshot;
pub mod suspects;
pub mod terminations;
pub mod tokens;
pub mod users;
pub mod webhooks;

pub use admin_audit::Entry;
pub use engine::connection::{Connection, Reader};
pub use engine::database::Database;
pub use engine::error::StoreError;
pub use engine::meta::Meta;
pub use engine::transaction::{ChangeTx, WriteTx};
pub use engine::{OrAbsent, Store, if_proven, in_time};
pub use notifications::{Listener, Notification};
