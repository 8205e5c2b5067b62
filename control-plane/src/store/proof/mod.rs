//! Rows that prove themselves: who can write to the database, and has no master key, can neither make a row of the policy
//! nor change one, nor put an old one back or take one away, without that being seen.
//!
//! Each row of a table in [`tables`] carries a `proof`: an HMAC over its table and its columns under a key that is made of the
//! master key. The proofs of all rows of a table are counted in the [`ledger`], which is sealed in `meta` anew by each
//! change. docs/adr/0003-rows-that-prove-themselves.md says what follows from that, and what does not.

pub mod check;
pub(super) mod ledger;
pub(super) mod rows;
pub(super) mod start;
pub mod tables;

use std::fmt;

use ring::hmac;
use sqlx::any::AnyRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};
use tables::{Counted, Table};

use crate::domain::revision::Revision;
use crate::domain::signing::{Digest, Signer};
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::secrets::vault::Vault;
use crate::store::engine::row::saturating_i64;
use crate::store::{Connection, StoreError};

pub use crate::store::proof::start::Accepted;

/// What is made of the master key, and what it keeps sealed.
pub struct Keys {
    /// Opens and seals.
    pub(crate) vault: Vault,
    /// Signs the audit log and the administrators' log.
    pub(crate) signer: Signer,
    rows: hmac::Key,
    weights: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    pub(crate) fn new(vault: Vault, signer: Signer) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &vault.subkey(purpose));
        let (rows, weights) = (key("lictor rows 1"), key("lictor weights 1"));
        Self { vault, signer, rows, weights }
    }

    /// What signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The proof of a row with these values.
    pub(crate) fn proof<'v>(&self, table: &Table, values: impl IntoIterator<Item = (&'v str, &'v Value)>) -> Proof {
        let is_as_before = |name: &str, value: &Value| {
            table.added.iter().any(|(added, text)| *added == name && *value == Value::from(*text))
        };
        let mut values: Vec<_> =
            values.into_iter().filter(|(name, value)| table.proves(name) && !is_as_before(name, value)).collect();
        values.sort_unstable_by_key(|(name, _)| *name);
        let has = |column: &str, wanted: &Value| values.contains(&(column, wanted));
        let counts = match table.counted {
            Counted::All => true,
            Counted::Usable => {
                let is_revoked = values.iter().any(|(name, value)| *name == "revoked_at" && !value.is_null());
                has("active", &Value::Number(Some(1))) && !is_revoked
            }
            Counted::None => false,
        };
        let mut text = encoded(table.name, &values);
        text.push(u8::from(counts));
        let mark = if counts { COUNTS } else { COUNTS_NOT };
        Proof(format!("{mark}{}", hex::encode(hmac::sign(&self.rows, &text))))
    }

    /// Whether a row is as Lictor left it.
    pub(crate) fn is_genuine(&self, table: &Table, row: &AnyRow) -> bool {
        let (Some(stored), Some(values)) = (stored(row), values(row)) else { return false };
        let proof = self.proof(table, values.iter().map(|(name, value)| (*name, value)));
        // Not in constant time: whoever could measure it has the database, and finds all proofs there.
        proof == stored
    }

    /// What a proof adds to the sum of its table: a number that nobody without the key can know, so that nobody can make
    /// up one proof that makes up for another.
    pub(crate) fn weight(&self, proof: &Proof) -> Weight {
        if !proof.counts() {
            return Weight(0);
        }
        let tag = hmac::sign(&self.weights, proof.0.as_bytes());
        Weight(tag.as_ref().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes)))
    }
}

const COUNTS: char = '+';
const COUNTS_NOT: char = '-';

/// Where the administrators' log ends, by number and hash, as the ledger says; none if that is not as Lictor left it.
pub async fn end_of_log(connection: &mut Connection) -> Result<Option<(u64, Digest)>, StoreError> {
    Ok(ledger::Ledger::load(connection).await?.map(|ledger| (ledger.admin.number, ledger.admin.hash)))
}

/// What a row carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof(pub(crate) String);

impl Proof {
    /// Whether it belongs to the sum of its table.
    fn counts(&self) -> bool {
        self.0.starts_with(COUNTS)
    }

    /// One that proves nothing and keeps the place in the sum of one that did not either, under another master key.
    fn worthless() -> Result<Self, random::NoRandomness> {
        Ok(Self(format!("{COUNTS}{}", hex::encode(random::bytes::<32>()?))))
    }
}

/// What proofs add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight(pub(crate) u128);

impl Weight {
    pub(crate) fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    pub(crate) fn subtract(&mut self, other: Self) {
        self.0 = self.0.wrapping_sub(other.0);
    }
}

/// What a column of texts or of numbers holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl Value {
    const fn is_null(&self) -> bool {
        matches!(self, Self::Text(None) | Self::Number(None))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::from(i64::from(flag))
    }
}

impl From<Moment> for Value {
    fn from(moment: Moment) -> Self {
        Self::from(saturating_i64(moment.0))
    }
}

impl From<Option<Moment>> for Value {
    fn from(moment: Option<Moment>) -> Self {
        Self::from(moment.map(|moment| saturating_i64(moment.0)))
    }
}

impl From<Revision> for Value {
    fn from(revision: Revision) -> Self {
        Self::from(revision.column())
    }
}

/// The columns of a row. None if one holds what Lictor writes nowhere, such as a floating-point number.
pub(crate) fn values(row: &AnyRow) -> Option<Vec<(&str, Value)>> {
    row.columns().iter().map(|column| Some((column.name(), value(row, column.ordinal())?))).collect()
}

fn value(row: &AnyRow, at: usize) -> Option<Value> {
    let raw = row.try_get_raw(at).ok()?;
    if raw.is_null() {
        return Some(Value::Text(None));
    }
    match raw.type_info().name() {
        "TEXT" => row.try_get(at).ok().map(|text| Value::Text(Some(text))),
        "SMALLINT" | "INTEGER" | "BIGINT" => row.try_get(at).ok().map(|number| Value::Number(Some(number))),
        _ => None,
    }
}

/// The proof that a row carries. What is no text is none.
pub(crate) fn stored(row: &AnyRow) -> Option<Proof> {
    row.try_get::<Option<String>, _>("proof").ok().flatten().map(Proof)
}

/// Columns as bytes: no two rows have the same. A column without a value adds nothing, so that a later version may add a
/// column to a table whose rows are proven, if it begins as NULL.
pub(crate) fn encoded(table: &str, sorted: &[(&str, &Value)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    let mut put = |text: &[u8]| {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text);
    };
    put(table.as_bytes());
    for (name, value) in sorted {
        match value {
            Value::Text(Some(text)) => {
                put(name.as_bytes());
                put(b"t");
                put(text.as_bytes());
            }
            Value::Number(Some(number)) => {
                put(name.as_bytes());
                put(b"n");
                put(&number.to_be_bytes());
            }
            Value::Text(None) | Value::Number(None) => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use lictor_policy::secret::Secret;

    use super::*;
    use crate::store::proof::tables::PERMISSIONS;

    #[test]
    fn a_row_of_before_a_column_was_added_keeps_its_proof_and_no_other_value_of_it_has_the_same() {
        let vault = || Vault::parse(&Secret::new("ab".repeat(32))).unwrap();
        let keys = Keys::new(vault(), Signer::parse(&Signer::generate().unwrap()).unwrap());
        let proof = |profile: Option<&str>| {
            let mut row = vec![("model", Value::from("res.partner"))];
            row.extend(profile.map(|profile| ("profile", Value::from(profile))));
            keys.proof(&PERMISSIONS, row.iter().map(|(name, value)| (*name, value)))
        };
        assert_eq!(proof(Some("default")), proof(None));
        assert_ne!(proof(Some("sales")), proof(None));
        assert_ne!(proof(Some("")), proof(None));
    }
}
