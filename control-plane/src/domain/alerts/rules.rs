//! The types of alerts and rules that an event counts toward.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lictor_policy::operation::Operation;
use lictor_policy::refusal::{AlertType, Reason};
use lictor_policy::wire::Event;

use crate::domain::alerts::Rule;
use crate::domain::alerts::settings::Alerts;
use crate::domain::alerts::subject::{Subject, network};
use crate::domain::alerts::tally::{Observation, What};
use crate::domain::time::Moment;

/// The observations in events, by type and subject.
pub(crate) type Sightings<'e> = BTreeMap<(AlertType, Subject), Vec<Observation<'e>>>;

/// Sorts events by what they count toward. `now` bounds their times: the clock of a gate may be ahead.
pub(crate) fn observe<'e>(alerts: &Alerts, gate_id: &str, events: &[&'e Event], now: Moment) -> Sightings<'e> {
    let mut sightings = Sightings::new();
    for event in events {
        refusal(alerts, gate_id, event, now, &mut sightings);
        if alerts.severity(AlertType::SuspiciousActivity).is_some() {
            suspicion(alerts, event, now, &mut sightings);
        }
    }
    for observations in sightings.values_mut() {
        observations.sort_by_key(|observation| observation.at);
    }
    sightings
}

/// A refusal counts toward the type that the table of refusals names.
fn refusal<'e>(alerts: &Alerts, gate_id: &str, event: &'e Event, now: Moment, into: &mut Sightings<'e>) {
    let Some(kind) = event.reason.and_then(|reason| reason.row().alert) else { return };
    let Some(counted) = alerts.types.counted(kind).filter(|_| alerts.severity(kind).is_some()) else { return };
    let observation = Observation {
        at: event.at.min(now.0),
        rule: Rule::Refusals,
        threshold: counted.threshold,
        what: What::Times(event.count),
        event,
    };
    into.entry((kind, subject(gate_id, event))).or_default().push(observation);
}

/// The subject that a refusal is counted for: the key whose record was found, else the address, else the gate, which counts
/// junk without saying where it came from.
fn subject(gate_id: &str, event: &Event) -> Subject {
    match &event.key_id {
        Some(id) => Subject::Key(id.clone()),
        None if !event.client_ip.is_empty() => Subject::Address(network(&event.client_ip)),
        None => Subject::Gate(gate_id.to_owned()),
    }
}

/// Read methods that answer nothing of any record: programs ask for every model when they start.
const OF_NO_RECORD: [&str; 12] = [
    "check_access",
    "check_access_rights",
    "check_access_rule",
    "check_field_access_rights",
    "default_get",
    "fields_get",
    "get_empty_list_help",
    "get_import_templates",
    "get_view",
    "get_views",
    "has_access",
    "search_count",
];

/// The observations in an event with a verified key. A guess at a key says nothing of the key.
fn suspicion<'e>(alerts: &Alerts, event: &'e Event, now: Moment, into: &mut Sightings<'e>) {
    let (Some(key_id), Some(_verified)) = (&event.key_id, &event.database) else { return };
    let mut look = |rule, what| {
        let Some(threshold) = alerts.types.suspicious_activity.rules.threshold(rule) else { return };
        let place = (AlertType::SuspiciousActivity, Subject::Key(key_id.clone()));
        into.entry(place).or_default().push(Observation { at: event.at.min(now.0), rule, threshold, what, event });
    };
    if !event.client_ip.is_empty() {
        look(Rule::ManyAddresses, What::Item(network(&event.client_ip).into()));
    }
    let method = event.method.as_deref().filter(|method| !OF_NO_RECORD.contains(method));
    if let Some(model) =
        event.model.as_deref().filter(|_| method.is_some() && event.operations.contains(Operation::Read))
    {
        look(Rule::DistinctModels, What::Item(Cow::Borrowed(model)));
    }
    // Refusals that belong to no type are the gate's doing or an administrator's, not the caller's.
    let Some((reason, kind)) = event.reason.and_then(|reason| Some((reason, reason.row().alert?))) else { return };
    look(Rule::ManyRefusals, What::Times(event.count));
    look(Rule::MixedRefusals, What::Item(Cow::Borrowed(kind_of(kind))));
    if let (Some(method), AlertType::PermissionDenied) = (method, kind) {
        let model = event.model.as_deref().unwrap_or_default();
        look(Rule::DistinctRefusals, What::Item(format!("{model} {method}").into()));
    }
    match reason {
        Reason::MalformedRequest => look(Rule::MalformedRequests, What::Times(event.count)),
        Reason::SessionLimit => look(Rule::SessionLimit, What::Times(event.count)),
        _ => {}
    }
}

/// The kind of a refusal, by the caller that it points to. An agent that wants more than it may is refused for many reasons
/// and one kind; with that it may well call too often or in a wrong form, and that is one more.
const fn kind_of(refused: AlertType) -> &'static str {
    match refused {
        AlertType::PermissionDenied => "right",
        AlertType::AuthenticationFailed | AlertType::IpBlocked => "identity",
        AlertType::EndpointViolation => "road",
        AlertType::RateLimitExceeded | AlertType::SuspiciousActivity | AlertType::EmergencyRevocation => "form",
    }
}
