//! The transaction of a change.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use sqlx::{Any, Transaction};

use super::news::{News, tell};
use super::row::Columns as _;
use super::{Connection, Database, Entry, Store, StoreError, admin_audit};

/// Counts the changes of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    pub(super) fn column(self) -> i64 {
        super::row::big(self.0)
    }
}

/// A transaction that makes a new revision. Dropped without [`ChangeTx::commit`], nothing has happened.
pub struct ChangeTx {
    transaction: Transaction<'static, Any>,
    database: Database,
    revision: Revision,
}

impl ChangeTx {
    /// Begins with the revision.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        let mut transaction = store.write().await?;
        let row = sqlx::query("UPDATE meta SET revision = revision + 1 WHERE one = 1 RETURNING revision")
            .fetch_one(&mut *transaction)
            .await?;
        let revision = Revision(row.number("revision")?);
        Ok(Self { transaction, database: store.database(), revision })
    }

    /// The revision that the change makes.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Makes the change and its audit row last, and tells the replicas.
    pub async fn commit(mut self, entry: &Entry) -> Result<Revision, StoreError> {
        admin_audit::insert(&mut self, entry).await?;
        tell(self.database, &mut self.transaction, News::Policy).await?;
        self.transaction.commit().await?;
        Ok(self.revision)
    }
}

impl Deref for ChangeTx {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

impl DerefMut for ChangeTx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.transaction
    }
}
