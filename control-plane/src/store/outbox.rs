//! Messages on their way.

use sqlx::AssertSqlSafe;

use super::row::{big, word};
use super::{ChangeTx, Connection, StoreError};
use crate::outbox::{Channel, Kind};
use crate::time::Moment;

/// Rows that one statement inserts: it must stay below the number of parameters that both databases take.
const INSERTED_AT_ONCE: usize = 500;
const INSERTED_COLUMNS: usize = 9;

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
    pub sealed: Option<String>,
}

/// To whom a message that carries a secret is sealed.
pub fn owner(id: &str) -> String {
    format!("outbox/{id}/sealed")
}

/// Adds messages, but for those whose event their recipient has been told of. Says how many were added.
pub async fn insert(connection: &mut Connection, rows: &[Row], now: Moment) -> Result<u64, StoreError> {
    let mut added = 0;
    for rows in rows.chunks(INSERTED_AT_ONCE) {
        let tuple = |row: usize| {
            let places = (1..=INSERTED_COLUMNS).map(|column| format!("${}", row * INSERTED_COLUMNS + column));
            format!("({}, 'waiting', 0)", places.collect::<Vec<_>>().join(", "))
        };
        let tuples: Vec<_> = (0..rows.len()).map(tuple).collect();
        let sql = format!(
            "INSERT INTO outbox (id, event, kind, channel, recipient, body, sealed, due_at, created_at, state, attempts) \
             VALUES {} ON CONFLICT (event, channel, recipient) DO NOTHING",
            tuples.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in rows {
            query = query
                .bind(row.id.as_str())
                .bind(row.event.as_str())
                .bind(word(&row.kind)?)
                .bind(word(&row.channel)?)
                .bind(row.recipient.as_str())
                .bind(row.body.as_deref())
                .bind(row.sealed.as_deref())
                .bind(big(now.0))
                .bind(big(now.0));
        }
        added += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(added)
}

/// Takes all secrets out of the outbox: messages that carry one and were not sent never will be. Says how many.
pub async fn kill_secrets(tx: &mut ChangeTx) -> Result<u64, StoreError> {
    let done = sqlx::query("UPDATE outbox SET state = 'cancelled', sealed = NULL WHERE sealed IS NOT NULL")
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
