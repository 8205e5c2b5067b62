//! Identities of gates, and when each was last heard.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::store::audit::sequences;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::GATES;
use crate::store::{ChangeTx, Connection, StoreError, WriteTx};

/// A gate. Its token is not kept, only the hash, and that is not shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Gate {
    /// Its id.
    pub id: String,
    /// A unique name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Moment,
    /// When its token was revoked; a rotation ends that.
    pub revoked_at: Option<Moment>,
    /// What it last told, if it was ever heard.
    #[serde(flatten)]
    pub seen: Seen,
    /// The revision that last changed the identity.
    #[serde(skip)]
    pub changed: Revision,
}

/// What a gate told with its last poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seen {
    /// When.
    pub last_seen_at: Option<Moment>,
    /// The wire format it speaks.
    pub wire_version: Option<u32>,
    /// The epoch of the policy that it runs.
    pub epoch: Option<String>,
    /// The revision of the policy that it runs: its acknowledgement.
    pub revision: Option<u64>,
    /// Whether it could not use the newest policy and runs this older one: its filter may be of an older version.
    pub policy_refused: bool,
}

impl Seen {
    /// Whether it runs a revision or a later one: a gate names the policy that it runs when it asks for the next.
    pub fn runs(&self, epoch: &str, revision: u64) -> bool {
        self.epoch.as_deref() == Some(epoch) && self.revision.is_some_and(|run| run >= revision)
    }
}

fn read(row: &AnyRow) -> Result<Gate, StoreError> {
    Ok(Gate {
        id: row.text("id")?,
        name: row.text("name")?,
        created_at: row.moment("created_at")?,
        revoked_at: row.optional_moment("revoked_at")?,
        seen: Seen {
            last_seen_at: row.optional_moment("last_seen_at")?,
            wire_version: row.optional_number("wire_version")?,
            epoch: row.optional_text("epoch")?,
            revision: row.optional_number("revision")?,
            policy_refused: row.flag("policy_refused")?,
        },
        changed: Revision(row.number("changed")?),
    })
}

/// A gate by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Gate>, StoreError> {
    let row = sqlx::query("SELECT * FROM gates WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The id of the gate whose token has this hash, or whose token before the last rotation has it and is good still.
pub async fn find_by_hash(connection: &mut Connection, hash: &str, now: Moment) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM gates WHERE revoked_at IS NULL \
         AND (hash = $1 OR (previous_hash = $1 AND previous_until > $2))",
    )
    .bind(hash)
    .bind(saturating_i64(now.0))
    .fetch_optional(&mut *connection)
    .await?;
    row.map(|row| connection.genuine(&GATES, row)?.text("id")).transpose()
}

/// Gates after an id, in the order in which they were made.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Gate>, StoreError> {
    let rows = sqlx::query("SELECT * FROM gates WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes a gate.
pub async fn insert(tx: &mut ChangeTx, gate: &Gate, hash: &str) -> Result<(), StoreError> {
    let columns = vec![
        ("id", gate.id.as_str().into()),
        ("name", gate.name.as_str().into()),
        ("hash", hash.into()),
        ("created_at", gate.created_at.into()),
        ("changed", gate.changed.into()),
    ];
    rows::insert(tx, &GATES, columns).await
}

/// Renames a gate.
pub async fn update(tx: &mut ChangeTx, gate: &Gate) -> Result<(), StoreError> {
    let changes = vec![("name", gate.name.as_str().into()), ("changed", gate.changed.into())];
    rows::update(tx, &GATES, "id = $1", vec![gate.id.as_str().into()], changes).await?;
    Ok(())
}

/// Gives a gate another token; the one before is good until then.
pub async fn rotate(tx: &mut ChangeTx, id: &str, hash: &str, previous_until: Moment) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT * FROM gates WHERE id = $1").bind(id).fetch_one(tx.connection()).await?;
    let row = tx.genuine(&GATES, row)?;
    let changes = vec![
        ("previous_hash", row.text("hash")?.into()),
        ("previous_until", previous_until.into()),
        ("hash", hash.into()),
        ("revoked_at", None::<Moment>.into()),
        ("changed", tx.revision().into()),
    ];
    rows::update(tx, &GATES, "id = $1", vec![id.into()], changes).await?;
    Ok(())
}

/// Refuses a gate's tokens from now on.
pub async fn revoke(tx: &mut ChangeTx, id: &str, now: Moment) -> Result<(), StoreError> {
    let changes = vec![
        ("previous_hash", None::<&str>.into()),
        ("previous_until", None::<Moment>.into()),
        ("revoked_at", now.into()),
        ("changed", tx.revision().into()),
    ];
    rows::update(tx, &GATES, "id = $1", vec![id.into()], changes).await?;
    Ok(())
}

/// Removes a gate: its token is refused from now on.
pub async fn delete(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    rows::delete(tx, &GATES, "id = $1", vec![id.into()]).await?;
    sequences::delete(tx, id).await
}

/// Keeps what a gate told, unless it told another replica something later. Not a change of policy: no new revision.
pub async fn write_seen(tx: &mut WriteTx, id: &str, seen: &Seen) -> Result<(), StoreError> {
    let update = "UPDATE gates SET last_seen_at = $2, wire_version = $3, epoch = $4, revision = $5, \
                  policy_refused = $6 WHERE id = $1 AND (last_seen_at IS NULL OR last_seen_at <= $2)";
    sqlx::query(update)
        .bind(id)
        .bind(seen.last_seen_at.map(|moment| saturating_i64(moment.0)))
        .bind(seen.wire_version.map(i64::from))
        .bind(seen.epoch.as_deref())
        .bind(seen.revision.map(saturating_i64))
        .bind(i64::from(seen.policy_refused))
        .execute(tx.connection())
        .await?;
    Ok(())
}
