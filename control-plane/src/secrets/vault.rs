//! Encrypts secrets at rest with the master key (XChaCha20-Poly1305).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lictor_policy::secret::Secret;
use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::secrets::random::{self, NoRandomness};
use crate::secrets::stored::Sealed;

const FORM: &str = "v1";
const NONCE_LENGTH: usize = 24;

/// Why a secret could not be sealed or opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// No nonce.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Another key sealed it.
    #[error("a secret was sealed with another master key than {0}")]
    OtherKey(String),
    /// Changed or moved since it was sealed.
    #[error("a sealed secret is damaged, or belongs to another record")]
    Damaged,
    /// Not 32 bytes of base64 or hexadecimal.
    #[error("a master key is 32 random bytes in base64 or hexadecimal")]
    KeyForm,
}

/// The master key.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
    subkeys: hmac::Key,
    key_id: String,
}

impl Vault {
    /// Reads a master key.
    pub fn parse(text: &Secret) -> Result<Self, VaultError> {
        let text = text.expose().trim();
        let bytes = if text.len() == 64 { hex::decode(text).ok() } else { STANDARD.decode(text).ok() };
        let bytes: [u8; 32] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(VaultError::KeyForm)?;
        let digest = Sha256::new().chain_update(b"lictor master key id\0").chain_update(bytes).finalize();
        let key_id = hex::encode(digest.get(..4).unwrap_or_default());
        let subkeys = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        Ok(Self { cipher: XChaCha20Poly1305::new(&bytes.into()), subkeys, key_id })
    }

    /// A key for one purpose, which tells nothing of the master key nor of the keys for other purposes.
    pub fn subkey(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let tag = hmac::sign(&self.subkeys, purpose.as_bytes());
        key.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        key
    }

    /// A new master key, in the form that [`Vault::parse`] reads.
    pub fn generate() -> Result<Secret, NoRandomness> {
        Ok(Secret::new(STANDARD.encode(random::bytes::<32>()?)))
    }

    /// Names the master key without telling anything of it; stored with what it sealed, so that keys can be rotated.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Encrypts. The result opens only with the same `owner`: a row cannot be given another row's secret.
    pub fn seal(&self, secret: &Secret, owner: &str) -> Result<Sealed, VaultError> {
        let nonce = random::bytes::<NONCE_LENGTH>()?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: owner.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Damaged)?;
        let body = STANDARD.encode([nonce.as_slice(), &sealed].concat());
        Ok(Sealed::new(format!("{FORM}.{}.{body}", self.key_id)))
    }

    /// Decrypts.
    pub fn open(&self, sealed: &Sealed, owner: &str) -> Result<Secret, VaultError> {
        let mut parts = sealed.text().splitn(3, '.');
        let (Some(FORM), Some(key_id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::Damaged);
        };
        if key_id != self.key_id {
            return Err(VaultError::OtherKey(self.key_id.clone()));
        }
        let body = STANDARD.decode(body).map_err(|_| VaultError::Damaged)?;
        let (nonce, sealed) = body.split_first_chunk::<NONCE_LENGTH>().ok_or(VaultError::Damaged)?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| VaultError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(digit: &str) -> Vault {
        Vault::parse(&Secret::new(digit.repeat(64))).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_only_for_its_owner_and_its_key() {
        let secret = Secret::new("hunter2");
        let sealed = vault("a").seal(&secret, "user/1").unwrap();
        assert!(!sealed.text().contains("hunter2"));
        assert_ne!(sealed, vault("a").seal(&secret, "user/1").unwrap());
        assert_eq!(vault("a").open(&sealed, "user/1").unwrap(), secret);
        assert!(matches!(vault("a").open(&sealed, "user/2"), Err(VaultError::Damaged)));
        assert!(matches!(vault("b").open(&sealed, "user/1"), Err(VaultError::OtherKey(_))));
        let cut = Sealed::new(&sealed.text()[..sealed.text().len() - 8]);
        assert!(matches!(vault("a").open(&cut, "user/1"), Err(VaultError::Damaged)));
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        assert_eq!(vault("a").subkey("rows"), vault("a").subkey("rows"));
        assert_ne!(vault("a").subkey("rows"), vault("a").subkey("weights"));
        assert_ne!(vault("a").subkey("rows"), vault("b").subkey("rows"));
    }

    #[test]
    fn a_master_key_is_32_bytes() {
        assert!(Vault::parse(&Vault::generate().unwrap()).is_ok());
        for bad in ["", "abc", &"a".repeat(63), "AAAA"] {
            assert!(matches!(Vault::parse(&Secret::new(bad)), Err(VaultError::KeyForm)), "{bad}");
        }
    }
}
