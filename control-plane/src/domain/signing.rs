//! Hashes, and the key that signs the logs.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lictor_policy::secret::Secret;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use crate::secrets::random::{self, NoRandomness};

/// A SHA-256; in hexadecimal outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub(crate) [u8; 32]);

/// The hash that a chain begins with.
pub const GENESIS: Digest = Digest([0; 32]);

impl Digest {
    /// Of bytes that say first what they are of: no two kinds of things have one digest.
    pub fn of(what: &str, parts: &[&[u8]]) -> Self {
        let hasher = Sha256::new().chain_update(what.as_bytes()).chain_update([0]);
        Self(parts.iter().fold(hasher, |hasher, part| hasher.chain_update(part)).finalize().into())
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Digest {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digest = Self::default();
        hex::decode_to_slice(text, &mut digest.0).map_err(|_| "expected 64 hexadecimal digits")?;
        Ok(digest)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The key that signatures are checked with: 32 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("expected 32 bytes in base64, such as the public_key that `lictor audit head` prints")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The key that links are signed with.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// A new key, in the form that the database keeps sealed and [`Signer::parse`] reads.
    pub fn generate() -> Result<Secret, NoRandomness> {
        Ok(Secret::new(STANDARD.encode(random::bytes::<32>()?)))
    }

    /// Reads a key; none if it is not one.
    pub fn parse(seed: &Secret) -> Option<Self> {
        let seed = STANDARD.decode(seed.expose()).ok()?;
        Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(Self)
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(self.0.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        PublicKey(bytes)
    }

    /// Signs a statement, which says first what it is of. In base64.
    pub(crate) fn sign(&self, statement: &[u8]) -> String {
        STANDARD.encode(self.0.sign(statement))
    }
}
