//! What the database is: its epoch, its revision, its master key.

use super::row::Columns as _;
use super::{Connection, Revision, Store, StoreError};
use crate::settings::Settings;
use crate::{random, store};

/// The one row about the database itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Names the count of revisions.
    pub epoch: String,
    /// The last change.
    pub revision: Revision,
}

impl Meta {
    /// Reads it.
    pub async fn load(connection: &mut Connection) -> Result<Self, StoreError> {
        let row = sqlx::query("SELECT epoch, revision FROM meta WHERE one = 1").fetch_one(connection).await?;
        Ok(Self { epoch: row.text("epoch")?, revision: Revision(row.number("revision")?) })
    }
}

impl Store {
    /// Names the master key that the database was made with; none in a new database.
    pub async fn master_key_id(&self) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT master_key_id FROM meta WHERE one = 1");
        let row = query.fetch_optional(&mut *self.read().await?).await?;
        row.map(|row| row.text("master_key_id")).transpose()
    }

    /// Makes the rows that every database has, or checks that the master key is the one they were made with.
    pub async fn prepare(&self, master_key_id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO meta (one, epoch, revision, master_key_id) VALUES (1, $1, 0, $2) ON CONFLICT (one) DO NOTHING",
        )
        .bind(random::id())
        .bind(master_key_id)
        .execute(&mut *tx)
        .await?;
        store::settings::insert(&mut tx, &Settings::default()).await?;
        let row = sqlx::query("SELECT master_key_id FROM meta WHERE one = 1").fetch_one(&mut *tx).await?;
        let expected = row.text("master_key_id")?;
        if expected != master_key_id {
            return Err(StoreError::OtherMasterKey { expected, given: master_key_id.to_owned() });
        }
        tx.commit().await?;
        Ok(())
    }
}
