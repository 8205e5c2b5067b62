//! The database: the only place with SQL. One text for SQLite and PostgreSQL.
//!
//! Reads take any connection. What belongs to the policy or to the administration is written with a [`ChangeTx`], which
//! cannot be had without a new revision nor committed without a row in the administrators' audit log.

pub mod accounts;
pub mod admin_audit;
pub mod alerts;
pub mod arrivals;
pub mod audit_rows;
pub mod chain;
mod conditions;
pub mod event_list;
pub mod events;
pub mod gates;
pub mod jobs;
pub mod keys;
mod meta;
pub mod outbox;
pub mod pauses;
pub mod permissions;
pub mod retention;
mod row;
pub mod sessions;
pub mod settings;
pub mod sign_in_attempts;
pub mod snapshot;
pub mod terminations;
pub mod tokens;
mod transaction;
pub mod users;
pub mod watches;
pub mod webhooks;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions as _, Executor as _, SqlSafeStr as _};

pub use admin_audit::Entry;
pub use meta::Meta;
pub use transaction::{ChangeTx, Revision};

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
    /// A sealed secret.
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// A migration.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
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
            error => match error.as_database_error() {
                Some(cause) if cause.is_unique_violation() => Self::Taken,
                Some(cause) if cause.is_foreign_key_violation() => Self::Referenced,
                _ => Self::Database(error),
            },
        }
    }
}

const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "start", include_str!("../../migrations/0001_start.sql"))];

/// What every connection to SQLite is told. `FULL`: an answered change survives a power cut.
const SQLITE_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                              PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;";

/// Connections to the database.
pub struct Store {
    readers: AnyPool,
    /// SQLite has one writer at a time: waiting for the one connection is fair, waiting for its lock is not.
    writer: AnyPool,
}

impl Store {
    /// Opens the database, makes it if it is a file that is not there, and brings its tables up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let file = url.split_once('?').map_or(url, |(file, _)| file);
        let url = if file == url { format!("{url}?mode=rwc") } else { url.to_owned() };
        make_private(&url)?;
        let options = url.parse::<AnyConnectOptions>()?.disable_statement_logging();
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(10))
                .after_connect(|connection, _| {
                    Box::pin(async move { connection.execute(SQLITE_PRAGMAS).await.map(|_| ()) })
                })
                .connect_with(options.clone())
        };
        let writer = pool(1).await?;
        migrator().run(&writer).await?;
        Ok(Self { readers: pool(4).await?, writer })
    }

    /// A connection to read with.
    pub async fn read(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction that sees one state of the database throughout.
    pub async fn read_consistently(&self) -> Result<sqlx::Transaction<'static, Any>, StoreError> {
        Ok(self.readers.begin().await?)
    }

    /// A transaction for what is not policy: audit records, when something was last used or seen.
    pub async fn write(&self) -> Result<sqlx::Transaction<'static, Any>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the file that SQLite would make, for its owner only: it holds names, mail addresses and hashes. SQLite gives
/// the files beside it the same mode.
fn make_private(url: &str) -> Result<(), StoreError> {
    if !url.contains("mode=rwc") {
        return Ok(());
    }
    let file: SqliteConnectOptions = url.parse()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file.get_filename()) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(StoreError::Database(error.into())),
        _ => Ok(()),
    }
}

/// Made by hand and not by `sqlx::migrate!`: the macro would build sqlx a second time for the build itself.
fn migrator() -> Migrator {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

/// What statements run on.
pub type Connection = AnyConnection;
