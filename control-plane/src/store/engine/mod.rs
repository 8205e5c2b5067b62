//! The database: the only place with SQL. One text for SQLite and PostgreSQL.
//!
//! Reads take any connection, writes a [`WriteTx`]. What belongs to the policy or to the administration is written with a
//! [`ChangeTx`](transaction::ChangeTx), which cannot be had without a new revision nor committed without a row in the
//! administrators' audit log.

pub mod connection;
pub mod database;
pub mod error;
pub mod filter;
pub mod lock;
pub mod meta;
pub mod row;
pub mod transaction;

use std::fs::OpenOptions;
use std::future::ready;
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connection::{Connection, Reader};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyPool, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use transaction::WriteTx;

use crate::domain::problem::Problem;
use crate::domain::time::{Clock, Moment, system_clock};
use crate::store::engine::database::Database;
use crate::store::engine::error::StoreError;
use crate::store::engine::meta::Meta;
use crate::store::proof;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "start", include_str!("../../../migrations/0001_start.sql")),
    (2, "shadow", include_str!("../../../migrations/0002_shadow.sql")),
    (3, "policy_refused", include_str!("../../../migrations/0003_policy_refused.sql")),
    (4, "filters_lost", include_str!("../../../migrations/0004_filters_lost.sql")),
    (5, "record_ids", include_str!("../../../migrations/0005_record_ids.sql")),
    (7, "arrivals_heard", include_str!("../../../migrations/0007_arrivals_heard.sql")),
    (9, "watches", include_str!("../../../migrations/0009_watches.sql")),
    (10, "proofs", include_str!("../../../migrations/0010_proofs.sql")),
    (11, "odoo_schema", include_str!("../../../migrations/0011_odoo_schema.sql")),
    (12, "fields", include_str!("../../../migrations/0012_fields.sql")),
    (13, "profiles", include_str!("../../../migrations/0013_profiles.sql")),
    (14, "outlines", include_str!("../../../migrations/0014_outlines.sql")),
    (15, "audit_counts", include_str!("../../../migrations/0015_audit_counts.sql")),
    (16, "accounts_of_a_provider", include_str!("../../../migrations/0016_accounts_of_a_provider.sql")),
    (17, "called", include_str!("../../../migrations/0017_called.sql")),
];

/// What a row lets in: one that does not prove itself lets nothing in, as if it were not there. The check of rows reports
/// it.
///
/// # Errors
/// Every other.
pub fn if_proven<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Unproven { .. }) => Ok(None),
        found => found,
    }
}

/// What was looked for by what somebody calls it.
pub trait OrAbsent<T> {
    /// It.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::domain::problem::Code::NotFound) if there is no such record.
    fn or_absent(self, noun: &str) -> Result<T, Problem>;

    /// It, which a field names.
    ///
    /// # Errors
    /// [`Code::InvalidField`](crate::domain::problem::Code::InvalidField) if there is no such record.
    fn or_invalid(self, field: &str, noun: &str) -> Result<T, Problem>;
}

impl<T> OrAbsent<T> for Option<T> {
    fn or_absent(self, noun: &str) -> Result<T, Problem> {
        self.ok_or_else(|| Problem::absent(noun))
    }

    fn or_invalid(self, field: &str, noun: &str) -> Result<T, Problem> {
        let detail = || format!("Name a {noun} that exists; GET /api/v1/{noun}s lists them.");
        self.ok_or_else(|| Problem::invalid(field, detail()))
    }
}

/// How long a request waits for a connection before it is told that there is none.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a piece of work with the database may take in all. A statement ends sooner by itself, as the database is told;
/// but a host that has vanished says nothing, and its connections stay open.
pub const WORK_TIMEOUT: Duration = Duration::from_secs(45);

/// Gives work with the database up when it takes too long.
///
/// # Errors
/// Its own, or [`StoreError::Unavailable`] then.
pub async fn in_time<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let late = |_| Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut).into());
    tokio::time::timeout(WORK_TIMEOUT, work).await.unwrap_or_else(late)
}

/// Connections to the database.
pub struct Store {
    pub(crate) database: Database,
    /// May hold a password.
    pub(crate) url: String,
    /// Of the master key that this process holds, once that is known.
    keys: OnceLock<Arc<proof::Keys>>,
    /// Dates what is written.
    clock: Clock,
    pub(crate) readers: AnyPool,
    /// One, as one transaction writes at a time: waiting for the connection is fair, waiting for SQLite's lock is not.
    writer: AnyPool,
}

impl Store {
    /// Opens the database, makes it if it is a file that is not there, and brings its tables up to date. Several
    /// replicas may do so at once on PostgreSQL: one migrates, the others wait.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, ACQUIRE_TIMEOUT).await
    }

    /// The same, for requests that wait so long for a connection.
    pub async fn open_with(url: &str, patience: Duration) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let database = Database::of(url)?;
        let url = match database {
            Database::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        make_private(&url)?;
        let options = url.parse::<AnyConnectOptions>()?.disable_statement_logging();
        // Apart from the others, without their time limits: a large table takes its time.
        let mut connection = options.connect().await?;
        if database == Database::Sqlite {
            // The first time this writes the file anew, which on a slow disk may take longer than ACQUIRE_TIMEOUT.
            connection.execute("PRAGMA journal_mode = WAL").await?;
        }
        migrator().run_direct(None, &mut connection, false).await?;
        connection.close().await?;
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience)
                // A database that ended a transaction by itself, as SQLite does when the disk is full, leaves sqlx with
                // one that it can neither end nor begin again: such a connection is closed, or nothing is written any more.
                .before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
                // One that does not answer is closed; sqlx would wait for ever, and hold its place in the pool.
                .after_release(move |connection, _| {
                    Box::pin(async move {
                        let answer = tokio::time::timeout(patience, connection.ping()).await;
                        answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                    })
                })
                .after_connect(move |connection, _| {
                    Box::pin(async move { connection.execute(database.session()).await.map(|_| ()) })
                })
                .connect_with(options.clone())
        };
        let (readers, writer) = (pool(4).await?, pool(1).await?);
        Ok(Self { database, url, keys: OnceLock::new(), clock: system_clock(), readers, writer })
    }

    /// The same with another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The time.
    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// Which database it is.
    pub fn database(&self) -> Database {
        self.database
    }

    /// Opens a database that is there.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        let is_file = url.starts_with("sqlite:") && !url.contains('?');
        Self::open(&if is_file { format!("{url}?mode=rw") } else { url.to_owned() }).await
    }

    /// A connection to read with.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader(Connection::pooled(self.readers.acquire().await?, self.keys.get().cloned())))
    }

    /// The same, for several statements that see one state of the database.
    pub async fn read_consistently(&self) -> Result<Reader, StoreError> {
        let transaction = begin(&self.readers, self.database.begin_reading(), None).await?;
        Ok(Reader(Connection::begun(transaction, self.keys.get().cloned())))
    }

    /// A transaction for what is not policy: audit records, when something was last used or seen. One at a time; its time
    /// is that of its turn.
    ///
    /// Refuses when the database was given another master key than the one this process holds: what it would seal,
    /// nobody could open.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let transaction = begin(&self.writer, self.database.begin_writing(), self.database.lock_writing()).await?;
        let connection = Connection::begun(transaction, self.keys.get().cloned());
        let mut tx = WriteTx::new(connection, self.database, self.now());
        if let Some(given) = self.keys.get() {
            Meta::load(&mut tx).await?.check_master_key(given.vault.key_id())?;
        }
        Ok(tx)
    }

    /// Whether rows of the policy can be read.
    pub fn is_unlocked(&self) -> bool {
        self.keys.get().is_some()
    }

    pub(crate) fn set_keys(&self, keys: Arc<proof::Keys>) {
        self.keys.get_or_init(|| keys);
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// In a task of its own: whoever waits may go away in the middle, and sqlx would put a connection back that has begun
/// and not ended.
async fn begin(
    pool: &AnyPool,
    begin: &'static str,
    lock: Option<&'static str>,
) -> Result<sqlx::Transaction<'static, Any>, StoreError> {
    let pool = pool.clone();
    let begun = tokio::spawn(in_time(async move {
        let mut transaction = pool.begin_with(begin).await?;
        if let Some(lock) = lock {
            transaction.execute(lock).await?;
        }
        Ok(transaction)
    }));
    begun.await.map_err(|_| StoreError::Unavailable(sqlx::Error::WorkerCrashed))?
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
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::File(file.get_filename().to_owned(), error))
        }
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
