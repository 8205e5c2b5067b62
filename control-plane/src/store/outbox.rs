//! Messages on their way.

use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::message::{Channel, Kind, Message, State};
use crate::domain::time::Moment;
use crate::secrets::stored::Sealed;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::{Columns as _, enum_name, places, saturating_i64};
use crate::store::proof::tables::OUTBOX;
use crate::store::{ChangeTx, Connection, StoreError, WriteTx};

/// Rows that one statement inserts: it must stay below the number of parameters that both databases take.
const INSERTED_AT_ONCE: usize = 500;
const INSERTED_COLUMNS: usize = 11;

/// A new message to one recipient. Exactly one of `body` and `sealed` is there.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it tells of.
    pub event: String,
    /// Its kind.
    pub kind: Kind,
    /// How it goes.
    pub channel: Channel,
    /// Where to.
    pub recipient: String,
    /// The message as JSON.
    pub body: Option<String>,
    /// The same sealed for [`owner`], if it carries a secret.
    pub sealed: Option<Sealed>,
    /// So often it is tried.
    pub last_attempt: u32,
}

/// A message as administrators see it: without what it says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: Kind,
    /// What it tells of.
    pub event: String,
    /// How it goes.
    pub channel: Channel,
    /// A mail address, or the id of a webhook.
    pub recipient: String,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, if it is waiting. In the past while there is no mail server.
    pub next_attempt_at: Option<Moment>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Moment,
    /// When the receiver took it.
    pub sent_at: Option<Moment>,
    /// Whether it still holds what it says: a secret is wiped once it was sent.
    #[serde(skip)]
    pub is_whole: bool,
    /// A sender has it until then.
    #[serde(skip)]
    pub leased_until: Option<Moment>,
}

/// A message that a sender has for a while.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The message.
    pub id: String,
    /// Its kind.
    pub kind: Kind,
    /// How it goes.
    pub channel: Channel,
    /// The number of this try: nobody else has it.
    pub attempt: u32,
    /// The number of the last one.
    pub last_attempt: u32,
    /// How long the sender has it.
    pub until: Moment,
}

/// What a sender delivers.
#[derive(Debug)]
pub struct Content {
    /// What is said.
    pub message: Message,
    /// A mail address, or the id of a webhook.
    pub recipient: String,
    /// When it was written.
    pub created_at: Moment,
}

/// What becomes of a message after a try.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// What.
    pub state: State,
    /// When it is tried again, or now.
    pub due_at: Moment,
    /// Why it was not delivered.
    pub error: Option<String>,
}

/// Which messages are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this kind.
    pub kind: Option<Kind>,
}

/// How many messages wait, and how many have failed.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Counts {
    /// To be sent.
    pub waiting: u64,
    /// Not sent, and not tried any more.
    pub failed: u64,
}

/// To whom a message that carries a secret is sealed.
pub fn owner(id: &str) -> String {
    format!("outbox/{id}/sealed")
}

fn read(row: &AnyRow) -> Result<Entry, StoreError> {
    let state = row.parse_enum("state")?;
    let due_at = row.moment("due_at")?;
    Ok(Entry {
        id: row.text("id")?,
        kind: row.parse_enum("kind")?,
        event: row.text("event")?,
        channel: row.parse_enum("channel")?,
        recipient: row.text("recipient")?,
        state,
        attempts: row.number("attempts")?,
        next_attempt_at: (state == State::Waiting).then_some(due_at),
        last_error: row.optional_text("error")?,
        created_at: row.moment("created_at")?,
        sent_at: row.optional_moment("sent_at")?,
        is_whole: row.optional_text("body")?.is_some() || row.optional_text("sealed")?.is_some(),
        leased_until: row.optional_moment("leased_until")?,
    })
}

fn read_claim(row: &AnyRow) -> Result<Claim, StoreError> {
    Ok(Claim {
        id: row.text("id")?,
        kind: row.parse_enum("kind")?,
        channel: row.parse_enum("channel")?,
        attempt: row.number("attempts")?,
        last_attempt: row.number("last_attempt")?,
        until: row.moment("leased_until")?,
    })
}

/// Adds messages, but for those whose event their recipient has been told of. Says how many were added.
pub async fn insert(tx: &mut WriteTx, rows: &[Row]) -> Result<u64, StoreError> {
    let mut added = 0;
    for rows in rows.chunks(INSERTED_AT_ONCE) {
        let tuple = |row: usize| format!("({}, 'waiting', 0)", places(row * INSERTED_COLUMNS + 1, INSERTED_COLUMNS));
        let tuples: Vec<_> = (0..rows.len()).map(tuple).collect();
        let sql = format!(
            "INSERT INTO outbox (id, event, kind, channel, recipient, body, sealed, last_attempt, due_at, created_at, \
             proof, state, attempts) VALUES {} ON CONFLICT (event, channel, recipient) DO NOTHING",
            tuples.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in rows {
            let proven = [
                ("id", row.id.as_str().into()),
                ("event", row.event.as_str().into()),
                ("kind", enum_name(&row.kind)?.into()),
                ("channel", enum_name(&row.channel)?.into()),
                ("recipient", row.recipient.as_str().into()),
                ("body", row.body.as_deref().into()),
                ("created_at", tx.now().into()),
            ];
            query = query
                .bind(row.id.as_str())
                .bind(row.event.as_str())
                .bind(enum_name(&row.kind)?)
                .bind(enum_name(&row.channel)?)
                .bind(row.recipient.as_str())
                .bind(row.body.as_deref())
                .bind(row.sealed.as_ref().map(Sealed::text))
                .bind(i64::from(row.last_attempt))
                .bind(saturating_i64(tx.now().0))
                .bind(saturating_i64(tx.now().0))
                .bind(tx.proof(&OUTBOX, &proven)?);
        }
        added += query.execute(tx.connection()).await?.rows_affected();
    }
    Ok(added)
}

/// A message by its id.
pub async fn find(connection: &mut Connection, id: &str) -> Result<Option<Entry>, StoreError> {
    let row = sqlx::query("SELECT * FROM outbox WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Messages before an id, the newest first.
pub async fn list(
    connection: &mut Connection,
    filter: Filter,
    before: Option<String>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let mut conditions = Conditions::default();
    if let Some(state) = filter.state {
        conditions.compare("state =", Bound::Text(enum_name(&state)?));
    }
    if let Some(kind) = filter.kind {
        conditions.compare("kind =", Bound::Text(enum_name(&kind)?));
    }
    if let Some(before) = before {
        conditions.compare("id <", Bound::Text(before));
    }
    conditions.rows(connection, "outbox", "id DESC", limit).await?.iter().map(read).collect()
}

/// How many messages are not sent.
pub async fn counts(connection: &mut Connection) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting') AS waiting, \
         (SELECT COUNT(*) FROM outbox WHERE state = 'failed') AS failed",
    )
    .fetch_one(connection)
    .await?;
    Ok(Counts { waiting: row.number("waiting")?, failed: row.number("failed")? })
}

/// Whether a message is due that nobody has.
pub async fn is_due(connection: &mut Connection, channel: Channel, now: Moment) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT id FROM outbox WHERE state = 'waiting' AND channel = $1 AND due_at <= $2 \
         AND (leased_until IS NULL OR leased_until <= $2) LIMIT 1",
    )
    .bind(enum_name(&channel)?)
    .bind(saturating_i64(now.0))
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Claims messages that are due and that nobody has, those first that are due longest.
pub async fn claim_due(
    tx: &mut WriteTx,
    channel: Channel,
    until: Moment,
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    let rows = sqlx::query(
        "UPDATE outbox SET attempts = attempts + 1, leased_until = $3 WHERE id IN (SELECT id FROM outbox \
         WHERE state = 'waiting' AND channel = $1 AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $2) \
         ORDER BY due_at LIMIT $4) \
         RETURNING id, kind, channel, attempts, last_attempt, leased_until",
    )
    .bind(enum_name(&channel)?)
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(until.0))
    .bind(saturating_i64(limit as u64))
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(read_claim).collect()
}

/// Claims one message that nobody else knows of yet.
pub async fn claim_one(tx: &mut WriteTx, id: &str, until: Moment) -> Result<Claim, StoreError> {
    let row = sqlx::query(
        "UPDATE outbox SET attempts = attempts + 1, leased_until = $2 WHERE id = $1 \
         RETURNING id, kind, channel, attempts, last_attempt, leased_until",
    )
    .bind(id)
    .bind(saturating_i64(until.0))
    .fetch_one(tx.connection())
    .await?;
    read_claim(&row)
}

/// What a claimed message says, if it is to be sent still and the lease lasts until a moment.
pub async fn content(
    connection: &mut Connection,
    claim: &Claim,
    lasting: Moment,
) -> Result<Option<Content>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM outbox \
         WHERE id = $1 AND attempts = $2 AND state = 'waiting' AND leased_until > $3",
    )
    .bind(claim.id.as_str())
    .bind(i64::from(claim.attempt))
    .bind(saturating_i64(lasting.0))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let row = connection.genuine(&OUTBOX, row)?;
    let body = match row.optional_sealed("sealed")? {
        Some(sealed) => connection.vault()?.open(&sealed, &owner(&claim.id))?,
        None => Secret::new(row.text("body")?),
    };
    let message = serde_json::from_str(body.expose()).map_err(|_| StoreError::Column("body".to_owned()))?;
    Ok(Some(Content { message, recipient: row.text("recipient")?, created_at: row.moment("created_at")? }))
}

/// Notes what became of a claimed message, and says it; none if somebody else has claimed it since. A secret that was sent
/// is wiped; one that was cancelled meanwhile stays cancelled unless it was sent.
pub async fn settle(tx: &mut WriteTx, claim: &Claim, settlement: &Settlement) -> Result<Option<State>, StoreError> {
    let is_sent = settlement.state == State::Sent;
    let row = sqlx::query(
        "UPDATE outbox SET leased_until = NULL, error = $3, due_at = $4, \
         state = CASE WHEN state = 'cancelled' AND $6 = 0 THEN state ELSE $5 END, \
         sealed = CASE WHEN $6 = 1 THEN NULL ELSE sealed END, \
         sent_at = CASE WHEN $6 = 1 THEN $4 ELSE sent_at END WHERE id = $1 AND attempts = $2 RETURNING state",
    )
    .bind(claim.id.as_str())
    .bind(i64::from(claim.attempt))
    .bind(settlement.error.as_deref())
    .bind(saturating_i64(settlement.due_at.0))
    .bind(enum_name(&settlement.state)?)
    .bind(i64::from(is_sent))
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| row.parse_enum("state")).transpose()
}

/// Has a message sent at once, and so often again as it takes.
pub async fn resend(tx: &mut ChangeTx, id: &str, tries: u32) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET state = 'waiting', due_at = $2, last_attempt = attempts + $3, leased_until = NULL \
         WHERE id = $1",
    )
    .bind(id)
    .bind(saturating_i64(tx.now().0))
    .bind(i64::from(tries))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes the secret out of the messages of an event: those that were not sent never will be.
pub async fn kill_secret(tx: &mut ChangeTx, event: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET state = 'cancelled', sealed = NULL WHERE event = $1 AND sealed IS NOT NULL")
        .bind(event)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Takes all secrets out of the outbox: messages that carry one and were not sent never will be. Says how many.
pub async fn kill_secrets(tx: &mut ChangeTx) -> Result<u64, StoreError> {
    let done = sqlx::query("UPDATE outbox SET state = 'cancelled', sealed = NULL WHERE sealed IS NOT NULL")
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected())
}

/// Deletes messages that were settled before a moment, so many at most. Says how many.
pub async fn delete_settled(tx: &mut WriteTx, before: Moment, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state IN ('sent', 'failed', 'cancelled') \
         AND channel IN ('mail', 'webhook') AND due_at < $1 LIMIT $2)",
    )
    .bind(saturating_i64(before.0))
    .bind(limit)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}
