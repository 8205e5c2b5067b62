//! Takes a lock on the SQLite file, so that only one control plane uses it. SQLite has no notifications, so a second process
//! would not learn what gates reported to the first.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;

use crate::store::{Database, Store, StoreError};

impl Store {
    /// Claims a database for one service for as long as the answer lives; a killed process lets go of it too. None on
    /// PostgreSQL, which is for several. The lock is a file of its own, as SQLite loses its own locks when another handle
    /// to its file is closed.
    ///
    /// # Errors
    /// [`StoreError::Claimed`] while another service has it.
    pub fn claim(url: &str) -> Result<Option<File>, StoreError> {
        if Database::of(url)? != Database::Sqlite {
            return Ok(None);
        }
        let file: SqliteConnectOptions = url.parse()?;
        let mut path = OsString::from(file.get_filename());
        path.push("-serve");
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| StoreError::File(path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Claimed),
            Err(TryLockError::Error(error)) => Err(StoreError::File(path, error)),
        }
    }
}
