//! Cases: calls, and the decisions that are wanted on them, in a file beside the policy file.

use std::collections::BTreeSet;
use std::path::Path;

use lictor_policy::operation::Operations;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Profile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::remote::policy::text::{self, Text};
use crate::cli::terminal::failure::{Exit, Failure, Result};

/// A call, and the decision that is wanted on it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// For people; no two cases have the same.
    pub name: String,
    key: Option<String>,
    user: Option<String>,
    profiles: Option<Vec<Profile>>,
    #[serde(default)]
    scopes: Operations,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    ip: Option<String>,
    model: String,
    method: String,
    args: Option<Vec<Value>>,
    kwargs: Option<Map<String, Value>>,
    want: Verdict,
    reason: Option<Reason>,
    lacks: Option<Vec<String>>,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It passes.
    Allowed,
    /// It is refused.
    Denied,
    /// It passes, as what would refuse it is in shadow.
    WouldDeny,
}

/// A decision: the one that is wanted, as far as the case says, or the one that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// How the call ends.
    pub outcome: Verdict,
    /// Why, if it is refused or would be.
    pub reason: Option<Reason>,
    /// All that it lacks, sorted.
    pub lacks: Option<BTreeSet<String>>,
}

/// The decision of the service, as far as cases are about it.
#[derive(Debug, Deserialize)]
struct Explanation {
    outcome: Verdict,
    reason: Option<Reason>,
    would_deny: Option<Reason>,
    lacks: BTreeSet<String>,
}

impl Case {
    /// Reads and checks a file of cases; `-` is standard input.
    pub(crate) fn load(path: &Path) -> Result<Vec<Self>> {
        let Text { name, text } = Text::read(path)?;
        Self::read(&name, &text)
    }

    /// Reads and checks the text of a file; `name` stands before what is wrong.
    pub fn read(name: &str, text: &str) -> Result<Vec<Self>> {
        let wrong = |error| text::wrong(name, &error, |_| "");
        // Read once without the types: that finds what stands twice.
        let given: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(wrong)?;
        let cases: Vec<Self> = match given.is_null() {
            true => Vec::new(),
            false => serde_yaml_ng::from_str(text).map_err(wrong)?,
        };
        let invalid = |what: String| Failure::new(Exit::Invalid, format!("{name}: {what}"));
        if cases.is_empty() {
            return Err(invalid("there is no case in it.".to_owned()));
        }
        let mut names = BTreeSet::new();
        for case in &cases {
            if !names.insert(&case.name) {
                return Err(invalid(format!("two cases are called '{}': give each its own name.", case.name)));
            }
            if case.want == Verdict::Allowed && (case.reason.is_some() || case.lacks.is_some()) {
                let what = "an allowed call lacks nothing: leave reason and lacks out, or want denied.";
                return Err(invalid(format!("case '{}': {what}", case.name)));
            }
        }
        Ok(cases)
    }

    /// The call, as the service is asked about it.
    pub(crate) fn question(&self) -> Value {
        let given = [
            ("key", self.key.as_deref().map(Value::from)),
            ("user", self.user.as_deref().map(Value::from)),
            ("profiles", self.profiles.as_ref().map(|all| all.iter().map(|one| one.0.as_str()).collect())),
            ("scopes", (!self.scopes.is_empty()).then(|| serde_json::to_value(self.scopes).unwrap_or_default())),
            ("models", (!self.models.is_empty()).then(|| self.models.clone().into())),
            ("groups", (!self.groups.is_empty()).then(|| self.groups.clone().into())),
            ("client_ip", self.ip.as_deref().map(Value::from)),
            ("model", Some(self.model.as_str().into())),
            ("method", Some(self.method.as_str().into())),
            ("args", self.args.clone().map(Value::from)),
            ("kwargs", self.kwargs.clone().map(Value::from)),
        ];
        crate::cli::remote::body(given)
    }

    /// The decision that is wanted.
    pub(crate) fn wanted(&self) -> Decision {
        let lacks = self.lacks.as_ref().map(|lacks| lacks.iter().cloned().collect());
        Decision { outcome: self.want, reason: self.reason, lacks }
    }
}

impl Decision {
    /// The decision that the service tells.
    pub(crate) fn told(explanation: &Value) -> Result<Self> {
        let Explanation { outcome, reason, would_deny, lacks } = serde_json::from_value(explanation.clone())
            .map_err(|error| Failure::failed(format!("The service sent what this version cannot read: {error}")))?;
        let outcome = if outcome == Verdict::Allowed && would_deny.is_some() { Verdict::WouldDeny } else { outcome };
        Ok(Self { outcome, reason: reason.or(would_deny), lacks: Some(lacks) })
    }

    /// Whether another one is as this one wants it.
    pub(crate) fn takes(&self, came: &Self) -> bool {
        self.outcome == came.outcome
            && (self.reason.is_none() || self.reason == came.reason)
            && (self.lacks.is_none() || self.lacks == came.lacks)
    }

    /// In words: the outcome, and the reason and what is lacking as far as they are said.
    pub(crate) fn words(&self) -> String {
        let mut words = match self.outcome {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::WouldDeny => "would deny",
        }
        .to_owned();
        if let Some(reason) = self.reason {
            words.push_str(&format!(": {}", reason.row().name));
        }
        if let Some(lacks) = self.lacks.as_ref().filter(|lacks| !lacks.is_empty()) {
            words.push_str(&format!(" ({})", lacks.iter().cloned().collect::<Vec<_>>().join(", ")));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        const CALL: &str = "name: a, profiles: [], model: m, method: read";
        for (text, message) in [
            ("", "c.yaml: there is no case in it."),
            ("[]", "c.yaml: there is no case in it."),
            ("name: a", "c.yaml:1:1: expected a sequence."),
            (&format!("- {{{CALL}}}"), "c.yaml:1:3: [0]: missing field `want`"),
            (&format!("- {{{CALL}, want: allowed}}\n- {{{CALL}, wants: denied}}"), "c.yaml:2:"),
            (&format!("- {{{CALL}, want: maybe}}"), "[0].want: unknown variant `maybe`, expected one of `allowed`"),
            (&format!("- {{{CALL}, want: denied, reason: no}}"), "[0].reason: "),
            (&format!("- {{{CALL}, want: denied, scopes: [reed]}}"), "[0].scopes[0]: unknown variant `reed`"),
            (&format!("- {{{CALL}, want: denied, want: allowed}}"), "duplicate"),
            (&format!("- {{{CALL}, want: denied, kwargs: {{a: 1, a: 2}}}}"), "duplicate"),
            (&format!("- {{{CALL}, want: allowed}}\n- {{{CALL}, want: allowed}}"), "two cases are called 'a'"),
            (&format!("- {{{CALL}, want: allowed, lacks: []}}"), "case 'a': an allowed call lacks nothing"),
        ] {
            let failure = Case::read("c.yaml", text).unwrap_err();
            assert_eq!(failure.exit, Exit::Invalid, "{text}");
            assert!(failure.message.contains(message), "{text:?}: {}", failure.message);
        }
    }

    #[test]
    fn a_decision_is_as_wanted_if_it_is_in_all_that_was_said() {
        let decision = |outcome, reason, lacks: Option<&[&str]>| Decision {
            outcome,
            reason,
            lacks: lacks.map(|lacks| lacks.iter().map(|lack| (*lack).to_owned()).collect()),
        };
        use Reason::{PermissionDenied, ScopeDenied};
        use Verdict::{Allowed, Denied, WouldDeny};
        let came = decision(Denied, Some(ScopeDenied), Some(&["scope write", "write m"]));
        for (wanted, is_taken) in [
            (decision(Denied, None, None), true),
            (decision(Denied, Some(ScopeDenied), None), true),
            (decision(Denied, Some(ScopeDenied), Some(&["write m", "scope write"])), true),
            (decision(Denied, Some(PermissionDenied), None), false),
            (decision(Denied, None, Some(&["scope write"])), false),
            (decision(Denied, None, Some(&[])), false),
            (decision(WouldDeny, None, None), false),
            (decision(Allowed, None, None), false),
        ] {
            assert_eq!(wanted.takes(&came), is_taken, "{wanted:?}");
        }
        assert_eq!(came.words(), "denied: scope_denied (scope write, write m)");
    }
}
