//! The digest of what a change would do, which a dry run answers: whoever sends it with the true run does exactly that, or
//! nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::problem::{Code, Problem, Result};
use crate::domain::signing::Digest;

/// Digits of a digest that tell two plans apart: nobody gains by making two that are the same.
const DIGITS: usize = 32;

/// How much of each thing a change touches.
pub type Counts = BTreeMap<&'static str, u64>;

/// Whether a change is only tried, and which plan it must be.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// Changes nothing, and answers what it would change.
    #[serde(default)]
    pub dry_run: bool,
    /// The `plan` of a dry run: 409 if the change would do something else by now.
    #[serde(default)]
    pub plan: Option<String>,
}

impl DryRun {
    /// Refuses a change that is not the one that was planned.
    ///
    /// # Errors
    /// [`Code::PlanChanged`].
    pub fn check(&self, plan: &str) -> Result<()> {
        if self.plan.as_deref().is_none_or(|planned| planned == plan) {
            return Ok(());
        }
        let detail = "What it would do has changed since the dry run: look at a new one, and send its plan.";
        Err(Problem::with_field(Code::PlanChanged, "plan", detail))
    }
}

/// The digest of what a change would do.
pub fn digest<T: Serialize>(of: &T) -> Result<String> {
    let json = serde_json::to_vec(of).map_err(Problem::internal)?;
    let mut digits = Digest::of("lictor plan 1", &[&json]).to_string();
    digits.truncate(DIGITS);
    Ok(digits)
}

/// What a change would take away with it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "DryRun")]
pub struct Planned {
    /// Send it with the true run, so that it does this and nothing else.
    pub plan: String,
    /// How much of each thing goes with it or is touched by it.
    pub counts: Counts,
}
