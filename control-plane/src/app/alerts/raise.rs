//! Opens alerts, and raises the count of those that are open.

use lictor_policy::refusal::AlertType;
use lictor_policy::wire::Event;

use crate::app::alerts::notify;
use crate::domain::actor::Actor;
use crate::domain::alerts::subject::Subject;
use crate::domain::alerts::{Alert, Rule, State};
use crate::domain::severity::Severity;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::store::alerts::{Action, Entry};
use crate::store::{Connection, StoreError, WriteTx, alerts as rows};

/// How many alerts of one type may be open on addresses: beyond these they share one, so that whoever has many addresses
/// fills neither the list nor a mailbox.
const MAX_OPEN_ADDRESSES: u64 = 50;

/// What happened.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// The type of alert.
    pub kind: AlertType,
    /// Whom it is about.
    pub subject: Subject,
    /// Which rule was met.
    pub rule: Rule,
    /// How often.
    pub times: u64,
    /// When first.
    pub first_at: Moment,
    /// When last.
    pub last_at: Moment,
    /// The last call, if it was calls.
    pub event: Option<&'a Event>,
    /// Who did it: the id of an account, or `system`.
    pub actor: &'a str,
    /// What there is to say, for the history.
    pub note: Option<&'a str>,
}

/// Opens an alert, or raises the one that is open on the subject. None if the settings say that there are to be none.
///
/// # Errors
/// The database's.
pub async fn raise(tx: &mut WriteTx, cause: Cause<'_>) -> Result<Option<Alert>, StoreError> {
    let open = rows::find_open(tx, cause.kind, &cause.subject).await?;
    raise_open(tx, cause, open).await
}

/// Opens or raises an alert on what Lictor found out by itself, by a rule of `suspicious_activity`.
///
/// # Errors
/// The database's.
pub async fn notice(tx: &mut WriteTx, rule: Rule, subject: Subject, note: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let cause = Cause {
        kind: AlertType::SuspiciousActivity,
        subject,
        rule,
        times: 1,
        first_at: now,
        last_at: now,
        event: None,
        actor: &Actor::system().id,
        note: Some(note),
    };
    raise(tx, cause).await.map(drop)
}

/// The subject that an alert on this one is opened for, and the alert if that is open.
pub(crate) async fn target(
    connection: &mut Connection,
    kind: AlertType,
    subject: Subject,
) -> Result<(Subject, Option<Alert>), StoreError> {
    let is_address = matches!(subject, Subject::Address(_));
    if !is_address || rows::count_open_addresses(connection, kind).await? < MAX_OPEN_ADDRESSES {
        return Ok((subject, None));
    }
    let open = rows::find_open(connection, kind, &Subject::OtherAddresses).await?;
    Ok((Subject::OtherAddresses, open))
}

/// The same as [`raise`], with the alert that is open.
pub(crate) async fn raise_open(
    tx: &mut WriteTx,
    cause: Cause<'_>,
    open: Option<Alert>,
) -> Result<Option<Alert>, StoreError> {
    let (settings, now) = (tx.settings().await?, tx.now());
    let alerts = &settings.alerts;
    let Some(severity) = alerts.severity_by(cause.kind, cause.rule) else { return Ok(None) };
    let severity = if cause.rule == Rule::RowUnproven { Severity::Critical } else { severity };
    if let Some(mut alert) = open {
        let mut entries = Vec::new();
        if !alert.rules.contains(&cause.rule) {
            alert.rules.push(cause.rule);
            alert.rules.sort_unstable();
            entries.push(cause.entry(Action::Widened, Some(cause.rule.name().to_owned()), now));
        }
        let escalated = severity > alert.severity;
        if escalated {
            let text = format!("{} to {}", alert.severity.name(), severity.name());
            entries.push(cause.entry(Action::Escalated, Some(text), now));
            alert.severity = severity;
        }
        alert.count = alert.count.saturating_add(cause.times);
        alert.first_at = alert.first_at.min(cause.first_at);
        cause.mark_last(&mut alert);
        let mail = notify::is_due(alerts, &alert);
        alert.notified |= mail;
        rows::update(tx, &alert).await?;
        if mail || escalated {
            notify::enqueue_notice(tx, alerts, &alert, mail).await?;
        }
        for entry in &entries {
            rows::add_entry(tx, &alert.id, entry).await?;
        }
        return Ok(Some(alert));
    }
    let mut alert = Alert {
        id: random::id(),
        kind: cause.kind,
        severity,
        state: State::Open,
        subject: cause.subject.clone(),
        count: cause.times,
        rules: vec![cause.rule],
        first_at: cause.first_at,
        last_at: cause.last_at,
        last_reason: None,
        last_decision_id: None,
        opened_at: now,
        resolved_at: None,
        notified: false,
    };
    cause.mark_last(&mut alert);
    alert.notified = notify::is_due(alerts, &alert);
    rows::insert(tx, &alert).await?;
    notify::enqueue_notice(tx, alerts, &alert, alert.notified).await?;
    rows::add_entry(tx, &alert.id, &cause.entry(Action::Opened, None, now)).await?;
    Ok(Some(alert))
}

impl Cause<'_> {
    /// For the history: what there is to say, unless the action says something by itself.
    fn entry(&self, action: Action, text: Option<String>, at: Moment) -> Entry {
        let text = text.or_else(|| self.note.map(str::to_owned));
        Entry { at, actor: self.actor.to_owned(), action, text }
    }

    /// Notes the latest of what the alert counts.
    fn mark_last(&self, alert: &mut Alert) {
        if self.last_at < alert.last_at {
            return;
        }
        alert.last_at = self.last_at;
        if let Some(event) = self.event {
            alert.last_reason = event.reason;
            alert.last_decision_id = Some(event.decision_id.clone());
        }
    }
}
