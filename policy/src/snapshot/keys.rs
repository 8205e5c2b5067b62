//! The keys of a policy. Each stays JSON until it is used: a policy may have thousands, of which a worker sees few before
//! the next policy comes, and its requests wait while it takes one.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Networks;
use crate::key::KeyHash;
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
    users: BTreeMap<String, Arc<wire::User>>,
    /// By their prefixes. No map: to build one takes several times as long.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    prefix: String,
    unread: Unread,
    key: OnceCell<Box<Key>>,
}

impl Keys {
    pub(crate) fn of(users: Vec<wire::User>, keys: Vec<wire::KeyEntry<Unread>>) -> Result<Self, BadSnapshot> {
        let mut by_id = BTreeMap::new();
        for user in users {
            let id = user.id.clone();
            if by_id.insert(id.clone(), Arc::new(user)).is_some() {
                return Err(BadSnapshot::Twice(format!("the user id {id}")));
            }
        }
        let entry = |wire::KeyEntry { prefix, record }| Entry { prefix, unread: record, key: OnceCell::new() };
        let mut entries: Vec<_> = keys.into_iter().map(entry).collect();
        // They come in this order already, unless a database sorts differently.
        entries.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        if let Some([entry, _]) = entries.array_windows().find(|[one, other]| one.prefix == other.prefix) {
            return Err(BadSnapshot::Twice(format!("the prefix {}", entry.prefix)));
        }
        Ok(Self { users: by_id, entries })
    }

    /// Whether there is a key with this prefix, without reading it.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.entry(prefix).is_some()
    }

    /// The key with this prefix, read if nobody has asked for it before.
    pub(crate) fn key(&self, prefix: &str) -> Result<Option<&Key>, BadSnapshot> {
        let Some(entry) = self.entry(prefix) else { return Ok(None) };
        if let Some(key) = entry.key.get() {
            return Ok(Some(key));
        }
        let key = Box::new(self.read(entry)?);
        Ok(Some(entry.key.get_or_init(|| key)))
    }

    /// Reads every key, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        let line = |entry| self.read(entry).map(|Key { wire, .. }| (wire.slot, wire.line));
        let mut lines: Vec<_> = self.entries.iter().map(line).collect::<Result<_, _>>()?;
        lines.sort_unstable();
        // Two lines in one slot would share their counters.
        let shared = lines.array_windows().find(|[(slot, line), (next, other)]| slot == next && line != other);
        shared.map_or(Ok(()), |[(slot, _), _]| Err(BadSnapshot::Twice(format!("slot {slot}"))))
    }

    fn entry(&self, prefix: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.prefix.as_str().cmp(prefix)).ok()?;
        self.entries.get(at)
    }

    fn read(&self, Entry { prefix, unread, .. }: &Entry) -> Result<Key, BadSnapshot> {
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
