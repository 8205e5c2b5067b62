//! Messages to people and programs: a closed list, each kind with its fields.

use lictor_policy::refusal::AlertType;
use lictor_policy::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::domain::named::named;
use crate::domain::severity::Severity;
use crate::domain::time::Moment;

/// A message. Kept as JSON, and sealed if it carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// To the alerts' recipients and to webhooks.
    AlertOpened(AlertOpened),
    /// To the user whose key it is. Carries the key.
    KeyRotated(KeyRotated),
    /// To the user whose key it is. Carries a link that shows the key once.
    KeyLink(KeyLink),
    /// To the alerts' recipients.
    RotationFailed(RotationFailed),
    /// To each user who had active keys.
    EmergencyRevocation(EmergencyRevocation),
    /// To the user whose credential it is, or to the alerts' recipients.
    OdooKeyExpiring(OdooKeyExpiring),
    /// To the user whose credential it is, or to the alerts' recipients.
    CredentialRejected(CredentialRejected),
    /// To the alerts' recipients, once a week.
    KeyReview(KeyReview),
    /// To whom an administrator names.
    Test(Test),
}

/// An alert was opened, or has become worse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertOpened {
    /// The alert.
    pub alert_id: String,
    /// Its type.
    pub alert_type: AlertType,
    /// How bad it is.
    pub severity: Severity,
    /// The subject in one line: a key, a user, an address, a gate.
    pub about: String,
    /// A sentence on the event.
    pub summary: String,
    /// How often by now.
    pub count: u64,
    /// When first.
    pub first_at: Moment,
    /// When last.
    pub last_at: Moment,
}

/// A key was replaced, and the new one goes to its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotated {
    /// The new key.
    pub key_id: String,
    /// The user's name.
    pub user_name: String,
    /// The key's name.
    pub key_name: String,
    /// The first characters of the key before, by which its user knows it.
    pub old_prefix: String,
    /// When the key before ends.
    pub old_valid_until: Moment,
    /// The new key itself.
    pub key: Secret,
    /// When the new key ends.
    pub expires_at: Option<Moment>,
}

/// A key was replaced, and its user fetches the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLink {
    /// The new key.
    pub key_id: String,
    /// The user's name.
    pub user_name: String,
    /// The key's name.
    pub key_name: String,
    /// The first characters of the key before, by which its user knows it.
    pub old_prefix: String,
    /// When the key before ends.
    pub old_valid_until: Moment,
    /// The whole URL of the page that shows the new key once.
    pub link: Secret,
    /// When the link ends.
    pub link_expires_at: Moment,
    /// When the new key ends.
    pub expires_at: Option<Moment>,
}

/// A key that was due was not replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationFailed {
    /// The key.
    pub key_id: String,
    /// Its name.
    pub key_name: String,
    /// The name of its user.
    pub user_name: String,
    /// When it ends.
    pub expires_at: Moment,
    /// Why it was not replaced, and what to do: one sentence.
    pub reason: String,
}

/// All active keys were revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyRevocation {
    /// The user's name.
    pub user_name: String,
    /// How many of the user's keys were active.
    pub keys: u64,
    /// When.
    pub at: Moment,
    /// Why, as the administrator wrote it.
    pub reason: String,
}

/// The Odoo API key of a user's upstream credential ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OdooKeyExpiring {
    /// The user.
    pub user_id: String,
    /// Its name.
    pub user_name: String,
    /// The Odoo database.
    pub database: String,
    /// The Odoo login.
    pub login: String,
    /// When the Odoo API key ends.
    pub ends_at: Moment,
}

/// Odoo refuses a user's upstream credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRejected {
    /// The user.
    pub user_id: String,
    /// Its name.
    pub user_name: String,
    /// The Odoo database.
    pub database: String,
    /// The Odoo login.
    pub login: String,
    /// When Odoo refused it.
    pub at: Moment,
}

/// Some keys end soon, or are not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReview {
    /// Those that end soon.
    pub ending: Reviewed,
    /// Those that nobody has used for long.
    pub unused: Reviewed,
}

/// Keys of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub first: Vec<ReviewedKey>,
}

/// A key that needs a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedKey {
    /// Its name.
    pub name: String,
    /// The 8 characters after `lct_`.
    pub prefix: String,
    /// The name of its user.
    pub user_name: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends.
    pub expires_at: Option<Moment>,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// Whether there is a new key in its place.
    pub replaced: bool,
}

/// Whether messages arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The name of the administrator who asked for it.
    pub asked_by: String,
}

named! {
    /// The kinds of messages.
    #[schemars(rename = "MessageKind")]
    #[expect(missing_docs, reason = "each is the kind of the message of its name")]
    pub enum Kind {
        AlertOpened = "alert_opened",
        KeyRotated = "key_rotated",
        KeyLink = "key_link",
        RotationFailed = "rotation_failed",
        EmergencyRevocation = "emergency_revocation",
        OdooKeyExpiring = "odoo_key_expiring",
        CredentialRejected = "credential_rejected",
        KeyReview = "key_review",
        Test = "test",
    }
}

impl Message {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::AlertOpened(_) => Kind::AlertOpened,
            Self::KeyRotated(_) => Kind::KeyRotated,
            Self::KeyLink(_) => Kind::KeyLink,
            Self::RotationFailed(_) => Kind::RotationFailed,
            Self::EmergencyRevocation(_) => Kind::EmergencyRevocation,
            Self::OdooKeyExpiring(_) => Kind::OdooKeyExpiring,
            Self::CredentialRejected(_) => Kind::CredentialRejected,
            Self::KeyReview(_) => Kind::KeyReview,
            Self::Test(_) => Kind::Test,
        }
    }

    /// Whether it holds what nobody but its recipient may see.
    pub fn carries_secret(&self) -> bool {
        self.carried_key().is_some()
    }

    /// The id of the key that nobody has until the message arrives.
    pub fn carried_key(&self) -> Option<&str> {
        match self {
            Self::KeyRotated(KeyRotated { key_id, .. }) | Self::KeyLink(KeyLink { key_id, .. }) => Some(key_id),
            _ => None,
        }
    }
}

named! {
    /// The ways in which messages are sent.
    pub enum Channel {
        /// By mail.
        Mail = "mail",
        /// By a request to a URL.
        Webhook = "webhook",
    }
}

named! {
    /// The state of a message.
    #[schemars(rename = "MessageState")]
    pub enum State {
        /// To be sent, perhaps again.
        Waiting = "waiting",
        /// The receiver took it.
        Sent = "sent",
        /// Refused for good, or tried too often.
        Failed = "failed",
        /// Not sent, as it carried a key that was revoked, deleted or made anew before.
        Cancelled = "cancelled",
    }
}
