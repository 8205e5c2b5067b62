//! The policy that a gate decides from, parsed from the wire: every name resolved, every list read.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::address::{self, BadNetwork, Networks};
use crate::key::{BadHash, KeyHash};
use crate::operation::Operations;
use crate::wire::{self, UnixMicros};

/// A whole policy. Made only from a [`wire::Snapshot`] in which everything is right.
#[derive(Debug)]
pub struct Snapshot {
    /// Names the database that counts the revisions.
    pub epoch: String,
    /// Grows with every change.
    pub revision: u64,
    /// What holds for all calls.
    pub settings: Settings,
    /// What is paused.
    pub pauses: Vec<wire::Pause>,
    /// By their prefixes. No map: to build one takes several times as long, and workers stand still meanwhile.
    keys: Vec<Key>,
    permissions: BTreeMap<String, Permission>,
    terminations: Vec<Termination>,
}

#[derive(Debug)]
struct Termination {
    line: String,
    client: IpAddr,
    until: UnixMicros,
}

/// The settings, with their lists read.
#[derive(Debug)]
pub struct Settings {
    /// As it came.
    pub wire: wire::Settings,
    /// Addresses that may do without a key in `require` mode.
    pub require_exceptions: Networks,
    /// Addresses that may call; empty allows all.
    pub ip_allow_list: Networks,
    /// Names taken off the never-list.
    pub never_list_exceptions: BTreeSet<String>,
}

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

/// What may be done to a model.
#[derive(Debug)]
pub struct Permission {
    /// As it came.
    pub wire: wire::Permission,
}

impl Snapshot {
    /// The key with this prefix.
    pub fn key(&self, prefix: &str) -> Option<&Key> {
        let at = self.keys.binary_search_by(|key| key.wire.prefix.as_str().cmp(prefix)).ok()?;
        self.keys.get(at)
    }

    /// The models that have a permission record.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.permissions.keys().map(String::as_str)
    }

    /// The permission record of a model.
    pub fn permission(&self, model: &str) -> Option<&Permission> {
        self.permissions.get(model)
    }

    /// Until when an administrator's termination refuses a line of keys from an address, if one does.
    pub fn terminated_until(&self, line: &str, client: Option<IpAddr>, now: UnixMicros) -> Option<UnixMicros> {
        let covers = |t: &&Termination| t.line == line && Some(t.client) == client && t.until > now;
        self.terminations.iter().filter(covers).map(|termination| termination.until).max()
    }

    /// What an administrator mapped a method to: the model's own mapping before the general one.
    pub fn mapped(&self, model: &str, method: &str) -> Option<Operations> {
        let own = self.permissions.get(model).and_then(|permission| permission.wire.methods.get(method));
        own.or_else(|| self.settings.wire.methods.get(method)).copied()
    }
}

/// Why a snapshot cannot be used. Holds identifiers, never secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// Another version of the format.
    #[error("wire version {0}, where {supported} is understood", supported = wire::VERSION)]
    Version(u32),
    /// A list of networks.
    #[error("{place}: {problem}")]
    Network {
        /// Whose list.
        place: String,
        /// What is wrong.
        problem: BadNetwork,
    },
    /// A key's stored hash.
    #[error("key {id}: {problem}")]
    Hash {
        /// The key.
        id: String,
        /// What is wrong.
        problem: BadHash,
    },
    /// A key without its user.
    #[error("key {id}: there is no user {user_id}")]
    NoUser {
        /// The key.
        id: String,
        /// The missing user.
        user_id: String,
    },
    /// Two records where one may be.
    #[error("two records share {0}")]
    Twice(String),
    /// A termination of an address that is none.
    #[error("a termination: '{0}' is no IP address")]
    Address(String),
    /// A number out of its range.
    #[error("{0} must be 1 or more")]
    Zero(String),
}

impl TryFrom<wire::Snapshot> for Snapshot {
    type Error = BadSnapshot;

    fn try_from(given: wire::Snapshot) -> Result<Self, BadSnapshot> {
        if given.version != wire::VERSION {
            return Err(BadSnapshot::Version(given.version));
        }
        let mut users = BTreeMap::new();
        for user in given.users {
            let id = user.id.clone();
            if users.insert(id.clone(), Arc::new(user)).is_some() {
                return Err(BadSnapshot::Twice(format!("the user id {id}")));
            }
        }
        let mut keys = given.keys;
        a_slot_has_one_line(&keys)?;
        // They come in this order already, unless a database sorts differently.
        keys.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        if let Some([key, _]) = keys.array_windows().find(|[one, other]| one.prefix == other.prefix) {
            return Err(BadSnapshot::Twice(format!("the prefix {}", key.prefix)));
        }
        let keys = keys.into_iter().map(|wire| Key::parse(wire, &users)).collect::<Result<_, _>>()?;
        let mut permissions = BTreeMap::new();
        for wire in given.permissions {
            let model = wire.model.clone();
            if permissions.insert(model.clone(), Permission { wire }).is_some() {
                return Err(BadSnapshot::Twice(format!("the permission for {model}")));
            }
        }
        Ok(Self {
            epoch: given.epoch,
            revision: given.revision,
            settings: Settings::try_from(given.settings)?,
            pauses: given.pauses,
            keys,
            permissions,
            terminations: given.terminations.into_iter().map(Termination::try_from).collect::<Result<_, _>>()?,
        })
    }
}

/// Two lines in one slot would share their counters.
fn a_slot_has_one_line(keys: &[wire::Key]) -> Result<(), BadSnapshot> {
    let mut lines: Vec<_> = keys.iter().map(|key| (key.slot, key.line.as_str())).collect();
    lines.sort_unstable();
    let shared = lines.array_windows().find(|[(slot, line), (next, other)]| slot == next && line != other);
    shared.map_or(Ok(()), |[(slot, _), _]| Err(BadSnapshot::Twice(format!("slot {slot}"))))
}

impl TryFrom<wire::Settings> for Settings {
    type Error = BadSnapshot;

    fn try_from(wire: wire::Settings) -> Result<Self, BadSnapshot> {
        for (name, value) in [
            ("rate_limit.per_minute", wire.rate_limit.per_minute),
            ("sessions.timeout_seconds", wire.sessions.timeout_seconds),
            ("snapshot_max_age_seconds", wire.snapshot_max_age_seconds),
            ("body_limit_bytes", wire.body_limit_bytes),
        ] {
            positive(name, value)?;
        }
        Ok(Self {
            require_exceptions: networks("require_exceptions", &wire.require_exceptions)?,
            ip_allow_list: networks("ip_allow_list", &wire.ip_allow_list)?,
            never_list_exceptions: wire.never_list_exceptions.iter().cloned().collect(),
            wire,
        })
    }
}

impl TryFrom<wire::Termination> for Termination {
    type Error = BadSnapshot;

    fn try_from(wire::Termination { line, client_ip, until }: wire::Termination) -> Result<Self, BadSnapshot> {
        let client = address::client(&client_ip).ok_or(BadSnapshot::Address(client_ip))?;
        Ok(Self { line, client, until })
    }
}

impl Key {
    fn parse(wire: wire::Key, users: &BTreeMap<String, Arc<wire::User>>) -> Result<Self, BadSnapshot> {
        let id = || wire.id.clone();
        let hash = KeyHash::parse(wire.hash.expose()).map_err(|problem| BadSnapshot::Hash { id: id(), problem })?;
        let user =
            users.get(&wire.user_id).ok_or_else(|| BadSnapshot::NoUser { id: id(), user_id: wire.user_id.clone() })?;
        if let Some(limit) = wire.rate_limit_per_minute {
            positive("rate_limit_per_minute", limit)?;
        }
        let ip_allow_list = networks("a key's ip_allow_list", &wire.ip_allow_list)?;
        Ok(Self { hash, user: Arc::clone(user), ip_allow_list, wire })
    }
}

fn networks(place: &str, entries: &[String]) -> Result<Networks, BadSnapshot> {
    Networks::parse(entries).map_err(|problem| BadSnapshot::Network { place: place.to_owned(), problem })
}

fn positive(name: &str, value: u32) -> Result<(), BadSnapshot> {
    if value > 0 { Ok(()) } else { Err(BadSnapshot::Zero(name.to_owned())) }
}
