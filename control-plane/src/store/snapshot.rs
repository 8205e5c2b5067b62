//! Reads the policy, whole or in part, in the form that gates get.

use lictor_policy::wire;

use super::{Connection, Meta, StoreError, keys, pauses, permissions, settings, terminations, users};
use crate::vault::Vault;

/// A part of the policy that a change may have touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Only what every snapshot holds whole: settings, pauses and terminations.
    Frame,
    /// A user by its id.
    User(String),
    /// A key by its id, with its user.
    Key(String),
    /// The permission of a model.
    Permission(String),
}

/// The whole policy, as the connection sees it.
pub async fn whole(connection: &mut Connection, vault: &Vault) -> Result<wire::Snapshot, StoreError> {
    let (mut snapshot, share) = frame(connection).await?;
    for row in sqlx::query("SELECT * FROM users ORDER BY id").fetch_all(&mut *connection).await? {
        snapshot.users.push(user(users::read(&row)?, vault)?);
    }
    let usable = "SELECT * FROM keys WHERE active = 1 AND revoked_at IS NULL ORDER BY prefix";
    for row in sqlx::query(usable).fetch_all(&mut *connection).await? {
        snapshot.keys.push(key(keys::read(&row)?, share)?);
    }
    for row in sqlx::query("SELECT * FROM permissions ORDER BY model").fetch_all(connection).await? {
        snapshot.permissions.push(permissions::read(&row)?.0);
    }
    Ok(snapshot)
}

/// A policy of the settings and one part. Records that are gone are left out, and so is what they refer to.
pub async fn part(connection: &mut Connection, vault: &Vault, part: &Part) -> Result<wire::Snapshot, StoreError> {
    let (mut snapshot, share) = frame(connection).await?;
    let user_id = match part {
        Part::Frame => None,
        Part::User(id) => Some(id.clone()),
        Part::Key(id) => {
            let found = keys::find(connection, id).await?;
            let user_id = found.as_ref().map(|key| key.user_id.clone());
            let usable = found.filter(|key| key.terms.active && key.revoked_at.is_none());
            snapshot.keys.extend(usable.map(|found| key(found, share)).transpose()?);
            user_id
        }
        Part::Permission(model) => {
            let found = permissions::find(connection, model).await?;
            snapshot.permissions.extend(found.map(|(permission, _)| permission));
            None
        }
    };
    if let Some(id) = user_id
        && let Some(found) = users::find(connection, &id).await?
    {
        snapshot.users.push(user(found, vault)?);
    }
    Ok(snapshot)
}

/// A policy of all that a call with this key on this model is decided from.
pub async fn of_call(
    connection: &mut Connection,
    vault: &Vault,
    key_id: &str,
    model: &str,
) -> Result<wire::Snapshot, StoreError> {
    let mut snapshot = part(connection, vault, &Part::Key(key_id.to_owned())).await?;
    snapshot.permissions.extend(permissions::find(connection, model).await?.map(|(permission, _)| permission));
    Ok(snapshot)
}

/// The part of a rate limit that one gate may use up.
#[derive(Clone, Copy)]
struct Share {
    gates: u32,
}

impl Share {
    /// At least 1: a limit never becomes none, nor nothing.
    fn of(self, limit: u32) -> u32 {
        (limit / self.gates.max(1)).max(1)
    }
}

async fn frame(connection: &mut Connection) -> Result<(wire::Snapshot, Share), StoreError> {
    let meta = Meta::load(connection).await?;
    let (settings, _) = settings::load(connection).await?;
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
        pauses: pauses::wire(connection).await?,
        terminations: terminations::list(connection).await?,
    };
    Ok((snapshot, share))
}

fn user(user: users::User, vault: &Vault) -> Result<wire::User, StoreError> {
    let secret = vault.open(&user.upstream.sealed, &users::Upstream::owner(&user.id))?;
    Ok(wire::User {
        id: user.id,
        groups: user.groups.into_iter().chain(user.odoo_groups).collect(),
        upstream: wire::Upstream {
            database: user.upstream.database,
            login: user.upstream.login,
            uid: user.upstream.uid,
            secret,
        },
        upstream_rejected: user.upstream.rejected,
    })
}

fn key(key: keys::Key, share: Share) -> Result<wire::KeyEntry, StoreError> {
    let record = wire::Key {
        id: key.id,
        hash: key.hash,
        version: key.version,
        line: key.line,
        slot: key.slot.ok_or_else(|| StoreError::Column("slot".to_owned()))?,
        user_id: key.user_id,
        scopes: key.terms.scopes,
        models: key.terms.models,
        ip_allow_list: key.terms.ip_allow_list,
        rate_limit_per_minute: key.terms.rate_limit_per_minute.map(|limit| share.of(limit)),
        session_limit: key.terms.session_limit,
        expires_at: key.terms.expires_at.map(|moment| moment.0),
    };
    Ok(wire::KeyEntry { prefix: key.prefix, record })
}
