//! The outbox: what people and programs are to be told, written in the transaction of what it tells of, and sent by a
//! task until it has arrived once.

pub mod message;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::random;
use crate::store::outbox::{self, Row};
use crate::store::{Connection, StoreError};

pub use message::{Kind, Message};

/// One message to one recipient.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What it tells of, such as `alert/{id}/{opened_at}`: a recipient is told the same event once, however often it is
    /// put here.
    pub event: String,
    /// Who is told.
    pub recipient: Recipient,
    /// What.
    pub message: Message,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// How.
    pub channel: Channel,
    /// A mail address, or the id of a webhook.
    pub to: String,
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By mail.
    Mail,
    /// By a request to a URL.
    Webhook,
}

impl Letter {
    /// A mail to an address.
    pub fn mail(event: impl Into<String>, to: impl Into<String>, message: Message) -> Self {
        let recipient = Recipient { channel: Channel::Mail, to: to.into() };
        Self { event: event.into(), recipient, message }
    }
}

/// Puts letters into the outbox, in the transaction of what they tell of: they are sent if it is committed. Says how
/// many recipients had not been told of their event before.
pub async fn enqueue(
    app: &App,
    tx: &mut Connection,
    letters: impl IntoIterator<Item = Letter>,
) -> Result<u64, StoreError> {
    let rows = letters.into_iter().map(|letter| row(app, letter)).collect::<Result<Vec<_>, _>>()?;
    outbox::insert(tx, &rows, app.now()).await
}

fn row(app: &App, letter: Letter) -> Result<Row, StoreError> {
    let id = random::id();
    let json = serde_json::to_string(&letter.message).map_err(|_| StoreError::Column("body".to_owned()))?;
    let (body, sealed) = if letter.message.carries_secret() {
        (None, Some(app.vault.seal(&lictor_policy::secret::Secret::new(json), &outbox::owner(&id))?))
    } else {
        (Some(json), None)
    };
    let Recipient { channel, to } = letter.recipient;
    Ok(Row { id, event: letter.event, kind: letter.message.kind(), channel, recipient: to, body, sealed })
}
