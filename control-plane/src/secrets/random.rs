//! Randomness of the operating system.

use lictor_policy::key::Key;
use lictor_policy::secret::Secret;
use ring::hmac;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Sets the use of a token as a key apart from every other use.
const CSRF: &[u8] = b"lictor csrf token";

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// Random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A new id, greater than those before it.
pub fn id() -> String {
    Uuid::now_v7().to_string()
}

/// A new key.
pub fn key() -> Result<Key, NoRandomness> {
    let mut filled = Ok(());
    let key = Key::generate(|bytes| {
        if getrandom::fill(bytes).is_err() {
            filled = Err(NoRandomness);
        }
    });
    filled.map(|()| key)
}

/// A bearer token: a mark by which people and secret scanners know it, and 256 random bits.
#[derive(Debug)]
pub struct Token(Secret);

impl Token {
    /// A new token of an account.
    pub fn of_account() -> Result<Self, NoRandomness> {
        Self::marked("lat_")
    }

    /// A new token of a gate.
    pub fn of_gate() -> Result<Self, NoRandomness> {
        Self::marked("lgt_")
    }

    /// A new secret that requests to a webhook are signed with.
    pub fn of_webhook() -> Result<Self, NoRandomness> {
        Self::marked("lws_")
    }

    /// A new link to a key.
    pub fn of_link() -> Result<Self, NoRandomness> {
        Self::marked("")
    }

    /// A token that somebody sent.
    pub fn presented(text: &str) -> Self {
        Self(Secret::new(text))
    }

    fn marked(mark: &str) -> Result<Self, NoRandomness> {
        Ok(Self(Secret::new(format!("{mark}{}", hex::encode(bytes::<32>()?)))))
    }

    /// The plain text: shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text that a browser's page repeats with each change that it asks for by cookie: another site can have the cookie sent,
    /// and knows neither this nor the token that it is made of. Nothing of it is kept.
    pub fn csrf(&self) -> Secret {
        Secret::new(hex::encode(hmac::sign(&self.csrf_key(), CSRF)))
    }

    /// Whether a text is that, compared in constant time.
    pub fn has_csrf(&self, text: &str) -> bool {
        hex::decode(text).is_ok_and(|tag| hmac::verify(&self.csrf_key(), CSRF, &tag).is_ok())
    }

    fn csrf_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.expose().as_bytes())
    }

    /// The hash that is stored. One round of SHA-256 is enough for 256 random bits.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csrf_token_belongs_to_one_token_and_tells_nothing_of_it() {
        let (one, other) = (Token::of_account().unwrap(), Token::of_account().unwrap());
        assert!(one.has_csrf(one.csrf().expose()) && !other.has_csrf(one.csrf().expose()));
        assert!(!one.csrf().expose().contains(one.expose()) && one.csrf().expose() != one.hash());
        for wrong in ["", "zz", "00", &"0".repeat(64), one.expose(), &one.hash()] {
            assert!(!one.has_csrf(wrong), "{wrong}");
        }
    }
}
