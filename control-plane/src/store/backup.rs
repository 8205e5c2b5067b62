//! Copies of a database that is a file, and the new epoch of a database that was put back.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Executor as _};

use crate::secrets::random;
use crate::store::engine::row::Columns as _;
use crate::store::{self, ChangeTx, Database, StoreError};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// PostgreSQL has its own programs.
    #[error("this is for SQLite; copy a PostgreSQL database with pg_dump, and see docs/admin/backup.md")]
    NotAFile,
    /// There is a database already.
    #[error("{0} is there already: --replace puts the backup in its place")]
    Exists(PathBuf),
    /// A copy would take the place of a file.
    #[error("{0} is there already and is left as it is: name a new file")]
    Taken(PathBuf),
    /// A service has the database open.
    #[error("{0} is in use: end the service first")]
    InUse(PathBuf),
    /// Not a copy of a database.
    #[error("{0} is not a whole database of Lictor")]
    NotABackup(PathBuf),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes a copy of the database as it is at one moment, also while a service writes to it. The copy is a new file that
/// only its owner may read.
pub async fn copy(url: &str, to: &Path) -> Result<(), BackupError> {
    let file = file_of(url)?;
    let mut connection = connect(&file).await?;
    new_file(to)?;
    let copied = async {
        // SQLite fills an empty file, and its mode stays.
        sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut connection).await?;
        connection.close().await?;
        synced(to)
    }
    .await;
    if copied.is_err() {
        // What there is of it is no backup.
        let _ = fs::remove_file(to);
    }
    copied
}

/// Puts a copy in the place of the database, or where there is none. Nothing has happened if it fails.
///
/// # Errors
/// [`BackupError::Exists`] without `replace`, and [`BackupError::InUse`] while a service has the database open.
pub async fn put_back(url: &str, from: &Path, replace: bool) -> Result<PathBuf, BackupError> {
    let file = file_of(url)?;
    check(from).await?;
    if file.exists() {
        if !replace {
            return Err(BackupError::Exists(file));
        }
        // Also takes what is in the log beside the file into it: a log must not meet another file.
        leave_log(&file).await.map_err(|_| BackupError::InUse(file.clone()))?;
    }
    let scratch = PathBuf::from(format!("{}.restoring", file.display()));
    let _ = fs::remove_file(&scratch);
    new_file(&scratch)?;
    let at = |error| BackupError::File(scratch.clone(), error);
    fs::copy(from, &scratch).map_err(at)?;
    Ok(scratch)
}

/// The last step: from now on the copy is the database.
pub async fn take_over(url: &str, scratch: &Path) -> Result<(), BackupError> {
    let file = file_of(url)?;
    leave_log(scratch).await?;
    synced(scratch)?;
    fs::rename(scratch, &file).map_err(|error| BackupError::File(file.clone(), error))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    synced(folder)
}

/// Begins another epoch: a database that was put back counts on from an earlier revision, and gates that have seen later
/// ones must not take its policy for one that they know.
pub async fn new_epoch(tx: &mut ChangeTx) -> Result<String, StoreError> {
    let epoch = random::id();
    sqlx::query("UPDATE meta SET epoch = $1 WHERE one = 1").bind(epoch.as_str()).execute(tx.connection()).await?;
    Ok(epoch)
}

/// When the last change was made, in Unix microseconds, and how many keys may be used: what whoever puts a database back
/// must know.
pub async fn state(connection: &mut store::Connection) -> Result<(Option<u64>, u64), StoreError> {
    let row = sqlx::query("SELECT MAX(at) AS at FROM admin_audit").fetch_one(&mut *connection).await?;
    let active = "SELECT COUNT(*) AS active FROM keys WHERE active = 1 AND revoked_at IS NULL";
    let keys = sqlx::query(active).fetch_one(connection).await?;
    Ok((row.optional_number("at")?, keys.number("active")?))
}

fn file_of(url: &str) -> Result<PathBuf, BackupError> {
    if Database::of(url)? != Database::Sqlite {
        return Err(BackupError::NotAFile);
    }
    Ok(url.parse::<SqliteConnectOptions>()?.get_filename().to_owned())
}

async fn connect(file: &Path) -> Result<AnyConnection, BackupError> {
    sqlx::any::install_default_drivers();
    let options = format!("sqlite://{}?mode=rw", file.display()).parse::<AnyConnectOptions>()?;
    Ok(options.disable_statement_logging().connect().await?)
}

/// Whether a file is a database of Lictor, and whole.
async fn check(file: &Path) -> Result<(), BackupError> {
    let bad = |_| BackupError::NotABackup(file.to_owned());
    fs::metadata(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    let mut connection = connect(file).await.map_err(|_| BackupError::NotABackup(file.to_owned()))?;
    let whole: (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut connection).await.map_err(bad)?;
    sqlx::query("SELECT epoch FROM meta WHERE one = 1").fetch_one(&mut connection).await.map_err(bad)?;
    connection.close().await?;
    if whole.0 == "ok" { Ok(()) } else { Err(BackupError::NotABackup(file.to_owned())) }
}

/// Writes the log into the file and removes it, which works only for who has the file alone.
async fn leave_log(file: &Path) -> Result<(), BackupError> {
    let mut connection = connect(file).await?;
    connection.execute("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE").await?;
    connection.execute("PRAGMA journal_mode = DELETE").await?;
    connection.execute("BEGIN EXCLUSIVE; ROLLBACK").await?;
    connection.close().await?;
    Ok(())
}

fn new_file(path: &Path) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(BackupError::Taken(path.to_owned())),
        Err(error) => Err(BackupError::File(path.to_owned(), error)),
    }
}

/// Survives a power cut from now on.
fn synced(path: &Path) -> Result<(), BackupError> {
    let synced = fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| BackupError::File(path.to_owned(), error))
}
