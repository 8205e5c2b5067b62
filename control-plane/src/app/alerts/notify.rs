//! Tells people of an alert, through the outbox: once, when it opens or when its severity reaches the one that is
//! mailed.

use lictor_policy::refusal::AlertType;

use crate::app::outbox::{self, OutboxMessage};
use crate::domain::alerts::settings::Alerts;
use crate::domain::alerts::subject::Subject;
use crate::domain::alerts::{Alert, Rule};
use crate::domain::message::{AlertOpened, Message};
use crate::store::{Connection, StoreError, WriteTx, gates, keys, users};

/// Whether somebody is to be mailed who was not yet.
pub(crate) fn is_due(alerts: &Alerts, alert: &Alert) -> bool {
    !alert.notified && alert.severity >= alerts.mail_from_severity && !alerts.recipients.is_empty()
}

/// Puts a request to each webhook that wants this severity into the outbox, and a mail to each recipient if they are to
/// be mailed. Who was told of the alert before is not told again.
pub(crate) async fn enqueue_notice(
    tx: &mut WriteTx,
    alerts: &Alerts,
    alert: &Alert,
    mail: bool,
) -> Result<(), StoreError> {
    let message = Message::AlertOpened(AlertOpened {
        alert_id: alert.id.clone(),
        alert_type: alert.kind,
        severity: alert.severity,
        about: about(tx, &alert.subject).await?,
        summary: summary(alert),
        count: alert.count,
        first_at: alert.first_at,
        last_at: alert.last_at,
    });
    let event = format!("alert/{}", alert.id);
    let mut messages = OutboxMessage::webhooks(tx, &event, alert.severity, &message).await?;
    let recipients = if mail { alerts.recipients.as_slice() } else { &[] };
    messages.extend(recipients.iter().map(|to| OutboxMessage::mail(event.as_str(), to.as_str(), message.clone())));
    outbox::enqueue(tx, messages).await?;
    Ok(())
}

/// Whom it is about, by a name that people know.
async fn about(connection: &mut Connection, subject: &Subject) -> Result<String, StoreError> {
    Ok(match subject {
        Subject::Key(id) => match keys::look(connection, id).await? {
            Some(key) => format!("the key '{}' (lct_{}…)", key.terms.name, key.prefix),
            None => format!("the deleted key {id}"),
        },
        Subject::User(id) => match users::look(connection, id).await? {
            Some(user) => format!("the user '{}'", user.name),
            None => format!("the deleted user {id}"),
        },
        Subject::Gate(id) => match gates::find(connection, id).await? {
            Some(gate) => format!("the gate '{}'", gate.name),
            None => format!("the deleted gate {id}"),
        },
        Subject::Address(network) => format!("the address {network}"),
        Subject::OtherAddresses => "many addresses".to_owned(),
        Subject::All => "all keys".to_owned(),
    })
}

/// What happened, in one sentence.
fn summary(alert: &Alert) -> String {
    let count = alert.count;
    let text = match alert.kind {
        AlertType::AuthenticationFailed => "Wrong keys, databases or user ids were presented.",
        AlertType::RateLimitExceeded => "Calls were refused because the rate limit was exceeded.",
        AlertType::IpBlocked => "A valid key was used from an address that is not on its list.",
        AlertType::PermissionDenied => "Calls were refused because no permission allows them.",
        AlertType::EndpointViolation => "Calls came on a road that is closed to them.",
        AlertType::EmergencyRevocation => "All active keys were revoked.",
        AlertType::SuspiciousActivity => {
            let rules: Vec<_> = alert.rules.iter().map(|rule| suspicion(*rule)).collect();
            return format!("{} ({count} times).", rules.join("; "));
        }
    };
    if count == 1 { text.to_owned() } else { format!("{} ({count} times).", text.trim_end_matches('.')) }
}

const fn suspicion(rule: Rule) -> &'static str {
    match rule {
        Rule::MixedRefusals => "One key was refused for reasons of different kinds",
        Rule::DistinctRefusals => "One key tried many different calls that no permission allows",
        Rule::ManyRefusals => "A program with a valid key goes on although it is refused all the time",
        Rule::ManyAddresses => "One key was used from many addresses at once",
        Rule::DistinctModels => "One key read many different models at once",
        Rule::MalformedRequests => "Malformed calls came with a valid key",
        Rule::SessionLimit => "A key had more sessions than it may have",
        Rule::EventGap => "Audit events of a gate never arrived",
        Rule::FilterLost => "The filter of a gate ended without a word, with the requests it had",
        Rule::KeyNotRotated => "A key that is due was not rotated",
        Rule::KeyNotDelivered => "The message with a new key did not reach its user",
        Rule::CredentialRejected => "Odoo refuses the credential of a user",
        Rule::CredentialExpiring => "The Odoo API key of a user ends soon",
        Rule::UpstreamAdministrator => "The Odoo user behind keys is an administrator, which nobody has allowed",
        Rule::RowUnproven => "Rows of Lictor's database were changed without Lictor",
        Rule::SchemaUnread => "Odoo's schema could not be read several times in a row",
        Rule::Refusals | Rule::EmergencyRevocation => "Something happened",
    }
}
