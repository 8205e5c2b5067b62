//! The two databases, where they differ.

use crate::store::StoreError;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of this machine, for one process.
    Sqlite,
    /// A server, for one process or several.
    Postgres,
}

impl Database {
    /// The one that a URL names.
    pub fn of(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            _ => Err(StoreError::Url),
        }
    }

    /// What every connection is told.
    ///
    /// SQLite, `FULL`: an answered change survives a power cut. PostgreSQL: no statement, no wait for a lock, and no
    /// transaction of a replica that has stopped in the middle keeps the others waiting for long.
    pub(crate) const fn session(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;"
            }
            Self::Postgres => {
                "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                 SET idle_in_transaction_session_timeout = '15s'; SET tcp_user_timeout = '15s'; \
                 SET synchronous_commit = on; SET client_min_messages = error; SET TIME ZONE 'UTC';"
            }
        }
    }

    /// Begins a transaction that reads one state.
    pub(crate) const fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Begins a transaction that writes.
    pub(crate) const fn begin_writing(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// The first statement of a transaction that writes, if it needs one. One such transaction at a time, in both
    /// databases: what is read in it is still so when it is written, and no two of them can lock each other out. SQLite
    /// is made so; on PostgreSQL a lock that ends with the transaction makes replicas wait for each other too.
    pub(crate) const fn lock_writing(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(5510297366)"),
        }
    }
}
