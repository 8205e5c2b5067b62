//! The keys of a policy. Each stays JSON until it is used: a policy may have thousands, of which a worker sees few before
//! the next policy comes, and its requests wait while it takes one.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::address::Networks;
use crate::key::KeyHash;
use crate::snapshot::by_name::{ByName, by_name};
use crate::snapshot::unread::Unread;
use crate::snapshot::{BadSnapshot, networks, positive};
use crate::wire;

/// A key that may be used.
#[derive(Debug)]
pub struct Key {
    /// As it came.
    pub wire: wire::Key,
    /// The stored hash.
    pub hash: KeyHash,
    /// The user it acts for.
    pub user: Arc<wire::User>,
    /// Addresses that it may be used from; empty allows all.
    pub ip_allow_list: Networks,
}

impl Key {
    /// The profiles of which one must allow a call whole.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        let named = &self.wire.profiles;
        named.iter().map(|profile| &*profile.0).chain(named.is_empty().then_some(wire::DEFAULT_PROFILE))
    }
}

/// All keys, and the users that they act for.
#[derive(Debug)]
pub(crate) struct Keys {
    /// By their ids.
    users: ByName<Arc<wire::User>>,
    /// By their prefixes.
    entries: ByName<Entry>,
}

#[derive(Debug)]
struct Entry {
    unread: Unread,
    key: OnceCell<Box<Key>>,
}

impl Keys {
    pub(crate) fn of(
        users: Vec<wire::User>,
        keys: Vec<wire::KeyEntry<Unread>>,
        seed: u64,
    ) -> Result<Self, BadSnapshot> {
        let users = users.into_iter().map(|user| (user.id.clone(), Arc::new(user)));
        let users = by_name(seed, users).map_err(|id| BadSnapshot::Twice(format!("the user id {id}")))?;
        let entry = |wire::KeyEntry { prefix, record }| (prefix, Entry { unread: record, key: OnceCell::new() });
        let entries = by_name(seed, keys.into_iter().map(entry));
        let entries = entries.map_err(|prefix| BadSnapshot::Twice(format!("the prefix {prefix}")))?;
        Ok(Self { users, entries })
    }

    /// Whether there is a key with this prefix, without reading it.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.entries.contains_key(prefix)
    }

    /// The key with this prefix, read if nobody has asked for it before.
    pub(crate) fn key(&self, prefix: &str) -> Result<Option<&Key>, BadSnapshot> {
        let Some(entry) = self.entries.get(prefix) else { return Ok(None) };
        if let Some(key) = entry.key.get() {
            return Ok(Some(key));
        }
        let key = Box::new(self.read(prefix, entry)?);
        Ok(Some(entry.key.get_or_init(|| key)))
    }

    /// Reads every key, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        let line =
            |(prefix, entry): (&String, _)| self.read(prefix, entry).map(|Key { wire, .. }| (wire.slot, wire.line));
        let mut lines: Vec<_> = self.entries.iter().map(line).collect::<Result<_, _>>()?;
        lines.sort_unstable();
        // Two lines in one slot would share their counters.
        let shared = lines.array_windows().find(|[(slot, line), (next, other)]| slot == next && line != other);
        shared.map_or(Ok(()), |[(slot, _), _]| Err(BadSnapshot::Twice(format!("slot {slot}"))))
    }

    fn read(&self, prefix: &str, Entry { unread, .. }: &Entry) -> Result<Key, BadSnapshot> {
        let wire: wire::Key = unread.read(&format!("the record of the key {prefix}"))?;
        let id = || wire.id.clone();
        let hash = KeyHash::parse(wire.hash.expose()).map_err(|problem| BadSnapshot::Hash { id: id(), problem })?;
        let user = self.users.get(&wire.user_id);
        let user = user.ok_or_else(|| BadSnapshot::NoUser { id: id(), user_id: wire.user_id.clone() })?;
        if let Some(limit) = wire.rate_limit_per_minute {
            positive("rate_limit_per_minute", limit)?;
        }
        let ip_allow_list = networks("a key's ip_allow_list", &wire.ip_allow_list)?;
        Ok(Key { hash, user: Arc::clone(user), ip_allow_list, wire })
    }
}
