//! The transaction of a change.

use std::ops::{Deref, DerefMut};

use crate::domain::revision::Revision;
use crate::store::engine::row::Columns as _;
use crate::store::notifications::{News, tell};
use crate::store::proof::ledger::Ledger;
use crate::store::{Connection, Database, Entry, Meta, Store, StoreError, Transaction, admin_audit};

/// A transaction that makes a new revision. Dropped without [`ChangeTx::commit`], nothing has happened.
#[derive(Debug)]
pub struct ChangeTx {
    transaction: Transaction,
    database: Database,
    revision: Revision,
}

impl ChangeTx {
    /// Begins with the revision.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        Self::begin_quietly(store).await?.with_revision().await
    }

    /// Begins without one, for what is no change of policy and belongs to the ledger.
    pub(crate) async fn begin_quietly(store: &Store) -> Result<Self, StoreError> {
        let mut transaction = store.write().await?;
        let ledger = Ledger::load(&mut transaction).await?;
        Self::within(transaction, store.database(), ledger).await
    }

    pub(crate) async fn within(
        mut transaction: Transaction,
        database: Database,
        ledger: Option<Ledger>,
    ) -> Result<Self, StoreError> {
        let revision = Meta::load(&mut transaction).await?.revision;
        transaction.take_ledger(ledger);
        Ok(Self { transaction, database, revision })
    }

    pub(crate) async fn with_revision(mut self) -> Result<Self, StoreError> {
        let row = sqlx::query("UPDATE meta SET revision = revision + 1 WHERE one = 1 RETURNING revision")
            .fetch_one(&mut *self.transaction)
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
        self.transaction.ledger_in_hand().flatten()
    }

    /// Makes the change and its audit row last, and tells the replicas.
    pub async fn commit(mut self, entry: &Entry) -> Result<Revision, StoreError> {
        let revision = self.revision;
        admin_audit::append(&mut self, entry, Some(revision)).await?;
        tell(self.database, &mut self.transaction, News::Policy).await?;
        self.commit_quietly().await?;
        Ok(revision)
    }

    /// Makes last what is no change of policy.
    pub(crate) async fn commit_quietly(mut self) -> Result<(), StoreError> {
        if let Some(ledger) = self.ledger().cloned() {
            ledger.save(&mut self.transaction).await?;
        }
        Ok(self.transaction.commit().await?)
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
