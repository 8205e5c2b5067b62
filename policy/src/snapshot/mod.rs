//! Storey 6: the policy that a gate decides from, parsed from the wire: every name resolved, every list read.

mod by_name;
pub mod compact;
pub mod default;
pub mod field;
mod keys;
pub mod model;
mod pages;
mod permissions;
mod schema;
mod unread;
mod whole;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::address::{self, BadNetwork, Networks};
use crate::key::BadHash;
use crate::wire::{self, UnixMicros};

pub use crate::snapshot::keys::Key;
use crate::snapshot::keys::Keys;
use crate::snapshot::pages::Held;
pub use crate::snapshot::pages::Pages;
pub use crate::snapshot::permissions::Permission;
use crate::snapshot::permissions::Permissions;
use crate::snapshot::schema::Models;
pub use crate::snapshot::schema::Schema;
use crate::snapshot::unread::Unread;

/// A whole policy, made from its [compact form](compact). Keys, permissions and models are read when they are used.
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

    /// Reads a policy that may hold anything: all of it is looked at. `seed` is a random number.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub fn checked(bytes: Vec<u8>, seed: u64) -> Result<Self, BadSnapshot> {
        let snapshot = Self::received(bytes, seed)?;
        snapshot.keys.check()?;
        Ok(snapshot)
    }

    /// Reads a policy from the control plane, which has [checked](Self::checked) it: all that is not a key's is looked at, and
    /// whether the keys have come whole. One that cannot be read is refused when it calls. `seed` is a random number.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub fn received(bytes: Vec<u8>, seed: u64) -> Result<Self, BadSnapshot> {
        let start = compact::head(&bytes)?.len();
        let pages = compact::frame(&bytes)?;
        let held = bytes.len() - start;
        let snapshot = Self::of(pages, Box::new(Held { bytes, start }), seed)?;
        snapshot.keys.check_pages(held)?;
        snapshot.permissions.check()?;
        snapshot.schema.check()?;
        Ok(snapshot)
    }

    /// Reads a policy that was [received](Self::received) before it was stored, by its [head](compact::head); its keys are in
    /// `pages`. `seed` is a random number.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub fn stored(head: &[u8], pages: Box<dyn Pages>, seed: u64) -> Result<Self, BadSnapshot> {
        Self::of(compact::frame(head)?, pages, seed)
    }

    fn of(given: compact::Frame<Unread, Unread>, pages: Box<dyn Pages>, seed: u64) -> Result<Self, BadSnapshot> {
        Ok(Self {
            epoch: given.epoch,
            revision: given.revision,
            settings: Settings::try_from(given.settings)?,
            pauses: given.pauses,
            keys: Keys::of(given.users, given.keys, pages, seed),
            permissions: Permissions::of(given.permissions, seed)?,
            schema: Models::of(given.schema, seed)?,
            terminations: given.terminations.into_iter().map(Termination::try_from).collect::<Result<_, _>>()?,
        })
    }

    /// Stores the pages of keys elsewhere by their numbers, and reads them there from now on.
    ///
    /// # Errors
    /// Of `store`.
    pub fn move_keys<E>(
        &mut self,
        store: impl FnMut(usize, &[u8]) -> Result<(), E>,
        pages: Box<dyn Pages>,
    ) -> Result<(), E> {
        self.keys.move_pages(store, pages)
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
    /// If it cannot be used, or not be got; in a policy that was checked every key can.
    pub fn key(&self, prefix: &str) -> Result<Option<&Key>, BadSnapshot> {
        self.keys.key(prefix)
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
    /// Not as it was written, or not there.
    #[error("{0} is damaged, incomplete or of another form")]
    Damaged(&'static str),
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

/// By way of its compact form, so that there is one way only.
impl TryFrom<wire::Snapshot> for Snapshot {
    type Error = BadSnapshot;

    fn try_from(given: wire::Snapshot) -> Result<Self, BadSnapshot> {
        Self::checked(compact::write(&given)?, Self::TRIED)
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
