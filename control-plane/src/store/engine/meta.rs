//! What the database is: its epoch, its revision, its master key.

use crate::domain::revision::Revision;
use crate::store::engine::row::Columns as _;
use crate::store::{ChangeTx, Connection, Store, StoreError};

/// The one row about the database itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Names the count of revisions.
    pub epoch: String,
    /// The last change.
    pub revision: Revision,
    /// By how many gates limits are divided where the settings say so; 1 or more.
    pub live_gates: u32,
    /// Names the master key that seals the database's secrets.
    pub master_key_id: String,
}

impl Meta {
    /// Reads it.
    pub async fn load(connection: &mut Connection) -> Result<Self, StoreError> {
        let row = sqlx::query("SELECT * FROM meta WHERE one = 1").fetch_one(connection).await?;
        Ok(Self {
            epoch: row.text("epoch")?,
            revision: Revision(row.number("revision")?),
            live_gates: row.number("live_gates")?,
            master_key_id: row.text("master_key_id")?,
        })
    }

    /// Refuses another master key than the database's.
    pub fn check_master_key(&self, given: &str) -> Result<(), StoreError> {
        if self.master_key_id == given {
            return Ok(());
        }
        Err(StoreError::OtherMasterKey { expected: self.master_key_id.clone(), given: given.to_owned() })
    }

    /// Keeps the number of live gates.
    pub async fn set_live_gates(tx: &mut ChangeTx, live: u32) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE meta SET live_gates = $1 WHERE one = 1").bind(i64::from(live.max(1)));
        query.execute(tx.connection()).await?;
        Ok(())
    }
}

impl Store {
    /// Names the master key that seals the database's secrets; none in a new database.
    pub async fn master_key_id(&self) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT master_key_id FROM meta WHERE one = 1");
        let row = query.fetch_optional(&mut *self.read().await?).await?;
        row.map(|row| row.text("master_key_id")).transpose()
    }
}
