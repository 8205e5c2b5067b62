//! The chain of the administrators' log: each row is hashed with the one before it, and the hash is signed.
//!
//! A chain of its own, as its rows are kept when those of calls are deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::signing::{Digest, PublicKey, Signer};
use crate::domain::time::Moment;

/// A row of the administrators' log, as it is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdminRow {
    /// Its place: counts from 1.
    pub number: u64,
    /// The hash of the row before it; [`crate::domain::signing::GENESIS`] before the first.
    pub previous: Digest,
    /// Its id.
    pub id: String,
    /// The revision that it made.
    pub revision: Option<u64>,
    /// When.
    pub at: Moment,
    /// The actor.
    pub actor: String,
    /// The action.
    pub action: String,
    /// The object.
    pub object: String,
    /// The difference, as the column holds it.
    pub difference: String,
}

impl AdminRow {
    /// Of all of it, as JSON: no two rows have the same.
    pub fn hash(&self) -> Digest {
        Digest::of("lictor admin row 1", &[&serde_json::to_vec(self).unwrap_or_default()])
    }

    /// Where the log ends with this row.
    pub fn head(&self, signer: &Signer) -> AdminHead {
        let (number, at, hash) = (self.number, self.at, self.hash());
        AdminHead { number, at, hash, signature: signer.sign(&statement(number, at, hash)) }
    }
}

/// A signed statement of what the whole administrators' log was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminHead {
    /// The last row.
    pub number: u64,
    /// When it was written.
    pub at: Moment,
    /// Of the row and all before it.
    #[schemars(with = "String")]
    pub hash: Digest,
    /// Of the three above, Ed25519 in base64.
    pub signature: String,
}

impl AdminHead {
    /// Whether this key signed it.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        let Ok(signature) = STANDARD.decode(&self.signature) else { return false };
        let key = UnparsedPublicKey::new(&ED25519, key.bytes());
        key.verify(&statement(self.number, self.at, self.hash), &signature).is_ok()
    }
}

fn statement(number: u64, at: Moment, hash: Digest) -> Vec<u8> {
    let numbers = [number, at.0].map(u64::to_be_bytes).concat();
    [b"lictor admin head 1\0".as_slice(), &numbers, hash.bytes()].concat()
}
