//! Sends the messages in the outbox.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::app::App;
use crate::app::alerts::raise;
use crate::app::outbox::LEASE;
use crate::clients::delivery::Failure;
use crate::clients::smtp::{Mail, Session};
use crate::clients::webhook::{self, Call};
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::message::{Channel, Message, State};
use crate::domain::time::Moment;
use crate::store::outbox::{self, Claim, Content, Settlement};
use crate::store::webhooks::{self, Webhook};
use crate::store::{StoreError, in_time};
use crate::tasks::{every, goes_on_after};

/// Mails that go over one connection, and webhooks that are called at once.
const BATCH: usize = 10;

/// A delivery is begun only if the lease lasts as long as the slowest one.
const LONGEST_DELIVERY: Duration = Duration::from_secs(35);
/// How often the database is asked for messages.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long messages that were sent or have failed are kept.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);
/// Messages that are deleted in one transaction.
const DELETE_BATCH: i64 = 500;
/// How often old messages are deleted.
const DELETE_INTERVAL: Duration = Duration::from_secs(60);

/// Sends messages, and deletes old ones, until the service is to end: what is being delivered then is finished. A mail
/// server that does not answer holds up no webhooks.
pub async fn run(app: App) {
    let send = async |channel| {
        loop {
            let pause = match once(&app, channel).await {
                // There may be more.
                Ok(sent) if sent > 0 => Duration::ZERO,
                Ok(_) => CHECK_INTERVAL,
                Err(error) => {
                    tracing::error!(%error, ?channel, "the outbox could not be worked on; it is tried again");
                    CHECK_INTERVAL
                }
            };
            if !goes_on_after(&app, sleep(pause)).await {
                return;
            }
        }
    };
    let delete = async |app: &App| in_time(delete_old(app)).await;
    let delete = every(&app, DELETE_INTERVAL, "old messages could not be deleted", delete);
    tokio::join!(send(Channel::Mail), send(Channel::Webhook), delete);
}

/// Sends what is due now, one batch at most. Says how many messages were tried.
pub async fn once(app: &App, channel: Channel) -> Result<usize, StoreError> {
    match channel {
        Channel::Mail => mails(app).await,
        Channel::Webhook => {
            let claims = claim(app, channel, BATCH).await?;
            join_all(claims.iter().map(|claim| deliver(app, claim))).await.into_iter().collect::<Result<(), _>>()?;
            Ok(claims.len())
        }
    }
}

/// Mails go one after the other over one connection; each is claimed when its turn has come.
async fn mails(app: &App) -> Result<usize, StoreError> {
    let Some(mailer) = app.mailer.get() else { return Ok(0) };
    let mut session = Session::new(mailer);
    let mut tried = 0;
    while tried < BATCH && !*app.stopping.borrow() {
        let Some(claim) = claim(app, Channel::Mail, 1).await?.pop() else { break };
        mail(app, &mut session, &claim).await?;
        tried += 1;
    }
    session.end().await;
    Ok(tried)
}

async fn claim(app: &App, channel: Channel, limit: usize) -> Result<Vec<Claim>, StoreError> {
    in_time(async {
        // Looked for with a reader: the writer is not held up every second for nothing.
        if !outbox::is_due(&mut *app.store.read().await?, channel, app.now()).await? {
            return Ok(Vec::new());
        }
        let mut tx = app.store.write().await?;
        let until = tx.now().plus(LEASE);
        let claims = outbox::claim_due(&mut tx, channel, until, limit).await?;
        tx.commit().await?;
        Ok(claims)
    })
    .await
}

/// Delivers a claimed message, and stores the outcome.
pub async fn deliver(app: &App, claim: &Claim) -> Result<(), StoreError> {
    if let (Channel::Mail, Some(mailer)) = (claim.channel, app.mailer.get()) {
        let mut session = Session::new(mailer);
        mail(app, &mut session, claim).await?;
        session.end().await;
        return Ok(());
    }
    let Some(content) = content(app, claim).await? else { return Ok(()) };
    settle(app, claim, &content, call(app, claim, &content).await).await
}

async fn mail(app: &App, session: &mut Session<'_>, claim: &Claim) -> Result<(), StoreError> {
    let Some(content) = content(app, claim).await? else { return Ok(()) };
    let message_id = format!("{}.{}", claim.id, claim.last_attempt);
    let Content { message, recipient, created_at } = &content;
    let sent = session.send(&Mail { message_id: &message_id, to: recipient, message, at: *created_at }).await;
    settle(app, claim, &content, sent).await
}

/// The content of a claimed message; none if the claim no longer holds, as the message was cancelled or the lease is nearly
/// over.
async fn content(app: &App, claim: &Claim) -> Result<Option<Content>, StoreError> {
    let content = in_time(async {
        let mut connection = app.store.read().await?;
        outbox::content(&mut connection, claim, app.now().plus(LONGEST_DELIVERY)).await
    });
    match content.await {
        Err(error @ StoreError::Unproven { .. }) => {
            // Not sent, and not in the way of the others.
            tracing::error!(%error, "a message is not sent");
            let settlement = Settlement { state: State::Failed, due_at: app.now(), error: Some(error.to_string()) };
            let mut tx = app.store.write().await?;
            outbox::settle(&mut tx, claim, &settlement).await?;
            tx.commit().await?;
            Ok(None)
        }
        content => content,
    }
}

async fn call(app: &App, claim: &Claim, content: &Content) -> Result<(), Failure> {
    let unreadable = |error: StoreError| Failure::Later(format!("the webhook could not be read: {error}"));
    let webhook = in_time(async { webhooks::find(&mut *app.store.read().await?, &content.recipient).await });
    let webhook =
        webhook.await.map_err(unreadable)?.ok_or_else(|| Failure::Never("the webhook was deleted".to_owned()))?;
    let opened = app.vault.open(&webhook.sealed, &Webhook::owner(&webhook.id));
    let secret = opened.map_err(|error| unreadable(error.into()))?;
    let (message, at): (&Message, Moment) = (&content.message, content.created_at);
    webhook::send(&Call { event: &claim.id, url: &webhook.url, secret: &secret, message, at }, app.now()).await
}

/// Stores the outcome of a delivery. Tries as long as the lease lasts: a delivery whose outcome is not stored is made again.
async fn settle(app: &App, claim: &Claim, content: &Content, delivered: Result<(), Failure>) -> Result<(), StoreError> {
    let now = app.now();
    let settlement = match delivered {
        Ok(()) => Settlement { state: State::Sent, due_at: now, error: None },
        Err(Failure::Later(error)) if claim.attempt < claim.last_attempt => {
            Settlement { state: State::Waiting, due_at: now.plus(pause_after(claim.attempt)), error: Some(error) }
        }
        Err(Failure::Later(error) | Failure::Never(error)) => {
            tracing::warn!(id = claim.id, kind = ?claim.kind, error, "a message has failed: send it again by hand");
            Settlement { state: State::Failed, due_at: now, error: Some(error) }
        }
    };
    loop {
        match in_time(store_outcome(app, claim, content, &settlement)).await {
            Err(error) if app.now() < claim.until => {
                tracing::warn!(%error, id = claim.id, "the outcome of a delivery could not be stored; it is tried again");
                sleep(CHECK_INTERVAL).await;
            }
            stored => return stored,
        }
    }
}

async fn store_outcome(app: &App, claim: &Claim, content: &Content, settlement: &Settlement) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    let became = outbox::settle(&mut tx, claim, settlement).await?;
    if let (Some(State::Failed), Some(key_id)) = (became, content.message.carried_key()) {
        // Its user would learn of it when the key before ends.
        let reason = format!(
            "The message {} with the key, to {}, failed: {}. Remove the cause and resend it, or regenerate the key and give \
             it to its user yourself.",
            claim.id,
            content.recipient,
            settlement.error.as_deref().unwrap_or_default()
        );
        raise::notice(&mut tx, Rule::KeyNotDelivered, Subject::Key(key_id.to_owned()), &reason).await?;
    }
    tx.commit().await
}

async fn delete_old(app: &App) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    let before = tx.now().minus(RETENTION);
    outbox::delete_settled(&mut tx, before, DELETE_BATCH).await?;
    tx.commit().await
}

/// 5 s, 15 s, 45 s and so on, at most two hours.
fn pause_after(attempt: u32) -> Duration {
    Duration::from_secs(5_u64.saturating_mul(3_u64.saturating_pow(attempt.saturating_sub(1))).min(2 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::outbox::TRIES;

    #[test]
    fn tries_are_spread_over_most_of_a_day() {
        assert_eq!([1, 2, 3].map(|attempt| pause_after(attempt).as_secs()), [5, 15, 45]);
        let whole: Duration = (1..TRIES).map(pause_after).sum();
        assert_eq!(whole.as_secs() / 3600, 17);
    }
}
