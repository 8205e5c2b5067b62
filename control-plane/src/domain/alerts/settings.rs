//! The settings of alerts.

use lictor_policy::refusal::AlertType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::alerts::{self, Rule};
use crate::domain::problem::Result;
use crate::domain::severity::Severity;
use crate::domain::validate;

/// A day. What happens less often is not a burst of anything; the audit log has it.
pub const MAX_MINUTES: u32 = 24 * 60;
const MAX_COUNT: u32 = 100_000;
/// The greatest number of different things that a rule may wait for: they are kept one by one.
const MAX_ITEMS: u32 = 500;
const MAX_RECIPIENTS: usize = 50;

/// Alert monitoring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Whether there is any monitoring: while it is off nothing is counted and no alert opens.
    pub enabled: bool,
    /// Addresses that are mailed when an alert opens.
    #[schemars(length(max = MAX_RECIPIENTS))]
    pub recipients: Vec<String>,
    /// The mildest severity that is mailed.
    pub mail_from_severity: Severity,
    /// The types.
    pub types: Types,
}

/// The types of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each is the alert type of its name")]
pub struct Types {
    pub authentication_failed: Counted,
    pub rate_limit_exceeded: Counted,
    pub ip_blocked: Counted,
    pub permission_denied: Counted,
    pub endpoint_violation: Counted,
    pub suspicious_activity: Suspicious,
    pub emergency_revocation: Plain,
}

/// A type that counts refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Whether they are counted.
    pub enabled: bool,
    /// How bad an alert is.
    pub severity: Severity,
    /// How many make an alert.
    pub threshold: Threshold,
}

/// So many within so many minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How many.
    #[schemars(range(min = 1, max = MAX_COUNT))]
    pub count: u32,
    /// Within how many minutes. The window is counted in 60 buckets, so it can be up to 1/60 longer than this.
    #[schemars(range(min = 1, max = MAX_MINUTES))]
    pub minutes: u32,
}

/// `suspicious_activity`, which has rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspicious {
    /// Whether the rules are looked at.
    pub enabled: bool,
    /// How bad an alert is, by a rule that does not say so itself.
    pub severity: Severity,
    /// The rules.
    pub rules: Rules,
}

/// The rules of `suspicious_activity`. Each looks at one key, the last at one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Counts the different kinds of reasons for which it was refused: a right that is missing, who calls or from where, the
    /// road, and how much or in which form.
    pub mixed_refusals: RuleSettings,
    /// Counts the different calls, a model with a method, that it was refused for want of a permission.
    pub distinct_refusals: RuleSettings,
    /// Counts all its refusals.
    pub many_refusals: RuleSettings,
    /// Counts the different addresses that it was used from; of IPv6 the networks of 64 bits.
    pub many_addresses: RuleSettings,
    /// Counts the different models whose records it read, or tried to.
    pub distinct_models: RuleSettings,
    /// Counts malformed calls with it.
    pub malformed_requests: RuleSettings,
    /// Counts calls beyond its session limit.
    pub session_limit: RuleSettings,
    /// Whether events that a gate numbered and that never arrived make an alert.
    pub event_gap: Switch,
}

/// A rule that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// Whether it is looked at.
    pub enabled: bool,
    /// How many make an alert.
    pub threshold: Threshold,
    /// How bad an alert is; none: as bad as the type says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// A rule that knows no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether it is looked at.
    pub enabled: bool,
}

/// A type whose every occurrence is an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plain {
    /// Whether there is one.
    pub enabled: bool,
    /// How bad it is.
    pub severity: Severity,
}

const fn counted(severity: Severity, count: u32, minutes: u32) -> Counted {
    Counted { enabled: true, severity, threshold: Threshold { count, minutes } }
}

const fn rule(count: u32, minutes: u32) -> RuleSettings {
    RuleSettings { enabled: true, threshold: Threshold { count, minutes }, severity: None }
}

impl Default for Alerts {
    fn default() -> Self {
        Self { enabled: true, recipients: Vec::new(), mail_from_severity: Severity::High, types: Types::default() }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self {
            authentication_failed: counted(Severity::Medium, 10, 5),
            rate_limit_exceeded: counted(Severity::Low, 20, 5),
            // The key was right: it may have been stolen.
            ip_blocked: counted(Severity::High, 3, 10),
            // An agent that wants more than it may. Who tries what there is meets the rules of suspicious_activity.
            permission_denied: counted(Severity::Low, 10, 10),
            endpoint_violation: counted(Severity::Medium, 5, 10),
            suspicious_activity: Suspicious { enabled: true, severity: Severity::High, rules: Rules::default() },
            emergency_revocation: Plain { enabled: true, severity: Severity::Critical },
        }
    }
}

/// Tried on a day of a harmless agent, which opens nothing above low, and on attacks, all of which are found;
/// `tests/it/streams.rs` has both, and by how much they hold.
impl Default for Rules {
    fn default() -> Self {
        // A program with a fault does these too: they are worth a look, and nobody's sleep.
        let mild = |rule| RuleSettings { severity: Some(Severity::Low), ..rule };
        Self {
            mixed_refusals: rule(3, 10),
            distinct_refusals: rule(20, 10),
            many_refusals: rule(300, 5),
            many_addresses: rule(5, 5),
            distinct_models: rule(20, 5),
            malformed_requests: mild(rule(5, 10)),
            session_limit: mild(rule(1, 10)),
            event_gap: Switch { enabled: true },
        }
    }
}

impl Alerts {
    /// Checks what the types cannot, and names the first field that is wrong.
    pub fn validate(&self) -> Result<()> {
        self.recipients.iter().try_for_each(|address| validate::email("alerts.recipients", address))?;
        for kind in alerts::TYPES {
            if let Some(counted) = self.types.counted(kind) {
                counted.threshold.validate(&format!("alerts.types.{}", alerts::type_name(kind)), 1, MAX_COUNT)?;
            }
        }
        let rules = &self.types.suspicious_activity.rules;
        for (name, rule, least, most) in [
            ("mixed_refusals", rules.mixed_refusals, 2, MAX_ITEMS),
            ("distinct_refusals", rules.distinct_refusals, 2, MAX_ITEMS),
            ("many_refusals", rules.many_refusals, 1, MAX_COUNT),
            ("many_addresses", rules.many_addresses, 2, MAX_ITEMS),
            ("distinct_models", rules.distinct_models, 2, MAX_ITEMS),
            ("malformed_requests", rules.malformed_requests, 1, MAX_COUNT),
            ("session_limit", rules.session_limit, 1, MAX_COUNT),
        ] {
            rule.threshold.validate(&format!("alerts.types.suspicious_activity.rules.{name}"), least, most)?;
        }
        Ok(())
    }

    /// How bad an alert of the type is that the rule opens; none if there are to be none.
    pub fn severity_by(&self, kind: AlertType, rule: Rule) -> Option<Severity> {
        let of_type = self.severity(kind)?;
        let of_rule = self.types.suspicious_activity.rules.counted(rule).and_then(|settings| settings.severity);
        Some(of_rule.unwrap_or(of_type))
    }

    /// How bad an alert of the type is, unless the rule says so itself; none if there are to be none.
    pub fn severity(&self, kind: AlertType) -> Option<Severity> {
        let types = &self.types;
        let (enabled, severity) = match kind {
            AlertType::SuspiciousActivity => (types.suspicious_activity.enabled, types.suspicious_activity.severity),
            AlertType::EmergencyRevocation => (types.emergency_revocation.enabled, types.emergency_revocation.severity),
            AlertType::AuthenticationFailed
            | AlertType::RateLimitExceeded
            | AlertType::IpBlocked
            | AlertType::PermissionDenied
            | AlertType::EndpointViolation => {
                let counted = types.counted(kind)?;
                (counted.enabled, counted.severity)
            }
        };
        (self.enabled && enabled).then_some(severity)
    }
}

impl Types {
    /// The settings of a type that counts refusals.
    pub fn counted(&self, kind: AlertType) -> Option<&Counted> {
        match kind {
            AlertType::AuthenticationFailed => Some(&self.authentication_failed),
            AlertType::RateLimitExceeded => Some(&self.rate_limit_exceeded),
            AlertType::IpBlocked => Some(&self.ip_blocked),
            AlertType::PermissionDenied => Some(&self.permission_denied),
            AlertType::EndpointViolation => Some(&self.endpoint_violation),
            AlertType::SuspiciousActivity | AlertType::EmergencyRevocation => None,
        }
    }
}

impl Rules {
    /// The threshold of a rule; none if it is off or knows no number.
    pub fn threshold(&self, rule: Rule) -> Option<Threshold> {
        self.counted(rule).filter(|settings| settings.enabled).map(|settings| settings.threshold)
    }

    /// The settings of a rule that counts.
    pub fn counted(&self, rule: Rule) -> Option<&RuleSettings> {
        Some(match rule {
            Rule::MixedRefusals => &self.mixed_refusals,
            Rule::DistinctRefusals => &self.distinct_refusals,
            Rule::ManyRefusals => &self.many_refusals,
            Rule::ManyAddresses => &self.many_addresses,
            Rule::DistinctModels => &self.distinct_models,
            Rule::MalformedRequests => &self.malformed_requests,
            Rule::SessionLimit => &self.session_limit,
            Rule::Refusals
            | Rule::EventGap
            | Rule::FilterLost
            | Rule::EmergencyRevocation
            | Rule::KeyNotRotated
            | Rule::KeyNotDelivered
            | Rule::CredentialRejected
            | Rule::CredentialExpiring
            | Rule::UpstreamAdministrator
            | Rule::RowUnproven
            | Rule::SchemaUnread => return None,
        })
    }
}

impl Threshold {
    fn validate(self, field: &str, least: u32, most: u32) -> Result<()> {
        validate::range(&format!("{field}.threshold.count"), self.count, least, most)?;
        validate::range(&format!("{field}.threshold.minutes"), self.minutes, 1, MAX_MINUTES)
    }
}
