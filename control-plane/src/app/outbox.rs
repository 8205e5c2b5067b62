//! The outbox: what people and programs are to be told, written in the transaction of what it tells of, and sent by a
//! task until it has arrived.
//!
//! A message is delivered once, with one exception that no protocol lets us close: a service that dies after the
//! receiver took a message and before that was noted sends it again when the lease has ended. Both carry the same
//! `Message-ID`, or `X-Lictor-Event`.

use std::time::Duration;

use lictor_policy::secret::Secret;

use crate::domain::message::{Channel, Message};
use crate::domain::severity::Severity;
use crate::secrets::random;
use crate::store::outbox::{self, Claim, Row};
use crate::store::{Connection, StoreError, WriteTx, webhooks};

/// Whoever claims a message has it so long; after a crash it is sent by another then.
pub const LEASE: Duration = Duration::from_secs(60);
/// Tries in a row before a message has failed: spread over about 17 hours.
pub const TRIES: u32 = 16;

/// One message to one recipient.
#[derive(Clone, Debug)]
pub struct OutboxMessage {
    event: String,
    channel: Channel,
    recipient: String,
    message: Message,
}

impl OutboxMessage {
    /// A mail. The event is what it tells of, such as `alert/{id}`: an address is told the same event once,
    /// however often the message is put into the outbox.
    pub fn mail(event: impl Into<String>, to: impl Into<String>, message: Message) -> Self {
        Self { event: event.into(), channel: Channel::Mail, recipient: to.into(), message }
    }

    /// A request to a webhook.
    pub fn webhook(event: impl Into<String>, webhook_id: impl Into<String>, message: Message) -> Self {
        Self { event: event.into(), channel: Channel::Webhook, recipient: webhook_id.into(), message }
    }

    /// One to each webhook that wants messages of this severity. None if the message carries a secret: that is for its
    /// user only.
    pub async fn webhooks(
        connection: &mut Connection,
        event: &str,
        severity: Severity,
        message: &Message,
    ) -> Result<Vec<Self>, StoreError> {
        let all = if message.carries_secret() { Vec::new() } else { webhooks::all(connection).await? };
        let wanting = all.into_iter().filter(|webhook| webhook.from_severity <= severity);
        Ok(wanting.map(|webhook| Self::webhook(event, webhook.id, message.clone())).collect())
    }
}

/// Puts messages into the outbox, in the transaction of what they tell of: they are sent if it is committed. Says how
/// many recipients had not been told of their event before.
pub async fn enqueue(tx: &mut WriteTx, messages: impl IntoIterator<Item = OutboxMessage>) -> Result<u64, StoreError> {
    let rows = messages.into_iter().map(|message| row(tx, message, TRIES)).collect::<Result<Vec<_>, _>>()?;
    outbox::insert(tx, &rows).await
}

/// Puts a message into the outbox for one try, which the caller makes with [`deliver`]: the sender leaves it alone.
pub async fn enqueue_claimed(tx: &mut WriteTx, message: OutboxMessage) -> Result<Claim, StoreError> {
    let row = row(tx, message, 1)?;
    outbox::insert(tx, std::slice::from_ref(&row)).await?;
    let until = tx.now().plus(LEASE);
    outbox::claim_one(tx, &row.id, until).await
}

fn row(tx: &WriteTx, message: OutboxMessage, tries: u32) -> Result<Row, StoreError> {
    let OutboxMessage { event, channel, recipient, message } = message;
    let id = random::id();
    let json = serde_json::to_string(&message).map_err(|_| StoreError::Column("body".to_owned()))?;
    let vault = tx.vault()?;
    let (body, sealed) = if message.carries_secret() {
        (None, Some(vault.seal(&Secret::new(json), &outbox::owner(&id))?))
    } else {
        (Some(json), None)
    };
    Ok(Row { id, event, kind: message.kind(), channel, recipient, body, sealed, last_attempt: tries })
}
