//! Reads the policy, whole or in part, in the form that gates get.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use lictor_policy::operation::Operations;
use lictor_policy::secret::Secret;
use lictor_policy::wire;
use sqlx::any::AnyRow;

use crate::domain::key::Terms;
use crate::domain::schema::sets::{self, Numbered};
use crate::domain::settings::Settings;
use crate::store::engine::row::Columns as _;
use crate::store::proof::Keys;
use crate::store::proof::ledger::Ledger;
use crate::store::proof::rows::Found;
use crate::store::proof::tables::{KEYS, MODELS, PAUSES, PERMISSIONS, SCHEMA, TERMINATIONS, Table, USERS};
use crate::store::users::{self, Upstream, User};
use crate::store::{Connection, Meta, StoreError, keys, pauses, permissions, schema, settings, terminations};

/// How many keys a thread proves at once.
const BLOCK: usize = 2_000;

/// A part of the policy that a change may have touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Only what every snapshot holds whole: settings, pauses and terminations.
    Frame,
    /// Only pauses and terminations: what takes rights away depends on nothing else, not on the settings either.
    Stops,
    /// A user by its id.
    User(String),
    /// A key by its id, with its user.
    Key(String),
    /// The permission of a profile for a model.
    Permission(permissions::Place),
    /// What is known of Odoo's models.
    Schema,
}

/// The whole policy, as far as it proves itself.
#[derive(Debug)]
pub struct Whole {
    /// What gates get.
    pub snapshot: wire::Snapshot,
    /// The settings that it was made with.
    pub settings: Settings,
    /// Rows that were left out, as they do not prove themselves or have a secret that does not open.
    pub left_out: u64,
    /// Whether it refuses every call, as what was taken away may not be in it.
    pub stopped: bool,
}

/// The whole policy, as the connection sees it.
///
/// A row that grants something and does not prove itself is left out. Where a row that takes something away may be missing,
/// because the settings, a pause or a termination does not prove itself or the ledger does not fit, nobody can tell what is
/// allowed, and the policy refuses every call. That is done with `last`, the settings of the policy before, in the place of
/// settings that do not prove themselves; without them there is no policy.
///
/// # Errors
/// [`StoreError::Unproven`] then.
pub async fn whole(connection: &mut Connection, last: Option<&Settings>) -> Result<Whole, StoreError> {
    let keys = Arc::clone(connection.keys()?);
    let mut left_out = 0;
    let (settings, mut stopped) = match (settings::load(connection).await, last) {
        (Ok((settings, _)), _) => (settings, false),
        (Err(StoreError::Unproven { .. }), Some(last)) => (last.clone(), true),
        (Err(error), _) => return Err(error),
    };
    let (mut snapshot, share) = frame(connection, settings.clone()).await?;
    let ledger = Ledger::load(connection).await?;
    let mut all = async |table: &'static Table, sql: &'static str| {
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
        let found = Found::of(&keys, table, rows);
        let takes_away = table.name == PAUSES.name || table.name == TERMINATIONS.name;
        stopped |= !found.is_complete(table, ledger.as_ref()) || (takes_away && found.unproven > 0);
        left_out += found.unproven;
        Ok::<Vec<AnyRow>, StoreError>(found.genuine)
    };
    snapshot.pauses = pauses::wire(&all(&PAUSES, "SELECT * FROM pauses ORDER BY scope, target").await?)?;
    let ended = all(&TERMINATIONS, "SELECT * FROM terminations ORDER BY line, client_ip").await?;
    snapshot.terminations = terminations::wire(&ended)?;
    let row = all(&SCHEMA, "SELECT * FROM odoo_schema").await?;
    let models = all(&MODELS, "SELECT * FROM odoo_models ORDER BY name").await?;
    let sets = put_schema(&mut snapshot, row.first(), &models)?;
    let mut unreadable = 0;
    for row in all(&USERS, "SELECT * FROM users ORDER BY id").await? {
        let found = users::read(&row)?;
        match keys.vault.open(&found.upstream.sealed, &Upstream::owner(&found.id)) {
            Ok(secret) => snapshot.users.push(user(found, secret, &sets)),
            Err(_) => unreadable += 1,
        }
    }
    for row in all(&PERMISSIONS, permissions::ALL).await? {
        snapshot.permissions.push(permissions::read(&row)?.0);
    }
    let (found, usable) = usable_keys(connection, &keys, share).await?;
    stopped |= !found.is_complete(&KEYS, ledger.as_ref());
    left_out += found.unproven;
    let known: BTreeSet<&str> = snapshot.users.iter().map(|user| user.id.as_str()).collect();
    snapshot.keys = usable.into_iter().filter(|key| known.contains(key.record.user_id.as_str())).collect();
    left_out += unreadable;
    if stopped {
        snapshot.pauses = vec![wire::Pause::All];
    }
    Ok(Whole { snapshot, settings, left_out, stopped })
}

/// The keys that may be used, and how they prove themselves. Where there are many, other threads prove and read a block of them
/// while the database sends the next.
async fn usable_keys(
    connection: &mut Connection,
    keys: &Arc<Keys>,
    share: Share,
) -> Result<(Found, Vec<wire::KeyEntry>), StoreError> {
    // Those that are counted by the ledger, and those that somebody else has made usable.
    let usable = "SELECT * FROM keys WHERE (active = 1 AND revoked_at IS NULL) OR proof LIKE '+%' ORDER BY prefix";
    let prove = |rows: Vec<AnyRow>| {
        let keys = Arc::clone(keys);
        tokio::task::spawn_blocking(move || {
            let mut found = Found::of(&keys, &KEYS, rows);
            let genuine = std::mem::take(&mut found.genuine);
            let entries = genuine.iter().map(|row| key(keys::read(row)?, share));
            Ok::<_, StoreError>((found, entries.collect::<Result<Vec<_>, _>>()?))
        })
    };
    let mut blocks = Vec::new();
    let mut rows = sqlx::query(usable).fetch(connection);
    let mut block = Vec::with_capacity(BLOCK);
    while let Some(row) = rows.try_next().await? {
        block.push(row);
        if block.len() == BLOCK {
            blocks.push(prove(std::mem::replace(&mut block, Vec::with_capacity(BLOCK))));
        }
    }
    blocks.push(prove(block));
    let (mut all, mut entries) = (Found::default(), Vec::new());
    for block in blocks {
        let (found, read) = block.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        all.add(found);
        entries.extend(read);
    }
    Ok((all, entries))
}

/// A policy of the settings and one part, for the check before a commit and to explain a decision. Records that are gone are
/// left out, and so is what they refer to. It holds no secrets: neither needs one, and a secret that does not open must not
/// stop a change.
pub async fn part(connection: &mut Connection, part: &Part) -> Result<wire::Snapshot, StoreError> {
    let settings = match part {
        Part::Stops => settings::load_or_default(connection).await?,
        _ => settings::load(connection).await?.0,
    };
    let (mut snapshot, share) = frame(connection, settings).await?;
    add_stops(connection, &mut snapshot).await?;
    let user_id = match part {
        Part::Frame | Part::Stops => None,
        Part::Schema => {
            add_schema(connection, &mut snapshot).await?;
            None
        }
        Part::User(id) => Some(id.clone()),
        Part::Key(id) => {
            let found = keys::find(connection, id).await?;
            let user_id = found.as_ref().map(|key| key.user_id.clone());
            let usable = found.filter(|key| key.terms.active && key.revoked_at.is_none());
            snapshot.keys.extend(usable.map(|found| key(found, share)).transpose()?);
            user_id
        }
        Part::Permission(place) => {
            let found = permissions::find(connection, place).await?;
            snapshot.permissions.extend(found.map(|(permission, _)| permission));
            None
        }
    };
    if let Some(id) = user_id
        && let Some(found) = users::find(connection, &id).await?
    {
        let sets = schema::known(connection).await?.sets;
        snapshot.users.push(user(found, Secret::new(""), &sets));
    }
    Ok(snapshot)
}

/// A policy of all that calls are decided from, without secrets, to which keys are added one by one.
#[derive(Debug)]
pub struct OfCalls {
    /// The policy, with all permissions and models, as a path may lead from one to any other.
    pub snapshot: wire::Snapshot,
    /// The sets of Odoo groups that the models have views for.
    pub sets: Vec<Numbered>,
    share: Share,
}

impl OfCalls {
    /// The policy with these settings, and without keys.
    pub async fn load(connection: &mut Connection, settings: Settings) -> Result<Self, StoreError> {
        let (mut snapshot, share) = frame(connection, settings).await?;
        add_stops(connection, &mut snapshot).await?;
        let rows = sqlx::query(permissions::ALL).fetch_all(&mut *connection).await?;
        for row in connection.only_genuine(&PERMISSIONS, rows)? {
            snapshot.permissions.push(permissions::read(&row)?.0);
        }
        let sets = add_schema(connection, &mut snapshot).await?;
        Ok(Self { snapshot, sets, share })
    }

    /// Adds a key, which must be one that may be used, and its user under the id that the key names, if they are not there.
    pub fn add(&mut self, of: &User, found: &keys::Key) -> Result<(), StoreError> {
        let snapshot = &mut self.snapshot;
        if snapshot.users.iter().all(|known| known.id != found.user_id) {
            let of = User { id: found.user_id.clone(), ..of.clone() };
            snapshot.users.push(user(of, Secret::new(""), &self.sets));
        }
        if snapshot.keys.iter().all(|known| known.prefix != found.prefix) {
            snapshot.keys.push(key(found.clone(), self.share)?);
        }
        Ok(())
    }
}

/// A policy in which a key, active or not, has one profile without permissions, and neither scopes nor models of its own: to
/// find what it needs. It holds no secrets.
pub async fn of_draft(
    connection: &mut Connection,
    of: keys::Key,
    owner: User,
    profile: &str,
) -> Result<wire::Snapshot, StoreError> {
    let settings = settings::load(connection).await?.0;
    let (mut snapshot, share) = frame(connection, settings).await?;
    let sets = add_schema(connection, &mut snapshot).await?;
    snapshot.users.push(user(owner, Secret::new(""), &sets));
    let terms = Terms {
        profiles: vec![wire::Profile(profile.to_owned())],
        scopes: Operations::NONE,
        models: Vec::new(),
        ..of.terms
    };
    snapshot.keys.push(key(keys::Key { terms, slot: Some(of.slot.unwrap_or_default()), ..of }, share)?);
    Ok(snapshot)
}

/// Adds what is stopped for the time being.
async fn add_stops(connection: &mut Connection, snapshot: &mut wire::Snapshot) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT * FROM pauses ORDER BY scope, target").fetch_all(&mut *connection).await?;
    snapshot.pauses = pauses::wire(&connection.only_genuine(&PAUSES, rows)?)?;
    let rows = sqlx::query("SELECT * FROM terminations ORDER BY line, client_ip").fetch_all(&mut *connection).await?;
    snapshot.terminations = terminations::wire(&connection.only_genuine(&TERMINATIONS, rows)?)?;
    Ok(())
}

/// Adds what is known of Odoo's models; answers the numbers of the sets of groups.
async fn add_schema(connection: &mut Connection, snapshot: &mut wire::Snapshot) -> Result<Vec<Numbered>, StoreError> {
    let row = sqlx::query("SELECT * FROM odoo_schema").fetch_all(&mut *connection).await?;
    let models = sqlx::query("SELECT * FROM odoo_models ORDER BY name").fetch_all(&mut *connection).await?;
    let (row, models) = (connection.only_genuine(&SCHEMA, row)?, connection.only_genuine(&MODELS, models)?);
    put_schema(snapshot, row.first(), &models)
}

/// The same of rows that prove themselves; answers the numbers of the sets of groups.
fn put_schema(
    snapshot: &mut wire::Snapshot,
    row: Option<&AnyRow>,
    models: &[AnyRow],
) -> Result<Vec<Numbered>, StoreError> {
    // Without it nobody knows whose views the models have.
    let Some(row) = row else { return Ok(Vec::new()) };
    let known = schema::read_known(row)?;
    let read_at = row.optional_moment("read_at")?.map_or(0, |moment| moment.0);
    let entry = |row| schema::read(row).map(|model| wire::ModelEntry { name: model.name, record: model.record });
    let models = models.iter().map(entry).collect::<Result<_, _>>()?;
    snapshot.schema = wire::Schema { version: known.version, read_at, models };
    Ok(known.sets)
}

/// The part of a rate limit that one gate may use up.
#[derive(Clone, Copy, Debug)]
struct Share {
    gates: u32,
}

impl Share {
    /// At least 1: a limit never becomes none, nor nothing.
    fn of(self, limit: u32) -> u32 {
        (limit / self.gates.max(1)).max(1)
    }
}

/// A policy of settings alone.
async fn frame(connection: &mut Connection, settings: Settings) -> Result<(wire::Snapshot, Share), StoreError> {
    let meta = Meta::load(connection).await?;
    let share = Share { gates: if settings.rate_limit.divide_by_gates { meta.live_gates } else { 1 } };
    let mut settings = wire::Settings::from(settings);
    settings.rate_limit.per_minute = share.of(settings.rate_limit.per_minute);
    let snapshot = wire::Snapshot {
        version: wire::VERSION,
        epoch: meta.epoch,
        revision: meta.revision.0,
        settings,
        users: Vec::new(),
        keys: Vec::new(),
        permissions: Vec::new(),
        schema: wire::Schema::unknown(),
        pauses: Vec::new(),
        terminations: Vec::new(),
    };
    Ok((snapshot, share))
}

fn user(user: User, secret: Secret, sets: &[Numbered]) -> wire::User {
    let is_refused = user.refused().is_some();
    let view = sets::number(sets, &user.upstream.database, &user.odoo_groups);
    wire::User {
        id: user.id,
        groups: user.groups.into_iter().chain(user.odoo_groups).collect(),
        upstream: wire::Upstream {
            database: user.upstream.database,
            login: user.upstream.login,
            uid: user.upstream.uid,
            secret,
        },
        upstream_rejected: is_refused,
        view,
    }
}

fn key(key: keys::Key, share: Share) -> Result<wire::KeyEntry, StoreError> {
    let record = wire::Key {
        id: key.id,
        hash: Secret::new(key.hash.text()),
        version: key.version,
        line: key.line,
        slot: key.slot.ok_or_else(|| StoreError::Column("slot".to_owned()))?,
        user_id: key.user_id,
        profiles: key.terms.profiles,
        scopes: key.terms.scopes,
        models: key.terms.models,
        ip_allow_list: key.terms.ip_allow_list,
        rate_limit_per_minute: key.terms.rate_limit_per_minute.map(|limit| share.of(limit)),
        session_limit: key.terms.session_limit,
        expires_at: key.terms.expires_at.map(|moment| moment.0),
    };
    Ok(wire::KeyEntry { prefix: key.prefix, record })
}
