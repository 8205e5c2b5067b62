//! The decision on a call, as it is shown.

use lictor_policy::call::Call;
use lictor_policy::decide::lack::Lack;
use lictor_policy::decide::{self, Check, Facts, Finding, Stage};
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use lictor_policy::wire::MAX_LACKS;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::trial::Subject;

/// The decision.
#[derive(Serialize, JsonSchema)]
pub struct Explanation {
    /// `allowed` if no check refuses: those that only a gate can make may still.
    outcome: &'static str,
    /// The refusal's reason.
    reason: Option<Reason>,
    /// Why it would be refused, if no stage were in shadow.
    would_deny: Option<Reason>,
    /// All that the call lacks, by names, as audit records have it; also what a stage in shadow lets pass.
    lacks: Vec<String>,
    /// In their order; after a refusal no check follows.
    checks: Vec<View>,
}

/// A decision without its checks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// Why it is refused, or would be if no stage were in shadow.
    reason: Option<Reason>,
    /// All that the call lacks, by names, as audit records have it.
    lacks: Vec<String>,
    /// What would have to change.
    detail: Option<String>,
}

/// How a call ends.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "DecisionOutcome")]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It passes.
    Allowed,
    /// It passes, as what would refuse it is in shadow.
    WouldDeny,
    /// It is refused.
    Denied,
}

/// One check.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct View {
    stage: Stage,
    /// `passed`, `refused`, `would_deny`: it is in shadow and lets the call pass, or `not_evaluated`: it depends on the
    /// calls that a gate had before, or on where the call comes from and that was not said.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_code: Option<u16>,
    /// What would have to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Explanation {
    /// Explains a call with a key of the policy.
    pub(super) fn of(
        policy: &Snapshot,
        subject: &Subject,
        call: &Call<'_>,
        facts: Facts<'_>,
    ) -> Result<Self, BadSnapshot> {
        let Some(key) = policy.key(&subject.prefix)?.filter(|_| subject.absent.is_none()) else {
            // To gates it is unknown.
            let refusal = Refusal::explained(Reason::InvalidKey, subject.absent.unwrap_or_default());
            return Ok(Self::shown(vec![Check { stage: Stage::Key, finding: Finding::Refused(refusal) }], Vec::new()));
        };
        let checks = decide::explain(policy, key, call, facts);
        let has_lacks = |check: &Check| {
            check.stage >= Stage::Method && matches!(check.finding, Finding::Refused(_) | Finding::WouldDeny(_))
        };
        let mut lacks = match checks.iter().any(has_lacks) {
            true => decide::lacks(policy, key, call).map_or_else(|_| Vec::new(), |(lacks, _)| lacks),
            false => Vec::new(),
        };
        lacks.sort_by_key(Lack::stage);
        Ok(Self::shown(checks, lacks.iter().take(MAX_LACKS).map(Lack::name).collect()))
    }

    /// Whether it depends on the call, and not only on whose it is.
    pub(super) fn is_of_call(&self) -> bool {
        !self.checks.iter().any(|check| check.outcome == REFUSED && check.stage < Stage::Method)
    }

    fn shown(checks: Vec<Check>, lacks: Vec<String>) -> Self {
        let checks: Vec<_> = checks.into_iter().map(View::of).collect();
        let first = |outcome| checks.iter().find(|check| check.outcome == outcome).and_then(|check| check.reason);
        let (reason, would_deny) = (first(REFUSED), first(WOULD_DENY));
        match reason {
            Some(_) => Self { outcome: "denied", reason, would_deny: None, lacks, checks },
            None => Self { outcome: "allowed", reason, would_deny, lacks, checks },
        }
    }
}

impl From<Explanation> for Verdict {
    fn from(Explanation { reason, would_deny, lacks, checks, .. }: Explanation) -> Self {
        let (outcome, word) = match (reason, would_deny) {
            (Some(_), _) => (Outcome::Denied, REFUSED),
            (None, Some(_)) => (Outcome::WouldDeny, WOULD_DENY),
            (None, None) => (Outcome::Allowed, REFUSED),
        };
        let detail = checks.into_iter().find(|check| check.outcome == word).and_then(|check| check.detail);
        Self { outcome, reason: reason.or(would_deny), lacks, detail }
    }
}

const REFUSED: &str = "refused";
const WOULD_DENY: &str = "would_deny";

impl View {
    fn of(Check { stage, finding }: Check) -> Self {
        let without_reason = |outcome| Self { stage, outcome, reason: None, fault_code: None, detail: None };
        let because = |outcome, Refusal { reason, sentence, .. }| Self {
            stage,
            outcome,
            reason: Some(reason),
            fault_code: Some(reason.row().code),
            detail: Some(sentence.into_owned()),
        };
        match finding {
            Finding::Passed => without_reason("passed"),
            Finding::NotEvaluated => without_reason("not_evaluated"),
            Finding::WouldDeny(refusal) => because(WOULD_DENY, refusal),
            Finding::Refused(refusal) => because(REFUSED, refusal),
        }
    }
}
