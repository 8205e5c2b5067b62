//! Why the database did not do it.

use std::io;
use std::path::PathBuf;

use crate::domain::problem::{Code, Problem};
use crate::secrets::vault;

/// Why the database did not do it. Holds no values of rows.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique name is taken.
    #[error("a unique value is taken")]
    Taken,
    /// Another row refers to this one, or this one to a row that is not there.
    #[error("a reference to another row is in the way")]
    Referenced,
    /// A column does not hold what it should.
    #[error("column {0} holds something else than it should")]
    Column(String),
    /// A database made with another master key.
    #[error("the database belongs to the master key {expected}, the one given is {given}: give the right one")]
    OtherMasterKey {
        /// Named in the database.
        expected: String,
        /// Configured.
        given: String,
    },
    /// Another service has the file.
    #[error("another service has the database: several need PostgreSQL")]
    Claimed,
    /// A row of the policy that was made or changed without Lictor.
    #[error("the row {row} of {table} was made or changed without Lictor, and is not used: see `lictor audit verify`")]
    Unproven {
        /// The table.
        table: &'static str,
        /// What names the row.
        row: String,
    },
    /// Something of a policy row was asked of a store that was opened without a master key.
    #[error("the database was opened without its master key")]
    NoMasterKey,
    /// A sealed secret.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
    /// A migration.
    #[error("the database could not be migrated: {0}")]
    Migration(sqlx::migrate::MigrateError),
    /// No database that Lictor knows.
    #[error("a database is named by a URL that begins with sqlite:// or postgres://")]
    Url,
    /// Something else in the URL.
    #[error("the URL cannot be read: {0}. Characters such as # / ? @ in a password are written as %23 %2F %3F %40")]
    Unreadable(String),
    /// The file of a database, or one beside it.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The database cannot be reached, or cannot do its work now: the same may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(sqlx::Error),
    /// A text that databases cannot hold.
    #[error("a text holds the character NUL")]
    Text,
    /// The rest.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // The source of a decoding error prints the value.
            sqlx::Error::ColumnDecode { index, .. } => Self::Column(index),
            sqlx::Error::Decode(_) => Self::Column("?".to_owned()),
            sqlx::Error::Configuration(cause) => Self::Unreadable(cause.to_string()),
            error => match error.as_database_error() {
                Some(cause) if cause.is_unique_violation() => Self::Taken,
                Some(cause) if cause.is_foreign_key_violation() => Self::Referenced,
                Some(cause) if cause.code().is_some_and(|code| code == "22021") => Self::Text,
                _ if is_outage(&error) => Self::Unavailable(error),
                _ => Self::Database(error),
            },
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::error!(reason = %error, "a request failed");
                let detail = "Try again in a moment; if it stays, have an operator look at the database and its disk.";
                Self { retry_after_seconds: Some(1), ..Self::new(Code::DatabaseUnavailable, detail) }
            }
            StoreError::Unproven { table, row } => {
                let detail = format!(
                    "The row {row} of {table} was made or changed without Lictor, and is not used. Remove it and make it \
                     anew, or have an operator look at it and accept it with `lictor accept-rows`."
                );
                Self::new(Code::RowUnproven, detail)
            }
            StoreError::Text => Self::new(Code::InvalidField, "Leave the character NUL out of texts."),
            error => Self::internal(error),
        }
    }
}

/// Whether the reason is the state of the database or of the way to it, and not what was asked.
fn is_outage(error: &sqlx::Error) -> bool {
    /// Of PostgreSQL: no connection, no such database or login, no right transaction (a standby), ended for another's
    /// sake, no resources, locked, ended by an operator or a timeout, the machine.
    const CLASSES: [&str; 9] = ["08", "28", "3D", "25", "40", "53", "55", "57", "58"];
    /// Of SQLite: aborted, busy, locked, out of memory, read-only, interrupted, failed to read or write, full, not to be
    /// opened, too many others at once.
    const RESULTS: [u32; 10] = [4, 5, 6, 7, 8, 9, 10, 13, 14, 15];
    use sqlx::Error::{BeginFailed, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
    match error {
        Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed | BeginFailed | Protocol(_) => true,
        error => match error.as_database_error().and_then(|cause| cause.code()) {
            // PostgreSQL's codes have five characters, SQLite's have fewer, and the lowest byte is the reason.
            Some(code) if code.len() == 5 => CLASSES.iter().any(|class| code.starts_with(class)),
            Some(code) => code.parse::<u32>().is_ok_and(|code| RESULTS.contains(&(code & 0xff))),
            None => false,
        },
    }
}
