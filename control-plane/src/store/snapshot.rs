//! Reads the policy, whole or in part, in the form that gates get.

use lictor_policy::wire;

use super::{Connection, Meta, StoreError, keys, permissions, settings, users};
use crate::vault::Vault;

/// A part of the policy that a change may have touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Only the settings, which every snapshot holds.
    Settings,
    /// A user by its id.
    User(String),
    /// A key by its id, with its user.
    Key(String),
    /// The permission of a model.
    Permission(String),
}

/// The whole policy, as the connection sees it.
pub async fn whole(connection: &mut Connection, vault: &Vault) -> Result<wire::Snapshot, StoreError> {
    let mut snapshot = frame(connection).await?;
    for row in sqlx::query("SELECT * FROM users ORDER BY id").fetch_all(&mut *connection).await? {
        snapshot.users.push(user(users::read(&row)?, vault)?);
    }
    let usable = "SELECT * FROM keys WHERE active = 1 AND revoked_at IS NULL ORDER BY id";
    for row in sqlx::query(usable).fetch_all(&mut *connection).await? {
        snapshot.keys.push(key(keys::read(&row)?));
    }
    for row in sqlx::query("SELECT * FROM permissions ORDER BY model").fetch_all(connection).await? {
        snapshot.permissions.push(permissions::read(&row)?.0);
    }
    Ok(snapshot)
}

/// A policy of the settings and one part. Records that are gone are left out, and so is what they refer to.
pub async fn part(connection: &mut Connection, vault: &Vault, part: &Part) -> Result<wire::Snapshot, StoreError> {
    let mut snapshot = frame(connection).await?;
    let user_id = match part {
        Part::Settings => None,
        Part::User(id) => Some(id.clone()),
        Part::Key(id) => {
            let found = keys::find(connection, id).await?;
            let user_id = found.as_ref().map(|key| key.user_id.clone());
            snapshot.keys.extend(found.filter(|key| key.terms.active && key.revoked_at.is_none()).map(key));
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

async fn frame(connection: &mut Connection) -> Result<wire::Snapshot, StoreError> {
    let meta = Meta::load(connection).await?;
    let (settings, _) = settings::load(connection).await?;
    Ok(wire::Snapshot {
        pauses: Vec::new(),
        terminations: Vec::new(),
        version: wire::VERSION,
        epoch: meta.epoch,
        revision: meta.revision.0,
        settings: settings.into(),
        users: Vec::new(),
        keys: Vec::new(),
        permissions: Vec::new(),
    })
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

fn key(key: keys::Key) -> wire::Key {
    wire::Key {
        id: key.id,
        prefix: key.prefix,
        hash: key.hash,
        version: key.version,
        line: key.line,
        slot: key.slot,
        user_id: key.user_id,
        scopes: key.terms.scopes,
        models: key.terms.models,
        ip_allow_list: key.terms.ip_allow_list,
        rate_limit_per_minute: key.terms.rate_limit_per_minute,
        session_limit: key.terms.session_limit,
        expires_at: key.terms.expires_at.map(|moment| moment.0),
    }
}
