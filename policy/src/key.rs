//! Storey 2: lictor keys: their form, their digest and their stored hash.
//!
//! A key is `lct_`, 40 base62 characters of secret and 6 base62 characters of the secret's CRC-32, so that a mistyped
//! or invented key is refused before anything is hashed. The first 8 characters of the secret are the prefix under
//! which it is stored and found.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use sha2::{Digest as _, Sha256, Sha512};

use crate::secret::Secret;

/// What every key begins with.
pub const MARK: &str = "lct_";
const SECRET_LENGTH: usize = 40;
/// How many characters after [`MARK`] name a key.
pub const PREFIX_LENGTH: usize = 8;
const CHECKSUM_LENGTH: usize = 6;
/// How many letters and digits stand behind [`MARK`].
pub(crate) const TAIL_LENGTH: usize = SECRET_LENGTH + CHECKSUM_LENGTH;
const LENGTH: usize = MARK.len() + TAIL_LENGTH;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// PBKDF2 rounds of a new hash: Odoo's own number for `res.users.apikeys`.
pub const ROUNDS: u32 = 6_000;
/// The most rounds that a stored hash may ask for: each thousand costs a worker 0.6 ms.
const MAX_ROUNDS: u32 = 100_000;
pub(crate) const HASH_LENGTH: usize = 64;
const HASH_SCHEME: &str = "pbkdf2-sha512";

/// A key in its plain form whose checksum is right. Whether it is *known* is another matter.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Secret);

/// What text in the place of a password turned out to be.
#[derive(Debug)]
pub enum Presented {
    /// A well-formed key.
    Key(Key),
    /// Looks like a key, but is mistyped or invented.
    Broken,
    /// Something else: a password or an API key of Odoo.
    Other,
}

impl Key {
    /// Recognises a key.
    pub fn recognise(text: &str) -> Presented {
        let Some(rest) = text.strip_prefix(MARK) else { return Presented::Other };
        let well_formed = text.len() == LENGTH
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && rest.split_at_checked(SECRET_LENGTH).is_some_and(|(secret, sum)| checksum(secret) == sum.as_bytes());
        if well_formed { Presented::Key(Self(Secret::new(text))) } else { Presented::Broken }
    }

    /// Makes a key from random bytes; `fill` must come from a cryptographic source.
    pub fn generate(mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut secret = String::with_capacity(SECRET_LENGTH);
        while secret.len() < SECRET_LENGTH {
            let mut byte = [0];
            fill(&mut byte);
            // 248 is the largest multiple of 62 in a byte: taking only what lies below keeps every character as likely.
            let [byte] = byte;
            if byte < 248
                && let Some(character) = BASE62.get(usize::from(byte % 62))
            {
                secret.push(char::from(*character));
            }
        }
        secret.extend(checksum(&secret).map(char::from));
        Self(Secret::new(format!("{MARK}{secret}")))
    }

    /// The stored, indexed part: the 8 characters after `lct_`.
    pub fn prefix(&self) -> &str {
        self.0.expose().get(MARK.len()..MARK.len() + PREFIX_LENGTH).unwrap_or_default()
    }

    /// The plain text: shown once, when the key is made.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// SHA-256 of the key together with the version of its record: what a gate keeps once the hash was verified, so
    /// that later calls need no PBKDF2. A changed record makes the digest worthless. Without [`MARK`], which all keys have,
    /// it is one block.
    pub fn digest(&self, version: u64) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(version.to_le_bytes());
        hasher.update(self.0.expose().get(MARK.len()..).unwrap_or_default());
        hasher.finalize().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// CRC-32 (IEEE) of the 40 secret characters, as 6 base62 digits, most significant first.
fn checksum(secret: &str) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32fast::hash(secret.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// Why a stored hash cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a $pbkdf2-sha512$ hash in passlib's form with 1 to {MAX_ROUNDS} rounds")]
pub struct BadHash;

/// A stored hash: `$pbkdf2-sha512$rounds$salt$checksum`, passlib's text form, as Odoo keeps it in
/// `res.users.apikeys`.
#[derive(Clone)]
pub struct KeyHash {
    rounds: u32,
    salt: Vec<u8>,
    checksum: [u8; HASH_LENGTH],
}

impl KeyHash {
    /// Hashes a key with a random salt.
    pub fn of(key: &Key, salt: [u8; 16]) -> Self {
        let checksum = derive(key, &salt, ROUNDS);
        Self { rounds: ROUNDS, salt: salt.to_vec(), checksum }
    }

    /// Reads passlib's text form.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let mut parts = text.split('$');
        let head = (parts.next(), parts.next());
        let (Some(rounds), Some(salt), Some(checksum), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadHash);
        };
        if head != (Some(""), Some(HASH_SCHEME)) {
            return Err(BadHash);
        }
        let salt = PASSLIB_BASE64.decode(salt).map_err(|_| BadHash)?;
        let checksum = PASSLIB_BASE64.decode(checksum).map_err(|_| BadHash)?;
        Self::of_parts(rounds.parse().map_err(|_| BadHash)?, &salt, checksum.try_into().map_err(|_| BadHash)?)
    }

    /// passlib's text form.
    pub fn text(&self) -> String {
        let (salt, checksum) = (PASSLIB_BASE64.encode(&self.salt), PASSLIB_BASE64.encode(self.checksum));
        format!("${HASH_SCHEME}${}${salt}${checksum}", self.rounds)
    }

    /// Its numbers: rounds, salt and checksum.
    pub(crate) fn parts(&self) -> (u32, &[u8], &[u8; HASH_LENGTH]) {
        (self.rounds, &self.salt, &self.checksum)
    }

    /// Of such numbers.
    pub(crate) fn of_parts(rounds: u64, salt: &[u8], checksum: [u8; HASH_LENGTH]) -> Result<Self, BadHash> {
        let rounds = u32::try_from(rounds).ok().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds)).ok_or(BadHash)?;
        Ok(Self { rounds, salt: salt.to_vec(), checksum })
    }

    /// Whether the hash is this key's. Costs a worker milliseconds: callers ask the digest and the limit on wrong keys first.
    pub fn verify(&self, key: &Key) -> bool {
        same(&derive(key, &self.salt, self.rounds), &self.checksum)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

fn derive(key: &Key, salt: &[u8], rounds: u32) -> [u8; HASH_LENGTH] {
    pbkdf2::pbkdf2_hmac_array::<Sha512, HASH_LENGTH>(key.expose().as_bytes(), salt, rounds)
}

/// Compares without stopping at the first difference, so that time tells nothing.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// passlib's "ab64": the usual alphabet with `.` for `+`, without padding. Made once: it takes longer than reading a
/// hash, of which a snapshot has thousands.
static PASSLIB_BASE64: GeneralPurpose =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => GeneralPurpose::new(&alphabet, NO_PAD),
        // Evaluated by the compiler: another alphabet does not compile.
        Err(_) => panic!(),
    };

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let mut next = 0u8;
        Key::generate(|bytes| bytes.fill_with(|| (next = next.wrapping_add(37), next).1))
    }

    #[test]
    fn a_generated_key_is_recognised_and_every_single_typo_is_not() {
        let text = key().expose().to_owned();
        assert!(matches!(Key::recognise(&text), Presented::Key(found) if found == key()));
        for at in MARK.len()..LENGTH {
            let mut typo = text.clone().into_bytes();
            typo[at] = if typo[at] == b'x' { b'y' } else { b'x' };
            assert!(matches!(Key::recognise(std::str::from_utf8(&typo).unwrap()), Presented::Broken));
        }
        assert!(matches!(Key::recognise("lct_é"), Presented::Broken));
        assert!(matches!(Key::recognise("admin"), Presented::Other));
    }

    #[test]
    fn the_hash_is_what_passlib_writes() {
        // passlib.hash.pbkdf2_sha512.using(rounds=6000, salt=bytes(range(16))).hash(key)
        let text = KeyHash::of(&key(), std::array::from_fn(|at| at as u8)).text();
        assert!(text.starts_with("$pbkdf2-sha512$6000$AAECAwQFBgcICQoLDA0ODw$"));
        let hash = KeyHash::parse(&text).unwrap();
        assert!(hash.verify(&key()));
        assert!(!hash.verify(&Key::generate(|bytes| bytes.fill(1))));
    }

    #[test]
    fn a_hash_of_another_form_is_refused() {
        for text in ["", "$pbkdf2-sha512$0$AAEC$AAEC", "$pbkdf2-sha512$100001$AA$AA", "$pbkdf2-sha256$1$AA$AA", "plain"]
        {
            assert!(KeyHash::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_digest_belongs_to_one_version_of_one_record() {
        let key = key();
        assert_ne!(key.digest(1), key.digest(2));
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
