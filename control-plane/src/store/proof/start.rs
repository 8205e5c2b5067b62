//! How a database comes to prove its rows: a new one from the beginning, one of a version before at its first start with
//! this one, one whose rows somebody has changed by hand when an operator says that they are right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use crate::domain::settings::Settings;
use crate::secrets::random;
use crate::secrets::vault::{self, Vault};
use crate::store::audit::chain::{self, Kept};
use crate::store::proof::ledger::{End, Ledger};
use crate::store::proof::rows::{name, page, write};
use crate::store::proof::tables::{PROVEN, Table};
use crate::store::proof::{Keys, Proof, Weight, stored, values};
use crate::store::{ChangeTx, Entry, Meta, Store, StoreError, admin_audit, settings};

/// Rows that are named one by one.
const NAMED: usize = 100;

impl Store {
    /// Makes what every database has, or checks that the master key is the one that seals it. From then on nothing is
    /// written with another one, and rows of the policy are read only if they prove themselves.
    ///
    /// A database of a version before has its rows proven as they are, once: the administrators' log says when. Whether
    /// that was done is told by what the signing key is sealed for, and not by the absence of proofs, which anybody could
    /// bring about who can write to the database.
    pub async fn prepare(&self, vault: &Vault) -> Result<Arc<Keys>, StoreError> {
        let mut tx = self.write().await?;
        let made = sqlx::query(
            "INSERT INTO meta (one, epoch, revision, master_key_id, live_gates) VALUES (1, $1, 0, $2, 1) \
             ON CONFLICT (one) DO NOTHING",
        )
        .bind(random::id())
        .bind(vault.key_id())
        .execute(tx.connection())
        .await?;
        Meta::load(&mut tx).await?.check_master_key(vault.key_id())?;
        let (signer, kept) = chain::signer(&mut tx, vault).await?;
        let keys = Arc::new(Keys::new(vault.clone(), signer));
        tx.set_keys(Arc::clone(&keys));
        let is_new = made.rows_affected() == 1;
        if is_new {
            let mut tx = ChangeTx::within(tx, Some(Ledger::ending_at(End::START))).await?;
            settings::insert(&mut tx, &Settings::default()).await?;
            tx.commit_quietly().await?;
        } else if kept == Kept::BeforeProofs {
            let tx = ChangeTx::within(tx, Some(Ledger::ending_at(End::START))).await?;
            let mut tx = tx.with_revision().await?;
            chain::seal_for_proofs(&mut tx, vault).await?;
            admin_audit::number_all(&mut tx).await?;
            let rows: BTreeMap<_, _> =
                prove_all(&mut tx).await?.into_iter().map(|(name, all)| (name, all.rows)).collect();
            tracing::info!(?rows, "the rows of the policy are proven from now on");
            tx.commit(&entry("database.prove", json!({"rows": rows}))).await?;
        } else {
            tx.commit().await?;
        }
        self.set_keys(Arc::clone(&keys));
        Ok(keys)
    }

    /// Has rows of the policy read only if they prove themselves, and writes nothing. False for a database of a version
    /// before, which proves none.
    pub async fn unlock(&self, vault: &Vault) -> Result<bool, StoreError> {
        let mut connection = self.read().await?;
        Meta::load(&mut connection).await?.check_master_key(vault.key_id())?;
        match chain::existing_signer(&mut connection, vault).await? {
            Some((signer, Kept::WithProofs)) => {
                self.set_keys(Arc::new(Keys::new(vault.clone(), signer)));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Proves all rows as they are, whoever has made them so, and answers what was proven, by table. For an operator who
    /// has changed rows without Lictor, or knows that what the check found is right.
    pub async fn accept_rows(&self) -> Result<BTreeMap<&'static str, Accepted>, StoreError> {
        let mut tx = ChangeTx::begin(self).await?;
        let end = match tx.ledger() {
            Some(ledger) => ledger.admin,
            None => admin_audit::end(&mut tx).await?,
        };
        tx.take_ledger(Some(Ledger::ending_at(end)));
        let accepted = prove_all(&mut tx).await?;
        let named: BTreeMap<_, _> =
            accepted.iter().filter(|(_, table)| table.unproven > 0).map(|(name, table)| (name, &table.named)).collect();
        tx.commit(&entry("database.accept", json!({"unproven": named}))).await?;
        Ok(accepted)
    }
}

/// What was proven of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Rows.
    pub rows: u64,
    /// Rows that did not prove themselves before.
    pub unproven: u64,
    /// The first of those.
    pub named: Vec<String>,
}

/// Gives each row a proof.
async fn prove_all(tx: &mut ChangeTx) -> Result<BTreeMap<&'static str, Accepted>, StoreError> {
    let keys = tx.keys()?.clone();
    let mut all = BTreeMap::new();
    for table in PROVEN {
        let mut accepted = Accepted::default();
        each(tx, table, |row| {
            accepted.rows += 1;
            if !keys.is_genuine(table, row) {
                accepted.unproven += 1;
                if accepted.named.len() < NAMED {
                    accepted.named.push(name(table, row));
                }
            }
            let held = values(row).unwrap_or_default();
            Ok(Some(keys.proof(table, held.iter().map(|(name, value)| (*name, value)))))
        })
        .await?;
        all.insert(table.name, accepted);
    }
    Ok(all)
}

/// The rows that do not prove themselves, by their tables and names.
pub(crate) type Unproven = BTreeSet<(&'static str, String)>;

/// Finds the rows that do not prove themselves.
pub(crate) async fn unproven(tx: &mut ChangeTx) -> Result<Unproven, StoreError> {
    let keys = tx.keys()?.clone();
    let mut unproven = Unproven::new();
    for table in PROVEN {
        let mut rows = page(tx, table, None).await?;
        while let Some(last) = rows.last() {
            let altered = rows.iter().filter(|row| !keys.is_genuine(table, row));
            unproven.extend(altered.map(|row| (table.name, name(table, row))));
            rows = page(tx, table, Some(last)).await?;
        }
    }
    Ok(unproven)
}

/// Gives all rows the proofs of another master key, after what they keep sealed was sealed with it. What did not prove itself
/// before does not after, and what the ledger missed it misses after.
pub(crate) async fn prove_anew(tx: &mut ChangeTx, new: &Vault, unproven: &Unproven) -> Result<(), StoreError> {
    let old = tx.keys()?.clone();
    let (signer, _) = chain::signer(tx, new).await?;
    let keys = Arc::new(Keys::new(new.clone(), signer));
    let before = tx.ledger().cloned();
    tx.set_keys(Arc::clone(&keys));
    tx.take_ledger(before.as_ref().map(|ledger| Ledger::ending_at(ledger.admin)));
    for table in PROVEN {
        let mut sum = Weight::default();
        each(tx, table, |row| {
            let stored = stored(row);
            sum.add(stored.as_ref().map_or_else(Weight::default, |proof| old.weight(proof)));
            Ok(match stored {
                Some(_) if !unproven.contains(&(table.name, name(table, row))) => {
                    let held = values(row).unwrap_or_default();
                    Some(keys.proof(table, held.iter().map(|(name, value)| (*name, value))))
                }
                Some(proof) if proof.counts() => Some(Proof::worthless().map_err(vault::VaultError::from)?),
                other => other,
            })
        })
        .await?;
        if before.as_ref().is_some_and(|before| before.sum(table) != sum) {
            // One more or one less than there are: this table's sum is wrong as it was before.
            let worthless = Proof::worthless().map_err(vault::VaultError::from)?;
            tx.in_ledger(|ledger| ledger.replace(&keys, table, None, Some(&worthless)));
        }
    }
    Ok(())
}

/// Gives each row of a table the proof that is answered for it, and counts it in the ledger, which had none of the table.
async fn each(
    tx: &mut ChangeTx,
    table: &Table,
    mut proof: impl FnMut(&sqlx::any::AnyRow) -> Result<Option<Proof>, StoreError>,
) -> Result<(), StoreError> {
    let keys = tx.keys()?.clone();
    let mut rows = page(tx, table, None).await?;
    while let Some(last) = rows.last() {
        let mut proofs = Vec::with_capacity(rows.len());
        for row in &rows {
            proofs.push((row, proof(row)?));
        }
        for (_, proof) in &proofs {
            tx.in_ledger(|ledger| ledger.replace(&keys, table, None, proof.as_ref()));
        }
        write(tx, table, &proofs, &[]).await?;
        rows = page(tx, table, Some(last)).await?;
    }
    Ok(())
}

fn entry(action: &'static str, difference: serde_json::Value) -> Entry {
    Entry { actor: "system".to_owned(), action, object: "database".to_owned(), difference }
}
