//! `emergency-revocation`: every active key at once, for ever.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use lictor_policy::refusal::AlertType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout;

use crate::app::App;
use crate::app::alerts::raise::{self, Cause};
use crate::app::change::{Done, attempt};
use crate::app::gates::{all, is_live};
use crate::app::outbox::{OutboxMessage, enqueue};
use crate::domain::actor::Actor;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::emergency::CONFIRMATION;
use crate::domain::message::{EmergencyRevocation, Message};
use crate::domain::plan::{DryRun, digest};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::extract::Body;
use crate::store::gates::Gate;
use crate::store::keys::{self, Holder};
use crate::store::{ChangeTx, Meta, StoreError, key_links, outbox};

/// How often gates are looked for without being told to: what another replica told may be lost.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Why, and that it is meant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Recorded, and mailed to everybody whose keys these are; a dry run needs none.
    #[serde(default)]
    reason: Option<String>,
    /// `REVOKE ALL KEYS`; a dry run needs none.
    #[serde(default)]
    confirm: Option<String>,
    /// Changes nothing, and answers what would be done.
    #[serde(default)]
    dry_run: bool,
    /// The `plan` of a dry run, if keys that were made since are not to be revoked without another look.
    #[serde(default)]
    plan: Option<String>,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EmergencyRevocation")]
pub struct Report {
    /// Whether this is only what would be done.
    dry_run: bool,
    /// Names the keys that are revoked.
    plan: String,
    /// How many keys were revoked.
    revoked: u64,
    /// The users whose keys were revoked and to whom a mail is in the outbox.
    notified: Vec<Notified>,
    /// Those who have no mail address: tell them otherwise.
    without_address: Vec<Notified>,
    /// Whether an SMTP server is configured. Until one is, mail waits in the outbox.
    smtp_configured: bool,
    /// Messages with a key, or with a link to one, that were not sent yet and never will be.
    cancelled_messages: u64,
    /// Every gate, and whether it refuses those keys by now. One that does not will when it next hears from the control
    /// plane, and at the latest when its policy has reached the maximum age.
    gates: Vec<Acknowledgement>,
}

/// A user whose keys were revoked.
#[derive(Serialize, JsonSchema)]
struct Notified {
    user_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    keys: u64,
}

/// What is known of a gate.
#[derive(Serialize, JsonSchema)]
struct Acknowledgement {
    id: String,
    name: String,
    /// Whether it was heard within the last minute.
    connected: bool,
    /// Whether it has the policy without those keys.
    acknowledged: bool,
    revision: Option<u64>,
    last_seen_at: Option<Moment>,
}

/// `POST /api/v1/emergency-revocation`: answers when every connected gate has acknowledged, or after a second.
pub async fn revoke_all(State(app): State<App>, actor: Actor, Body(order): Body<Order>) -> Result<Json<Report>> {
    let Order { reason, confirm, dry_run, plan } = order;
    let missing = |field, detail: String| Problem::with_field(Code::MissingField, field, detail);
    let reason = match reason {
        Some(reason) => reason,
        None if dry_run => "a dry run".to_owned(),
        None => return Err(missing("reason", "Say why.".to_owned())),
    };
    validate::text("reason", &reason)?;
    match confirm.as_deref() {
        Some(CONFIRMATION) => {}
        None if dry_run => {}
        None => return Err(missing("confirm", format!("Write: {CONFIRMATION}"))),
        Some(_) => return Err(Problem::invalid("confirm", format!("Write: {CONFIRMATION}"))),
    }
    let wanted = DryRun { dry_run, plan };
    let (plan, revoked, holders, cancelled_messages, policy, gates) = attempt(&app, &actor, dry_run, async |tx| {
        let holders = keys::holders(tx).await?;
        let ids = keys::revoke_all(tx).await?;
        let (plan, revoked) = (digest(&("emergency_revocation", &ids))?, ids.len() as u64);
        wanted.check(&plan)?;
        let cancelled = outbox::kill_secrets(tx).await?;
        let (revision, now) = (tx.revision(), tx.now());
        enqueue(tx, holders.iter().filter_map(|holder| message(holder, revision, now, &reason))).await?;
        key_links::kill_secrets(tx).await?;
        let policy = (Meta::load(tx).await?.epoch, revision.0);
        let gates = all(&app, tx).await?;
        raise_alert(&actor, tx, &reason, revoked).await?;
        let report = json!({"reason": reason, "revoked": revoked});
        Ok((
            (plan, revoked, holders, cancelled, policy, gates),
            Done::new("emergency_revocation", "keys", None, Some(&report)),
        ))
    })
    .await?;
    if !dry_run {
        tracing::warn!(revoked, revision = policy.1, "all keys were revoked");
    }
    let user = |Holder { user_id, name, email, keys }| Notified { user_id, name, email, keys };
    let (notified, without_address) = holders.into_iter().map(user).partition(|user| user.email.is_some());
    let smtp_configured = app.can_mail();
    let gates = acknowledged(&app, policy, gates, dry_run).await;
    Ok(Json(Report { dry_run, plan, revoked, notified, without_address, smtp_configured, cancelled_messages, gates }))
}

/// The mail to a user, if it has an address.
fn message(holder: &Holder, revision: Revision, at: Moment, reason: &str) -> Option<OutboxMessage> {
    let event = format!("emergency_revocation/{}/{}", revision.0, holder.user_id);
    let (user_name, keys, reason) = (holder.name.clone(), holder.keys, reason.to_owned());
    let message = Message::EmergencyRevocation(EmergencyRevocation { user_name, keys, at, reason });
    Some(OutboxMessage::mail(event, holder.email.as_deref()?, message))
}

/// Keys that were revoked together are one alert, also when there were none left.
async fn raise_alert(actor: &Actor, tx: &mut ChangeTx, reason: &str, revoked: u64) -> Result<()> {
    let now = tx.now();
    let note = format!("{revoked} keys were revoked: {reason}");
    let cause = Cause {
        kind: AlertType::EmergencyRevocation,
        subject: Subject::All,
        rule: Rule::EmergencyRevocation,
        times: 1,
        first_at: now,
        last_at: now,
        event: None,
        actor: &actor.id,
        note: Some(&note),
    };
    raise::raise(tx, cause).await?;
    Ok(())
}

/// Waits for the gates that are connected, but not long. Cannot fail: the keys are revoked by now.
async fn acknowledged(
    app: &App,
    (epoch, revision): (String, u64),
    mut gates: Vec<Gate>,
    dry_run: bool,
) -> Vec<Acknowledgement> {
    let runs = |gate: &Gate| gate.seen.runs(&epoch, revision);
    let mut changes = app.presence.changes();
    let waiting = async {
        // Gates hang on this replica or on another one, which writes what they acknowledge.
        while !dry_run && gates.iter().any(|gate| is_live(gate, app.now()) && !runs(gate)) {
            let _ = timeout(LOOK_INTERVAL, changes.changed()).await;
            gates = all(app, &mut *app.store.read().await?).await?;
        }
        Ok::<_, StoreError>(())
    };
    // Whoever has not acknowledged by then, or is not known to have, is shown so.
    if let Ok(Err(error)) = timeout(app.waits.acknowledgement, waiting).await {
        tracing::warn!(%error, "which gates have acknowledged the emergency revocation is not known");
    }
    let shown = gates.into_iter().map(|gate| Acknowledgement {
        connected: is_live(&gate, app.now()),
        acknowledged: !dry_run && runs(&gate),
        revision: gate.seen.revision,
        last_seen_at: gate.seen.last_seen_at,
        id: gate.id,
        name: gate.name,
    });
    shown.collect()
}
