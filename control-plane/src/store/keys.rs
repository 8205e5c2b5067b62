//! Keys.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::key::Terms;
use crate::domain::revision::Revision;
use crate::domain::settings::MAX_SESSION_LIMIT;
use crate::domain::time::Moment;
use crate::secrets::stored::Hash;
use crate::store::engine::row::{Columns as _, json, saturating_i64, values};
use crate::store::proof::rows;
use crate::store::proof::tables::KEYS;
use crate::store::{ChangeTx, Connection, StoreError, WriteTx};

/// A key's record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// The 8 characters after `lct_`.
    pub prefix: String,
    /// The user it acts for.
    pub user_id: String,
    /// What an administrator may change.
    #[serde(flatten)]
    pub terms: Terms,
    /// When it was made.
    pub created_at: Moment,
    /// When it was revoked, for ever.
    pub revoked_at: Option<Moment>,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// From which address.
    pub last_used_from: Option<String>,
    /// How often.
    pub use_count: u64,
    /// The hash in passlib's form.
    #[serde(skip)]
    pub hash: Hash,
    /// Grows with every new secret.
    #[serde(skip)]
    pub version: u64,
    /// The line of keys that counters belong to: the id of its first key.
    #[serde(skip)]
    pub line: String,
    /// The key that it replaces.
    pub rotated_from: Option<String>,
    /// The key that replaces it.
    pub rotated_to: Option<String>,
    /// The number under which gates keep the line's counters; a key that may be used has one.
    #[serde(skip)]
    pub slot: Option<u32>,
    /// The revision that last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

/// A place in the list of keys by their end: end and id of the key before it.
pub type Place = (u64, String);

impl Key {
    /// From when it was made until it ends, if it does.
    pub fn lifetime(&self) -> Option<Duration> {
        self.terms.expires_at.map(|end| Duration::from_micros(end.0.saturating_sub(self.created_at.0)))
    }

    /// Whether it ends later than another state of it.
    pub fn ends_later_than(&self, other: &Self) -> bool {
        other.terms.expires_at.is_some_and(|end| self.terms.expires_at.is_none_or(|own| own > end))
    }

    /// Its place in the list of [`expiring`] keys.
    pub fn place(&self) -> Option<Place> {
        self.terms.expires_at.map(|end| (end.0, self.id.clone()))
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<Key, StoreError> {
    Ok(Key {
        id: row.text("id")?,
        prefix: row.text("prefix")?,
        user_id: row.text("user_id")?,
        terms: Terms {
            name: row.text("name")?,
            profiles: row.json_or_default("profiles")?,
            scopes: row.json("scopes")?,
            models: row.json("models")?,
            ip_allow_list: row.json("ip_allow_list")?,
            rate_limit_per_minute: row.optional_number("rate_limit_per_minute")?,
            // More was allowed once than gates can count.
            session_limit: row.optional_number("session_limit")?.map(|limit: u32| limit.min(MAX_SESSION_LIMIT)),
            expires_at: row.optional_moment("expires_at")?,
            active: row.flag("active")?,
        },
        created_at: row.moment("created_at")?,
        revoked_at: row.optional_moment("revoked_at")?,
        last_used_at: row.optional_moment("last_used_at")?,
        last_used_from: row.optional_text("last_used_from")?,
        use_count: row.number("use_count")?,
        hash: Hash::new(row.text("hash")?),
        version: row.number("version")?,
        line: row.text("line")?,
        rotated_from: row.optional_text("rotated_from")?,
        rotated_to: row.optional_text("rotated_to")?,
        slot: row.optional_number("slot")?,
        changed: Revision(row.number("changed")?),
    })
}

/// A key by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Key>, StoreError> {
    let row = sqlx::query("SELECT * FROM keys WHERE id = $1").bind(id).fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&KEYS, row)?)).transpose()
}

/// A key by its id, to be looked at, revoked or removed: it need not prove itself.
pub async fn look(connection: &mut Connection, id: &str) -> Result<Option<Key>, StoreError> {
    let row = sqlx::query("SELECT * FROM keys WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The slot of a line of keys; a free one, if it has none.
pub async fn slot_of(tx: &mut ChangeTx, line: &str) -> Result<u32, StoreError> {
    let row = sqlx::query("SELECT slot FROM keys WHERE line = $1 AND slot IS NOT NULL AND revoked_at IS NULL LIMIT 1")
        .bind(line)
        .fetch_optional(tx.connection())
        .await?;
    match row {
        Some(row) => row.number("slot"),
        None => free_slot(tx).await,
    }
}

/// The smallest number that no line in use has. A revoked key is never used again and keeps none.
///
/// One pass over the numbers in their order, which is how it is done whatever the number of keys: PostgreSQL keeps the
/// plan that it made when there were few, and one that looks for each number whether the next is taken needs seconds
/// when there are 10,000.
pub async fn free_slot(tx: &mut ChangeTx) -> Result<u32, StoreError> {
    let row = sqlx::query(
        "SELECT MIN(candidate) AS slot FROM \
         (SELECT slot + 1 AS candidate, LEAD(slot) OVER (ORDER BY slot) AS next FROM (SELECT -1 AS slot \
         UNION ALL SELECT slot FROM keys WHERE slot IS NOT NULL AND revoked_at IS NULL) AS used) AS candidates \
         WHERE next IS NULL OR next > candidate",
    )
    .fetch_one(tx.connection())
    .await?;
    row.number("slot")
}

/// The key with a prefix.
pub async fn find_by_prefix(connection: &mut Connection, prefix: &str) -> Result<Option<Key>, StoreError> {
    let row = sqlx::query("SELECT * FROM keys WHERE prefix = $1").bind(prefix).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The keys with a name that are not revoked, in the order in which they were made.
pub async fn called(connection: &mut Connection, name: &str) -> Result<Vec<Key>, StoreError> {
    let query = sqlx::query("SELECT * FROM keys WHERE name = $1 AND revoked_at IS NULL ORDER BY id").bind(name);
    let rows = query.fetch_all(&mut *connection).await?;
    connection.only_genuine(&KEYS, rows)?.iter().map(read).collect()
}

/// Makes a key.
pub async fn insert(tx: &mut ChangeTx, key: &Key) -> Result<(), StoreError> {
    let mut columns = vec![
        ("id", key.id.as_str().into()),
        ("user_id", key.user_id.as_str().into()),
        ("line", key.line.as_str().into()),
        ("created_at", key.created_at.into()),
        ("use_count", 0.into()),
        ("rotated_from", key.rotated_from.as_deref().into()),
    ];
    columns.extend(changing(key)?);
    rows::insert(tx, &KEYS, columns).await
}

/// Changes a key's restrictions, its secret (prefix, hash, version), its slot, what replaces it and whether it is
/// revoked: never its use, which gates report meanwhile.
pub async fn update(tx: &mut ChangeTx, key: &Key) -> Result<(), StoreError> {
    rows::update(tx, &KEYS, "id = $1", vec![key.id.as_str().into()], changing(key)?).await?;
    Ok(())
}

/// What of a key may change.
fn changing(key: &Key) -> Result<Vec<rows::Column>, StoreError> {
    Ok(vec![
        ("name", key.terms.name.as_str().into()),
        ("profiles", json(&key.terms.profiles)?.into()),
        ("scopes", json(&key.terms.scopes)?.into()),
        ("models", json(&key.terms.models)?.into()),
        ("ip_allow_list", json(&key.terms.ip_allow_list)?.into()),
        ("rate_limit_per_minute", key.terms.rate_limit_per_minute.map(i64::from).into()),
        ("session_limit", key.terms.session_limit.map(i64::from).into()),
        ("expires_at", key.terms.expires_at.into()),
        ("active", key.terms.active.into()),
        ("prefix", key.prefix.as_str().into()),
        ("hash", key.hash.text().into()),
        ("version", saturating_i64(key.version).into()),
        ("revoked_at", key.revoked_at.into()),
        ("slot", key.slot.map(i64::from).into()),
        ("rotated_to", key.rotated_to.as_deref().into()),
        ("changed", key.changed.into()),
    ])
}

/// A user who has active keys.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The user.
    pub user_id: String,
    /// Its name.
    pub name: String,
    /// Where mail about its keys goes.
    pub email: Option<String>,
    /// How many active keys it has.
    pub keys: u64,
}

/// The users who have active keys.
pub async fn holders(connection: &mut Connection) -> Result<Vec<Holder>, StoreError> {
    let rows = sqlx::query(
        "SELECT users.id AS user_id, users.name AS name, users.email AS email, held.active_keys AS active_keys \
         FROM (SELECT user_id, COUNT(*) AS active_keys FROM keys WHERE active = 1 AND revoked_at IS NULL \
         GROUP BY user_id) AS held JOIN users ON users.id = held.user_id ORDER BY users.id",
    )
    .fetch_all(connection)
    .await?;
    let read = |row: &AnyRow| {
        Ok(Holder {
            user_id: row.text("user_id")?,
            name: row.text("name")?,
            email: row.optional_text("email")?,
            keys: row.number("active_keys")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Revokes every active key, for ever, whether it proves itself or not. Answers their ids, in their order.
pub async fn revoke_all(tx: &mut ChangeTx) -> Result<Vec<String>, StoreError> {
    let changes = vec![("active", false.into()), ("revoked_at", tx.now().into()), ("changed", tx.revision().into())];
    let rows = rows::update(tx, &KEYS, "active = 1 AND revoked_at IS NULL", vec![], changes).await?;
    let mut ids: Vec<_> = rows.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
    ids.sort();
    Ok(ids)
}

/// Usable keys without a successor that end after now and until a moment, in at most half their life: the first to end
/// first, from after a place.
pub async fn expiring(
    connection: &mut Connection,
    now: Moment,
    until: Moment,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<Key>, StoreError> {
    let (end, id) = after.unwrap_or((now.0, String::new()));
    let rows = sqlx::query(
        "SELECT * FROM keys WHERE active = 1 AND expires_at > $1 AND expires_at <= $2 AND (expires_at, id) > ($3, $4) \
         AND rotated_to IS NULL AND revoked_at IS NULL AND (expires_at - $1) * 2 <= expires_at - created_at \
         ORDER BY expires_at, id LIMIT $5",
    )
    .bind(saturating_i64(now.0))
    .bind(saturating_i64(until.0))
    .bind(saturating_i64(end))
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    connection.only_genuine(&KEYS, rows)?.iter().map(read).collect()
}

/// Whether a key has expired and is still active.
pub async fn any_expired(connection: &mut Connection, now: Moment) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT id FROM keys WHERE active = 1 AND expires_at <= $1 LIMIT 1")
        .bind(saturating_i64(now.0))
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Makes expired keys inactive, those that expired first before others. Answers their ids.
pub async fn deactivate_expired(tx: &mut ChangeTx, limit: u32) -> Result<Vec<String>, StoreError> {
    let condition =
        "id IN (SELECT id FROM keys WHERE active = 1 AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2)";
    let changes = vec![("active", false.into()), ("changed", tx.revision().into())];
    let bounds = vec![tx.now().into(), i64::from(limit).into()];
    let rows = rows::update(tx, &KEYS, condition, bounds, changes).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// The keys that still hold a slot although no key of their line is active, so that the slot can be freed.
const IDLE: &str = "SELECT id FROM keys WHERE slot IS NOT NULL AND active = 0 \
                    AND NOT EXISTS (SELECT 1 FROM keys AS other WHERE other.line = keys.line AND other.active = 1)";

/// Whether a line of keys that may not be used has a slot.
pub async fn any_idle_slot(connection: &mut Connection) -> Result<bool, StoreError> {
    Ok(sqlx::query(AssertSqlSafe(format!("{IDLE} LIMIT 1"))).fetch_optional(connection).await?.is_some())
}

/// Frees the slots of lines of keys that may not be used. Answers the ids of the keys that had them.
pub async fn free_idle_slots(tx: &mut ChangeTx, limit: u32) -> Result<Vec<String>, StoreError> {
    let condition = format!("id IN ({IDLE} LIMIT $1)");
    let changes = vec![("slot", None::<i64>.into())];
    let rows = rows::update(tx, &KEYS, &condition, vec![i64::from(limit).into()], changes).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// Removes a key and frees its slot.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &KEYS, "id = $1", vec![id.into()]).await?;
    Ok(())
}

/// How a key was used, in calls that gates reported together.
#[derive(Clone, Debug)]
pub struct Use {
    /// How often.
    pub count: u64,
    /// When last.
    pub at: Moment,
    /// From where, that last time.
    pub from: String,
}

/// Adds calls to the use of keys, all in one statement. Not a change of policy: no new revision.
pub async fn add_uses(tx: &mut WriteTx, uses: &BTreeMap<&str, Use>) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH used (key_id, calls, last_at, last_from) AS ({}) UPDATE keys SET use_count = use_count + calls, \
         last_used_from = CASE WHEN last_used_at > last_at OR last_from = '' THEN last_used_from ELSE last_from END, \
         last_used_at = CASE WHEN last_used_at > last_at THEN last_used_at ELSE last_at END FROM used WHERE id = key_id",
        values(uses.len(), 4)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (id, used) in uses {
        query =
            query.bind(*id).bind(saturating_i64(used.count)).bind(saturating_i64(used.at.0)).bind(used.from.as_str());
    }
    query.execute(tx.connection()).await?;
    Ok(())
}
