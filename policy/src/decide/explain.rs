//! The decision check by check, for administrators: the same code, without a gate's memory, changing nothing.

use crate::call::Call;
use crate::decide::shadow::Shadowed;
use crate::decide::{Facts, Stage, Trace, admit, key, pause, permitted};
use crate::refusal::Refusal;
use crate::snapshot::{Key, Snapshot};

/// One stage and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The stage.
    pub stage: Stage,
    /// What it says.
    pub finding: Finding,
}

/// What a stage says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It lets the call through.
    Passed,
    /// Only a gate can tell: it depends on the calls before, or on where the call comes from.
    NotEvaluated,
    /// It would refuse the call, but is in shadow and lets it through.
    WouldDeny(Refusal),
    /// It refuses the call. No stage follows.
    Refused(Refusal),
}

/// Explains what a gate would decide on a call with this key. The call's password is not looked at. Without a client's address the
/// check of that is not evaluated, unless any address may call.
pub fn explain(snapshot: &Snapshot, key: &Key, call: &Call<'_>, facts: Facts<'_>) -> Vec<Check> {
    let (mut checks, mut shadowed) = (Vec::new(), Shadowed::new(snapshot));
    let mut refused = before_permission(snapshot, key, call, facts, &mut shadowed, &mut checks).err();
    if refused.is_none() {
        let mut trace = Trace::default();
        let result = permitted(snapshot, key, call, &mut shadowed, &mut trace);
        let rest = [Stage::Method, Stage::Scope, Stage::Model, Stage::Permission];
        let passed = rest.into_iter().filter(|stage| *stage < trace.stage || result.is_ok());
        checks.extend(passed.map(|stage| Check { stage, finding: Finding::Passed }));
        refused = result.err().map(|refusal| (trace.stage, refusal));
    }
    for Check { stage, finding } in &mut checks {
        if let Some(refusal) = shadowed.of(*stage) {
            *finding = Finding::WouldDeny(refusal.clone());
        }
    }
    checks.extend(refused.map(|(stage, refusal)| Check { stage, finding: Finding::Refused(refusal) }));
    checks
}

fn before_permission(
    snapshot: &Snapshot,
    key: &Key,
    call: &Call<'_>,
    facts: Facts<'_>,
    shadowed: &mut Shadowed<'_>,
    checks: &mut Vec<Check>,
) -> Result<(), (Stage, Refusal)> {
    let mut note = |stage, known: bool, result: Result<(), Refusal>| {
        result.map_err(|refusal| (stage, refusal))?;
        checks.push(Check { stage, finding: if known { Finding::Passed } else { Finding::NotEvaluated } });
        Ok(())
    };
    note(Stage::Key, true, usable(key, facts))?;
    note(Stage::Identity, true, key::identity(key, call))?;
    note(Stage::Pause, true, pause::key(snapshot, key))?;
    let unlimited = admit::session_limit(snapshot, key) == 0;
    note(Stage::Session, unlimited, admit::terminated(snapshot, key, facts))?;
    let unlisted = snapshot.settings.ip_allow_list.is_empty() && key.ip_allow_list.is_empty();
    match facts.client {
        None => note(Stage::Address, unlisted, Ok(()))?,
        Some(_) => note(Stage::Address, true, shadowed.pass(Stage::Address, admit::address(snapshot, key, facts)))?,
    }
    note(Stage::Rate, admit::rate_limit(snapshot, key).is_none(), Ok(()))
}

fn usable(key: &Key, facts: Facts<'_>) -> Result<(), Refusal> {
    key::current(key, facts)?;
    key::accepted(key)
}
