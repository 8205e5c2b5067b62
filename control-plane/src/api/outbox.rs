//! `outbox`: what was and is to be told to whom, and what became of it.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::outbox::{OutboxMessage, TRIES, enqueue_claimed};
use crate::domain::actor::Actor;
use crate::domain::message::{Kind, Message, State as Fate, Test};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::cursor::{Page, Window};
use crate::http::extract::{Body, Id, Query};
use crate::secrets::random;
use crate::store::outbox::{self, Counts, Entry, Filter};
use crate::store::{Connection, OrAbsent as _, accounts, webhooks};
use crate::tasks::outbox::deliver;

/// Which messages are wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    state: Option<Fate>,
    kind: Option<Kind>,
}

/// How the outbox does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutboxStatus")]
pub struct Status {
    /// Whether an SMTP server is configured. Until one is, mail waits.
    smtp_configured: bool,
    /// The server's name and port.
    smtp_server: Option<String>,
    /// The address that mail comes from.
    mail_from: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

/// Where a test goes: one of both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTest {
    /// To this address.
    #[serde(default)]
    mail: Option<String>,
    /// To the webhook with this id.
    #[serde(default)]
    webhook: Option<String>,
}

/// `GET /api/v1/outbox`: the newest first.
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<Entry>>> {
    let window: Window<String> = Window::new(query.limit, query.cursor.as_deref())?;
    let filter = Filter { state: query.state, kind: query.kind };
    let found = outbox::list(&mut *app.store.read().await?, filter, window.after.clone(), window.row_limit()).await?;
    Ok(Json(window.page(found, |entry| entry.id.clone())))
}

/// `GET /api/v1/outbox/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<Entry>> {
    Ok(Json(find(&mut *app.store.read().await?, &id).await?))
}

/// `GET /api/v1/outbox/status`
pub async fn status(State(app): State<App>) -> Result<Json<Status>> {
    let counts = outbox::counts(&mut *app.store.read().await?).await?;
    let mailer = app.mailer.get();
    Ok(Json(Status {
        smtp_configured: mailer.is_some(),
        smtp_server: mailer.map(|mailer| mailer.server()),
        mail_from: mailer.map(|mailer| mailer.from()),
        counts,
    }))
}

/// `POST /api/v1/outbox/{id}/resend`: it is sent within seconds, and tried as often as a new one.
pub async fn resend(State(app): State<App>, actor: Actor, Id(id): Id) -> Result<Json<Entry>> {
    let entry = change(&app, &actor, async |tx| {
        let before = find(tx, &id).await?;
        refuse_unsendable(&before, tx.now())?;
        outbox::resend(tx, &id, TRIES).await?;
        let after = find(tx, &id).await?;
        let done = Done::new("outbox.resend", &id, Some(&before), Some(&after));
        Ok((after, done))
    });
    Ok(Json(entry.await?))
}

/// `POST /api/v1/outbox/test`: tries to send a test message, once, and says what became of it.
pub async fn test(State(app): State<App>, actor: Actor, Body(given): Body<NewTest>) -> Result<Json<Entry>> {
    let claim = change(&app, &actor, async |tx| {
        let asked_by = accounts::find(tx, &actor.id).await?.map_or_else(|| actor.id.clone(), |account| account.name);
        let message = Message::Test(Test { asked_by });
        let event = format!("test/{}", random::id());
        let message = match (&given.mail, &given.webhook) {
            (Some(address), None) => {
                validate::email("mail", address)?;
                if !app.can_mail() {
                    let detail = "Start the service with --smtp-host and --smtp-from; until then mail waits.";
                    return Err(Problem::new(Code::MailNotConfigured, detail));
                }
                OutboxMessage::mail(event, address, message)
            }
            (None, Some(id)) => {
                webhooks::find(tx, id).await?.or_invalid("webhook", "webhook")?;
                OutboxMessage::webhook(event, id, message)
            }
            _ => return Err(Problem::invalid("mail", "Give either 'mail', an address, or 'webhook', the id of one.")),
        };
        let claim = enqueue_claimed(tx, message).await?;
        let told = json!({"mail": given.mail, "webhook": given.webhook});
        let done = Done::new("outbox.test", &claim.id, None, Some(&told));
        Ok((claim, done))
    })
    .await?;
    deliver(&app, &claim).await?;
    Ok(Json(find(&mut *app.store.read().await?, &claim.id).await?))
}

fn refuse_unsendable(entry: &Entry, now: Moment) -> Result<()> {
    let reason = match entry.state {
        Fate::Cancelled => "The key that it carried was revoked or made anew: it is of no use any more.",
        _ if !entry.is_whole => "It carried a secret, which was wiped when it was sent: regenerate the key instead.",
        _ if entry.leased_until.is_some_and(|until| until > now) => "It is being sent just now: look again.",
        _ => return Ok(()),
    };
    Err(Problem::new(Code::NotSendable, reason))
}

async fn find(connection: &mut Connection, id: &str) -> Result<Entry> {
    outbox::find(connection, id).await?.or_absent("message")
}
