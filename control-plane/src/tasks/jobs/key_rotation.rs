//! Replaces keys before they expire, and sends the new ones to their users.
//!
//! The new key, the mark on the old one and the message with the new key are one transaction: whatever fails, a key has
//! a successor whose user gets it, or none.

use serde_json::json;

use crate::app::alerts::raise;
use crate::app::change::{Done, change};
use crate::app::new_keys::{self, NewSecret, Replaced};
use crate::app::outbox::{self, OutboxMessage};
use crate::app::{App, key_links};
use crate::domain::actor::Actor;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::job::Counts;
use crate::domain::message::{KeyLink, KeyRotated, Message, RotationFailed};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::settings::{Delivery, Rotation};
use crate::domain::time::{DAY, Moment};
use crate::store::keys::{self, Key, Place};
use crate::store::users::{self, User};
use crate::store::{ChangeTx, pauses, settings};
use crate::tasks::jobs::Step;

/// Keys that a step looks at.
const LIMIT: u32 = 20;

pub(crate) async fn step(app: &App, from: &str) -> Result<Step> {
    let (settings, _) = settings::load(&mut *app.store.read().await?).await?;
    let rotation = settings.rotation;
    let mut counts = Counts::from(["rotated", "not_rotated"].map(|what| (what.to_owned(), 0)));
    if !rotation.enabled {
        return Ok(Step { counts, next: None });
    }
    let until = app.now().plus(DAY * rotation.window_days);
    let after: Option<Place> = serde_json::from_str(from).ok();
    let due = keys::expiring(&mut *app.store.read().await?, app.now(), until, after, LIMIT).await?;
    for key in &due {
        let what = match rotate(app, &rotation, &key.id).await? {
            Fate::Rotated => "rotated",
            Fate::NotRotated => "not_rotated",
            Fate::Left => continue,
        };
        *counts.entry(what.to_owned()).or_default() += 1;
    }
    let last = due.last().filter(|_| due.len() >= LIMIT as usize).and_then(Key::place);
    Ok(Step { counts, next: last.and_then(|place| serde_json::to_string(&place).ok()) })
}

/// The outcome for one key.
enum Fate {
    Rotated,
    /// Not replaced, as its user has no mail address: an administrator is notified.
    NotRotated,
    /// Nothing is to be done, or somebody did it meanwhile.
    Left,
}

async fn rotate(app: &App, rotation: &Rotation, key_id: &str) -> Result<Fate> {
    let secret = NewSecret::make(app).await?;
    let done = change(app, &Actor::system(), async |tx| {
        let now = tx.now();
        let key = keys::find(tx, key_id).await?.filter(|key| is_due(key, rotation, now)).ok_or_else(left)?;
        if pauses::cover(tx, &key.user_id).await? {
            return Err(left());
        }
        let user = users::find(tx, &key.user_id).await?.ok_or_else(left)?;
        let address = match address(app, rotation, &user) {
            Ok(address) => address,
            Err(reason) => {
                report(tx, &key, &user, reason).await?;
                let done = Done::new("key.not_rotated", key_id, None, Some(&json!({"reason": reason})));
                return Ok((Fate::NotRotated, done));
            }
        };
        let replaced = new_keys::replace(tx, &key, &secret, None).await?;
        deliver(tx, rotation, &user, address, &replaced, &secret).await?;
        Ok((Fate::Rotated, replaced.done(&key)))
    })
    .await;
    match done {
        Err(problem) if problem.code == Code::PreconditionFailed => Ok(Fate::Left),
        done => done,
    }
}

/// The key is not, or no longer, to be replaced. Ends the transaction.
fn left() -> Problem {
    Problem::new(Code::PreconditionFailed, "The key is not due.")
}

/// Within the window before its end, which is at most half its life.
fn is_due(key: &Key, rotation: &Rotation, now: Moment) -> bool {
    let (Some(end), Some(lifetime)) = (key.terms.expires_at, key.lifetime()) else { return false };
    let window = (DAY * rotation.window_days).min(lifetime / 2);
    let is_usable = key.terms.active && key.revoked_at.is_none() && key.rotated_to.is_none();
    is_usable && end > now && end <= now.plus(window)
}

/// Where the new key is sent, or why it cannot be.
fn address<'u>(app: &App, rotation: &Rotation, user: &'u User) -> Result<&'u str, &'static str> {
    let address = user.email.as_deref().ok_or("The user has no mail address: give one, or rotate the key by hand.")?;
    if !app.can_mail() {
        return Err("No mail server is configured: configure one, or rotate the key by hand.");
    }
    if rotation.delivery == Delivery::Link && rotation.public_url.is_none() {
        return Err("Links need rotation.public_url: set it, or rotate the key by hand.");
    }
    Ok(address)
}

/// Tells the administrators: by an alert, and by mail once for each key.
async fn report(tx: &mut ChangeTx, key: &Key, user: &User, reason: &str) -> Result<()> {
    raise::notice(tx, Rule::KeyNotRotated, Subject::Key(key.id.clone()), reason).await?;
    let Some(expires_at) = key.terms.expires_at else { return Ok(()) };
    let message = Message::RotationFailed(RotationFailed {
        key_id: key.id.clone(),
        key_name: key.terms.name.clone(),
        user_name: user.name.clone(),
        expires_at,
        reason: reason.to_owned(),
    });
    let recipients = tx.settings().await?.alerts.recipients.clone();
    let event = format!("key/{}/not_rotated", key.id);
    let messages = recipients.into_iter().map(|to| OutboxMessage::mail(event.as_str(), to, message.clone()));
    outbox::enqueue(tx, messages).await?;
    Ok(())
}

/// Puts the message with the new key, or with the link to it, into the outbox.
async fn deliver(
    tx: &mut ChangeTx,
    rotation: &Rotation,
    user: &User,
    address: &str,
    Replaced { old, new }: &Replaced,
    secret: &NewSecret,
) -> Result<()> {
    let (user_name, key_name, old_prefix) = (user.name.clone(), old.terms.name.clone(), old.prefix.clone());
    let (old_valid_until, expires_at) = (old.terms.expires_at.unwrap_or(new.created_at), new.terms.expires_at);
    let key_id = new.id.clone();
    let message = match (rotation.delivery, rotation.public_url.as_deref()) {
        (Delivery::Link, Some(base)) => {
            let link_expires_at = new.created_at.plus(DAY * rotation.link_valid_days);
            let link = key_links::make(tx, base, &new.id, &secret.plain(), link_expires_at).await?;
            let message =
                KeyLink { key_id, user_name, key_name, old_prefix, old_valid_until, link, link_expires_at, expires_at };
            Message::KeyLink(message)
        }
        _ => {
            let key = secret.plain();
            let message = KeyRotated { key_id, user_name, key_name, old_prefix, old_valid_until, key, expires_at };
            Message::KeyRotated(message)
        }
    };
    let mail = OutboxMessage::mail(new_keys::rotation_event(&old.id), address, message);
    match outbox::enqueue(tx, [mail]).await? {
        1 => Ok(()),
        // Nobody would ever see the new key.
        _ => Err(Problem::internal("the outbox already holds a message about the key's rotation")),
    }
}
