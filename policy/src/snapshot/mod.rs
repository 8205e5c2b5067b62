//! Storey 6: the policy that a gate decides from, parsed from the wire: every name resolved, every list read.

mod by_name;
pub mod default;
pub mod field;
mod keys;
pub mod model;
mod permissions;
mod schema;
mod unread;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::address::{self, BadNetwork, Networks};
use crate::key::BadHash;
use crate::wire::{self, UnixMicros};

pub use crate::snapshot::keys::Key;
use crate::snapshot::keys::Keys;
pub use crate::snapshot::permissions::Permission;
use crate::snapshot::permissions::Permissions;
use crate::snapshot::schema::Models;
pub use crate::snapshot::schema::Schema;
use crate::snapshot::unread::Unread;

/// A whole policy, made from the JSON of a [`wire::Snapshot`]. Its keys, permissions and models may be unread, see [`Snapshot::stored`].
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
    keys: Keys,
    permissions: Permissions,
    schema: Models,
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

impl Snapshot {
    /// The seed for the maps of a policy that no gate decides from: nobody sends calls to it.
    pub const TRIED: u64 = 0;

    /// Reads a policy from the control plane, which may hold anything: all of it is looked at. `seed` is a random number.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub fn checked(json: &[u8], seed: u64) -> Result<Self, BadSnapshot> {
        let snapshot = Self::stored(json, seed)?;
        snapshot.keys.check()?;
        snapshot.permissions.check()?;
        snapshot.schema.check()?;
        Ok(snapshot)
    }

    /// Reads a policy that was [checked](Self::checked) before it was stored, but for its keys, permissions and models, which are read when
    /// they are used: that takes a third of the time. `seed` is a random number.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub fn stored(json: &[u8], seed: u64) -> Result<Self, BadSnapshot> {
        let given: wire::Snapshot<_, _, _> =
            serde_json::from_slice(json).map_err(|error| BadSnapshot::form("the snapshot", &error))?;
        if given.version != wire::VERSION {
            return Err(BadSnapshot::Version(given.version));
        }
        Ok(Self {
            epoch: given.epoch,
            revision: given.revision,
            settings: Settings::try_from(given.settings)?,
            pauses: given.pauses,
            keys: Keys::of(given.users, given.keys, seed)?,
            permissions: Permissions::of(given.permissions, seed)?,
            schema: Models::of(given.schema, seed)?,
            terminations: given.terminations.into_iter().map(Termination::try_from).collect::<Result<_, _>>()?,
        })
    }

    /// Takes other permissions in the place of all that there are, as a draft may.
    ///
    /// # Errors
    /// Two for the same profile and model.
    pub fn replace_permissions(&mut self, permissions: &[wire::Permission]) -> Result<(), BadSnapshot> {
        let unread = permissions.iter().map(Unread::of).collect::<Result<_, _>>()?;
        self.permissions = Permissions::of(unread, Self::TRIED)?;
        Ok(())
    }

    /// The key with this prefix.
    ///
    /// # Errors
    /// If its record cannot be used; in a policy that was checked every record can.
    pub fn key(&self, prefix: &str) -> Result<Option<&Key>, BadSnapshot> {
        self.keys.key(prefix)
    }

    /// Whether there is a key with this prefix.
    pub fn has_key(&self, prefix: &str) -> bool {
        self.keys.has(prefix)
    }

    /// The models that one of a key's profiles has a permission for, each once.
    pub fn models<'s>(&'s self, key: &Key) -> BTreeSet<&'s str> {
        key.profiles().flat_map(|profile| self.permissions.models(profile)).collect()
    }

    /// The permission of a profile for a model.
    pub fn permission(&self, profile: &str, model: &str) -> Option<&Permission> {
        self.permissions.get(profile, model)
    }

    /// Odoo's models, as a user sees them.
    pub const fn schema(&self, user: &wire::User) -> Schema<'_> {
        self.schema.seen_by(user.view)
    }

    /// Until when an administrator's termination refuses a line of keys from an address, if one does.
    pub fn terminated_until(&self, line: &str, client: Option<IpAddr>, now: UnixMicros) -> Option<UnixMicros> {
        let covers = |t: &&Termination| t.line == line && Some(t.client) == client && t.until > now;
        self.terminations.iter().filter(covers).map(|termination| termination.until).max()
    }
}

/// Why a snapshot cannot be used. Holds identifiers, never secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// Not the JSON that is expected.
    #[error("{place} is not of this version (line {line}, column {column})")]
    Form {
        /// What is not.
        place: String,
        /// From where on, counted from its beginning.
        line: usize,
        /// Where in the line.
        column: usize,
    },
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
    /// A model of the schema.
    #[error("the model {0}: its fields are not in the order of their names")]
    Model(String),
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

impl BadSnapshot {
    /// The error's own text may quote a value, which may be a secret.
    fn form(place: &str, error: &serde_json::Error) -> Self {
        Self::Form { place: place.to_owned(), line: error.line(), column: error.column() }
    }
}

/// By way of its JSON, so that there is one way only.
impl TryFrom<wire::Snapshot> for Snapshot {
    type Error = BadSnapshot;

    fn try_from(given: wire::Snapshot) -> Result<Self, BadSnapshot> {
        let json = serde_json::to_vec(&given).map_err(|error| BadSnapshot::form("the snapshot", &error))?;
        Self::checked(&json, Self::TRIED)
    }
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

fn networks(place: &str, entries: &[String]) -> Result<Networks, BadSnapshot> {
    Networks::parse(entries).map_err(|problem| BadSnapshot::Network { place: place.to_owned(), problem })
}

fn positive(name: &str, value: u32) -> Result<(), BadSnapshot> {
    if value > 0 { Ok(()) } else { Err(BadSnapshot::Zero(name.to_owned())) }
}
