//! Makes keys: new ones, and ones that take the place of another.

use lictor_policy::key::{self, KeyHash};
use lictor_policy::secret::Secret;

use crate::app::App;
use crate::app::change::Done;
use crate::domain::key::{Terms, latest_end};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::secrets::stored::Hash;
use crate::store::keys::{self, Key};
use crate::store::snapshot::Part;
use crate::store::{ChangeTx, key_links, outbox};

/// Two keys with the same 8 of 62 characters: once is a miracle, more is a broken source of randomness.
const PREFIX_TRIES: usize = 3;

/// The secret of a new key, with what is stored of it.
pub struct NewSecret {
    key: key::Key,
    /// In passlib's form.
    pub hash: Hash,
}

impl NewSecret {
    /// Makes a key under a free prefix. Before the transaction: hashing takes milliseconds.
    pub async fn make(app: &App) -> Result<Self> {
        for _ in 0..PREFIX_TRIES {
            let key = random::key().map_err(Problem::internal)?;
            if keys::find_by_prefix(&mut *app.store.read().await?, key.prefix()).await?.is_none() {
                let salt = random::bytes().map_err(Problem::internal)?;
                let hashed = tokio::task::spawn_blocking(move || (KeyHash::of(&key, salt).text(), key));
                let (hash, key) = hashed.await.map_err(Problem::internal)?;
                return Ok(Self { key, hash: Hash::new(hash) });
            }
        }
        Err(Problem::internal("no free prefix for a key: is the source of randomness broken?"))
    }

    /// The 8 characters after `lct_`.
    pub fn prefix(&self) -> String {
        self.key.prefix().to_owned()
    }

    /// The key itself: shown once.
    pub fn plain(&self) -> Secret {
        Secret::new(self.key.expose())
    }
}

/// Makes a key that takes the place of another: of the same line, with the same restrictions and the same lifetime, or the
/// longest that keys may have now. The other one is good until `old_ends`, if that is sooner than its own end; at once, if
/// that is now.
///
/// # Errors
/// [`Code::KeyRotated`], [`Code::KeyRevoked`] and [`Code::KeyInactive`] for a key that cannot be replaced.
pub async fn replace(tx: &mut ChangeTx, old: &Key, secret: &NewSecret, old_ends: Option<Moment>) -> Result<Replaced> {
    let now = tx.now();
    if let Some(successor) = &old.rotated_to {
        let detail = format!("The key {successor} has replaced it: rotate that one.");
        return Err(Problem::new(Code::KeyRotated, detail));
    }
    refuse_revoked(old)?;
    if !old.terms.active || old.terms.expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::new(Code::KeyInactive, "It cannot be used, so nothing replaces it: make a new key."));
    }
    let lifetime_ends = old.lifetime().map(|lifetime| now.plus(lifetime));
    let ends = lifetime_ends.into_iter().chain(latest_end(&tx.settings().await?.keys, now)).min();
    let new = successor(old, secret, now, ends, tx.revision());
    keys::insert(tx, &new).await?;
    let expires_at = old.terms.expires_at.into_iter().chain(old_ends).min();
    let active = expires_at.is_none_or(|end| end > now);
    let old = Key {
        rotated_to: Some(new.id.clone()),
        terms: Terms { expires_at, active, ..old.terms.clone() },
        changed: tx.revision(),
        ..old.clone()
    };
    keys::update(tx, &old).await?;
    Ok(Replaced { old, new })
}

/// A key, and the one that takes its place.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// As it is now.
    pub old: Key,
    /// The new one.
    pub new: Key,
}

impl Replaced {
    /// The change, of a key that was so before.
    pub fn done(&self, before: &Key) -> Done {
        let part = Part::Key(self.new.id.clone());
        Done::new("key.rotate", &before.id, Some(before), Some(&self.old)).touching(part)
    }
}

fn successor(old: &Key, secret: &NewSecret, now: Moment, expires_at: Option<Moment>, changed: Revision) -> Key {
    Key {
        id: random::id(),
        prefix: secret.prefix(),
        hash: secret.hash.clone(),
        version: 1,
        terms: Terms { expires_at, ..old.terms.clone() },
        created_at: now,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        use_count: 0,
        rotated_from: Some(old.id.clone()),
        rotated_to: None,
        changed,
        // The same line, so that counters and sessions go on, and the slot that they are kept under.
        ..old.clone()
    }
}

/// Names the rotation of a key in the outbox.
pub fn rotation_event(old_id: &str) -> String {
    format!("key/{old_id}/rotated")
}

/// Takes a key's text back where it is on its way to its user, as it is worth nothing any more: out of a mail that was not
/// sent and a link that was not opened.
pub async fn recall(tx: &mut ChangeTx, key: &Key) -> Result<()> {
    if let Some(old_id) = &key.rotated_from {
        outbox::kill_secret(tx, &rotation_event(old_id)).await?;
    }
    Ok(key_links::kill_secret(tx, &key.id).await?)
}

/// A revoked key cannot come back.
pub fn refuse_revoked(key: &Key) -> Result<()> {
    if key.revoked_at.is_none() {
        return Ok(());
    }
    Err(Problem::new(Code::KeyRevoked, "A revoked key stays revoked: make a new key."))
}
