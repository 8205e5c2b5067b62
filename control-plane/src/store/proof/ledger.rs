//! The sum of each table's proofs and the end of the administrators' log, sealed in `meta` for one revision.
//!
//! A proof says that a row is as Lictor left it at some time. The ledger says which proofs there are now: an old row that is
//! put back, one that is taken away and a log whose end is cut off do not fit it. It is sealed with a nonce, and so does not
//! tell from one revision to the next what a proof adds to it.

use std::collections::BTreeMap;

use lictor_policy::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::domain::signing::{Digest, GENESIS};
use crate::store::engine::row::{self, Columns as _};
use crate::store::proof::tables::{Counted, Table};
use crate::store::proof::{Keys, Proof, Weight};
use crate::store::{Connection, Meta, StoreError};

/// What the database must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// In hexadecimal, by table; a table without rows may be absent.
    sums: BTreeMap<String, String>,
    /// The end of the administrators' log.
    pub(crate) admin: End,
}

/// The last row of the administrators' log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Counts from 1; 0 of an empty log.
    pub number: u64,
    /// Of that row and all before it.
    pub hash: Digest,
}

impl End {
    /// Of an empty log.
    pub(crate) const START: Self = Self { number: 0, hash: GENESIS };
}

impl Ledger {
    /// Of a database without rows, but for those of the administrators' log.
    pub(crate) const fn ending_at(admin: End) -> Self {
        Self { sums: BTreeMap::new(), admin }
    }

    /// The ledger that a change has in hand, or else the one in the database; none if that was not sealed for this revision
    /// with this master key.
    pub(crate) async fn load(connection: &mut Connection) -> Result<Option<Self>, StoreError> {
        if let Some(in_hand) = connection.ledger_in_hand() {
            return Ok(in_hand.cloned());
        }
        let keys = connection.keys()?.clone();
        let meta = Meta::load(connection).await?;
        let row = sqlx::query("SELECT proof FROM meta WHERE one = 1").fetch_one(connection).await?;
        let opened = row.optional_sealed("proof")?.and_then(|sealed| keys.vault.open(&sealed, &owner(&meta)).ok());
        Ok(opened.and_then(|json| serde_json::from_str(json.expose()).ok()))
    }

    /// Seals it for the revision that the transaction makes.
    pub(crate) async fn save(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let keys = connection.keys()?.clone();
        let meta = Meta::load(connection).await?;
        let json = Secret::new(row::json(self)?);
        let sealed = keys.vault.seal(&json, &owner(&meta))?;
        sqlx::query("UPDATE meta SET proof = $1 WHERE one = 1").bind(sealed.text()).execute(connection).await?;
        Ok(())
    }

    /// What the proofs of a table add up to.
    pub(crate) fn sum(&self, table: &Table) -> Weight {
        let text = self.sums.get(table.name).map_or("0", String::as_str);
        Weight(u128::from_str_radix(text, 16).unwrap_or_default())
    }

    /// A row has another proof now than it had.
    pub(crate) fn replace(&mut self, keys: &Keys, table: &Table, before: Option<&Proof>, after: Option<&Proof>) {
        if table.counted == Counted::None {
            return;
        }
        let mut sum = self.sum(table);
        sum.subtract(before.map_or_else(Weight::default, |proof| keys.weight(proof)));
        sum.add(after.map_or_else(Weight::default, |proof| keys.weight(proof)));
        self.set(table, sum);
    }

    pub(crate) fn set(&mut self, table: &Table, sum: Weight) {
        self.sums.insert(table.name.to_owned(), format!("{:x}", sum.0));
    }
}

/// For what it is sealed. The number of live gates is there too, as rate limits are divided by it.
fn owner(meta: &Meta) -> String {
    format!("meta/{}/{}/{}/proof", meta.epoch, meta.revision.0, meta.live_gates)
}
