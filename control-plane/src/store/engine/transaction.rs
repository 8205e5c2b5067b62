//! The transactions that write: any, and those that make a new revision.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::domain::revision::Revision;
use crate::domain::settings::Settings;
use crate::domain::time::Moment;
use crate::store::engine::row::Columns as _;
use crate::store::notifications::{Notification, notify_replicas};
use crate::store::proof::ledger::Ledger;
use crate::store::{Connection, Database, Entry, Meta, Store, StoreError, admin_audit, settings};

/// A transaction that writes. It has what the rules need that change something: one time, the master key (as every
/// [`Connection`]) and the settings. Dropped without [`WriteTx::commit`], nothing has happened.
#[derive(Debug)]
pub struct WriteTx {
    connection: Connection,
    database: Database,
    now: Moment,
    settings: Option<Arc<Settings>>,
}

impl WriteTx {
    pub(crate) fn new(connection: Connection, database: Database, now: Moment) -> Self {
        Self { connection, database, now, settings: None }
    }

    /// The time of everything that happens in it.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Which database it writes to.
    pub(crate) fn database(&self) -> Database {
        self.database
    }

    /// What statements run on.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The settings, or those of a new database if they do not prove themselves: for what must go on in any case, as
    /// [`settings::load_or_default`]. They are loaded once.
    ///
    /// # Errors
    /// The database's.
    pub async fn settings(&mut self) -> Result<Arc<Settings>, StoreError> {
        if let Some(known) = &self.settings {
            return Ok(Arc::clone(known));
        }
        let loaded = Arc::new(settings::load_or_default(&mut self.connection).await?);
        self.settings = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Has the settings loaded anew, as they were changed.
    pub(crate) fn forget_settings(&mut self) {
        self.settings = None;
    }

    /// Makes what was done last.
    ///
    /// # Errors
    /// The database's: it may have happened or not.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.connection.commit().await?)
    }

    /// Undoes what was done, and waits until it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.connection.rollback().await?)
    }
}

/// A transaction that makes a new revision: only with one can rows of the policy be written. Dropped without
/// [`ChangeTx::commit`], nothing has happened.
#[derive(Debug)]
pub struct ChangeTx {
    tx: WriteTx,
    revision: Revision,
}

impl ChangeTx {
    /// Begins with the revision.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        Self::begin_quietly(store).await?.with_revision().await
    }

    /// Begins without one, for what is no change of policy and belongs to the ledger.
    pub(crate) async fn begin_quietly(store: &Store) -> Result<Self, StoreError> {
        let mut tx = store.write().await?;
        let ledger = Ledger::load(&mut tx).await?;
        Self::within(tx, ledger).await
    }

    pub(crate) async fn within(mut tx: WriteTx, ledger: Option<Ledger>) -> Result<Self, StoreError> {
        let revision = Meta::load(&mut tx).await?.revision;
        tx.take_ledger(ledger);
        Ok(Self { tx, revision })
    }

    pub(crate) async fn with_revision(mut self) -> Result<Self, StoreError> {
        let row = sqlx::query("UPDATE meta SET revision = revision + 1 WHERE one = 1 RETURNING revision")
            .fetch_one(self.connection())
            .await?;
        self.revision = Revision(row.number("revision")?);
        Ok(self)
    }

    /// The revision that the change makes.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The ledger; none if it was not as Lictor left it. What takes a right away is done all the same, and the ledger stays
    /// as it is.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.tx.ledger_in_hand().flatten()
    }

    /// Makes the change and its audit row last, and tells the replicas.
    pub async fn commit(mut self, entry: &Entry) -> Result<Revision, StoreError> {
        let revision = self.revision;
        admin_audit::append(&mut self, entry, Some(revision)).await?;
        notify_replicas(&mut self, Notification::Policy).await?;
        self.commit_quietly().await?;
        Ok(revision)
    }

    /// Undoes it, and waits until that is done.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.tx.rollback().await
    }

    /// Makes last what is no change of policy.
    pub(crate) async fn commit_quietly(mut self) -> Result<(), StoreError> {
        if let Some(ledger) = self.ledger().cloned() {
            ledger.save(&mut self.tx).await?;
        }
        self.tx.commit().await
    }
}

impl Deref for WriteTx {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Deref for ChangeTx {
    type Target = WriteTx;
    fn deref(&self) -> &WriteTx {
        &self.tx
    }
}

impl DerefMut for ChangeTx {
    fn deref_mut(&mut self) -> &mut WriteTx {
        &mut self.tx
    }
}
