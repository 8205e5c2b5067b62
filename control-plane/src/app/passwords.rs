//! Passwords of accounts: argon2id, never more than a few at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use lictor_policy::secret::Secret;
use tokio::sync::Semaphore;

use crate::domain::problem::{Code, Problem, Result};
use crate::secrets::random;
use crate::secrets::stored::Hash;

/// Characters that a password may have. Long enough that no rule on kinds of characters is needed (NIST SP 800-63B).
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashed at once: each takes the memory above and a processor for tens of milliseconds.
const HASHED_AT_ONCE: usize = 2;
/// How long an attempt waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// Hashes and compares passwords.
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(HASHED_AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash of a new password, in PHC form.
    pub async fn hash(&self, password: Secret) -> Result<Hash> {
        self.run(move || hash(&password)).await?.map_err(Problem::internal)
    }

    /// Whether it is the password of the hash. Without a hash it is not, after the same work: how long the answer takes
    /// does not tell which accounts there are.
    pub async fn is_right(&self, password: Secret, hash: Option<Hash>) -> Result<bool> {
        let is_right = move || match hash {
            Some(known) => verify(&password, &known),
            None => self::hash(&password).map(|_| false),
        };
        self.run(is_right).await?.map_err(Problem::internal)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Problem::new(Code::NotReady, "Too many sign in at once: try again."))?;
        // The work has the turn, and not who waits for it: a client that goes away does not end the work.
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
    }
}

/// Refuses a new password that is too short or too long.
pub fn validate(field: &str, password: &Secret) -> Result<()> {
    if LENGTH.contains(&password.expose().chars().count()) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("Give {} to {} characters.", LENGTH.start(), LENGTH.end())))
}

/// Whether it can be anybody's password: a longer one is not worth hashing.
pub fn is_possible(password: &Secret) -> bool {
    password.expose().chars().count() <= *LENGTH.end()
}

fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, LANES, None)?))
}

fn hash(password: &Secret) -> Result<Hash, argon2::password_hash::Error> {
    let salt = random::bytes::<16>().map_err(|_| argon2::password_hash::Error::Crypto)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(Hash::new(argon2()?.hash_password(password.expose().as_bytes(), &salt)?.to_string()))
}

fn verify(password: &Secret, hash: &Hash) -> Result<bool, argon2::password_hash::Error> {
    let hash = PasswordHash::new(hash.text())?;
    match argon2()?.verify_password(password.expose().as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_argon2id_with_the_parameters_of_owasp() {
        let passwords = Passwords::default();
        let password = Secret::new("correct horse battery");
        let hash = passwords.hash(password.clone()).await.unwrap();
        assert!(hash.text().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.is_right(password.clone(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.is_right(Secret::new("correct horse batterz"), Some(hash)).await.unwrap());
        assert!(!passwords.is_right(password, None).await.unwrap());
    }

    #[tokio::test]
    async fn who_goes_away_keeps_the_turn_until_the_work_is_done() {
        let passwords = Passwords::default();
        let (end, until_ended) = std::sync::mpsc::channel::<()>();
        let mut attempt = Box::pin(passwords.run(move || until_ended.recv()));
        assert!(tokio::time::timeout(Duration::ZERO, &mut attempt).await.is_err());
        drop(attempt);
        assert_eq!(passwords.turns.available_permits(), HASHED_AT_ONCE - 1);
        drop(end);
        drop(passwords.turns.acquire_many(u32::try_from(HASHED_AT_ONCE).unwrap()).await.unwrap());
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        for (length, good) in [(11, false), (12, true), (128, true), (129, false)] {
            assert_eq!(validate("password", &Secret::new("ü".repeat(length))).is_ok(), good, "{length}");
        }
    }
}
