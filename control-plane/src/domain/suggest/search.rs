//! Finds the grants that the recorded calls need, by asking the core what each of them lacks.

use std::collections::BTreeSet;

use lictor_policy::call::Call;
use lictor_policy::decide::lack::Lack;
use lictor_policy::odoo::calls;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::snapshot::BadSnapshot;

use crate::domain::suggest::draft::{Asked, Draft, Missing};
use crate::domain::suggest::grant::{Grant, opening};

/// How often a call is asked about with more grants. What it lacks shows by layers: a model, its fields, the fields of the next
/// one, and the parts of the other's name; Odoo's own paths lead over three models.
const MAX_ROUNDS: usize = 40;
/// How often it is tried which grants the calls can do without. By the second time hardly any is left.
const MAX_SWEEPS: usize = 3;
/// Of all that a call lacks, so much is told.
const MAX_TOLD: usize = 12;

/// Why a kind of call stays closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why it is refused; none if that cannot be said.
    pub reason: Option<Reason>,
    /// What it lacks and nothing opens: names, as in the audit record.
    pub lacks: Vec<String>,
    /// The same for people.
    pub detail: String,
}

/// The grants that a call needs if nothing else is allowed.
pub(super) enum Alone {
    Open(Needs),
    Closed(Closed),
    /// First the fields of these models have to be known.
    Wants(BTreeSet<String>),
}

/// The grants that a call needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub grants: BTreeSet<Grant>,
    /// Other models that it writes: model and field through which, and the other model.
    pub through: BTreeSet<(String, String, String)>,
}

/// Finds the narrowest grants with which a call passes. `has_done`: Odoo has done such a call, so that it has the method.
pub(super) fn alone(draft: &mut Draft, call: &Call<'_>, has_done: bool) -> Result<Alone, BadSnapshot> {
    let mut needs = Needs::default();
    for _ in 0..MAX_ROUNDS {
        draft.put(&needs.grants)?;
        let lacks = match draft.ask(call)? {
            Asked::Refused(refusal) => return Ok(Alone::Closed(refused(refusal))),
            Asked::ListsFields if needs.grants.insert(Grant::ReadAll { model: call.model.to_string() }) => continue,
            Asked::Passes | Asked::ListsFields => return existing(draft, needs),
            Asked::Lacks(lacks) => lacks,
        };
        let unknown = |lack: &Lack| if let Lack::UnknownModel(model) = lack { Some(model.clone()) } else { None };
        let wanted: BTreeSet<_> = lacks.iter().filter_map(unknown).collect();
        if let Some(absent) = wanted.iter().find(|model| draft.missing(model) == Some(Missing::Absent)) {
            return Ok(Alone::Closed(no_model(absent)));
        }
        let wanted: BTreeSet<_> = wanted.into_iter().filter(|model| draft.missing(model).is_none()).collect();
        if !wanted.is_empty() {
            return Ok(Alone::Wants(wanted));
        }
        let has_method = |lack: &&Lack| match lack {
            Lack::Listed { model, name } => has_done || calls::is_known(model, name) != Some(false),
            _ => true,
        };
        if let Some(Lack::Listed { model, name }) = lacks.iter().find(|lack| !has_method(lack)) {
            let detail = format!("The model {model} has no method {name}, as far as Lictor can tell.");
            let lacks = vec![format!("unknown {model}.{name}")];
            return Ok(Alone::Closed(Closed { reason: Some(Reason::MethodDenied), lacks, detail }));
        }
        for lack in &lacks {
            if let Lack::Nested { model, field, other, .. } = lack {
                needs.through.insert((model.clone(), field.clone(), other.clone()));
            }
        }
        // Operations first: a path into a model that may be read then shows which of its fields are.
        let (of_models, of_names): (Vec<_>, Vec<_>) = lacks.iter().partition(|lack| is_of_model(lack));
        let opened =
            |lacks: Vec<&Lack>| -> Vec<_> { lacks.into_iter().flat_map(|lack| opening(lack, &needs.grants)).collect() };
        let mut more = opened(of_models);
        if more.is_empty() {
            more = opened(of_names);
        }
        if more.is_empty() {
            return Ok(Alone::Closed(closed(&lacks)));
        }
        needs.grants.extend(more);
    }
    let detail = "It lacks something new whatever is opened for it.".to_owned();
    Ok(Alone::Closed(Closed { reason: None, lacks: Vec::new(), detail }))
}

/// Whether a model's records may not be treated so at all.
const fn is_of_model(lack: &Lack) -> bool {
    matches!(lack, Lack::Operations { .. } | Lack::Nested { .. } | Lack::Named(_))
}

/// A call may name no field of a model that Odoo does not have.
fn existing(draft: &Draft, needs: Needs) -> Result<Alone, BadSnapshot> {
    let mut wanted = BTreeSet::new();
    for model in needs.grants.iter().map(Grant::model).collect::<BTreeSet<_>>() {
        match draft.missing(model) {
            Some(Missing::Absent) => return Ok(Alone::Closed(no_model(model))),
            None if !draft.knows(model)? => drop(wanted.insert(model.to_owned())),
            Some(Missing::Untold) | None => {}
        }
    }
    Ok(if wanted.is_empty() { Alone::Open(needs) } else { Alone::Wants(wanted) })
}

/// All grants together, with which these calls pass. One rule of fields for calls of several kinds may close to one of them what
/// nothing said of it had opened.
pub(super) fn together(draft: &mut Draft, calls: &[(&Call<'_>, &Needs)]) -> Result<BTreeSet<Grant>, BadSnapshot> {
    let mut all: BTreeSet<Grant> = calls.iter().flat_map(|(_, needs)| &needs.grants).cloned().collect();
    for _ in 0..MAX_ROUNDS {
        draft.put(&all)?;
        let mut more = Vec::new();
        for (call, _) in calls {
            if let Asked::Lacks(lacks) = draft.ask(call)? {
                more.extend(lacks.iter().flat_map(|lack| opening(lack, &all)));
            }
        }
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    Ok(all)
}

/// Drops every grant without which each of the calls passes.
pub(super) fn least(
    draft: &mut Draft,
    mut grants: BTreeSet<Grant>,
    calls: &[(&Call<'_>, &Needs)],
) -> Result<BTreeSet<Grant>, BadSnapshot> {
    for _ in 0..MAX_SWEEPS {
        let before = grants.len();
        for grant in grants.clone() {
            // A call that lists all fields passes without it too, and is answered nothing.
            if matches!(grant, Grant::ReadAll { .. }) {
                continue;
            }
            grants.remove(&grant);
            draft.put(&grants)?;
            // Those that asked for it show soonest that it is needed.
            let (first, rest): (Vec<_>, Vec<_>) = calls.iter().partition(|(_, needs)| needs.grants.contains(&grant));
            let mut pass = true;
            for (call, _) in first.into_iter().chain(rest) {
                if !passes(draft, call)? {
                    pass = false;
                    break;
                }
            }
            if !pass {
                grants.insert(grant);
            }
        }
        if grants.len() == before {
            break;
        }
    }
    Ok(grants)
}

/// Whether a call passes under the grants that were put.
pub(super) fn passes(draft: &Draft, call: &Call<'_>) -> Result<bool, BadSnapshot> {
    Ok(matches!(draft.ask(call)?, Asked::Passes | Asked::ListsFields))
}

/// Why a call does not pass under the grants that were put, if it does not.
pub(super) fn verdict(draft: &Draft, call: &Call<'_>) -> Result<Option<Closed>, BadSnapshot> {
    Ok(match draft.ask(call)? {
        Asked::Passes | Asked::ListsFields => None,
        Asked::Lacks(lacks) => Some(closed(&lacks)),
        Asked::Refused(refusal) => Some(refused(refusal)),
    })
}

fn refused(refusal: Refusal) -> Closed {
    Closed { reason: Some(refusal.reason), lacks: Vec::new(), detail: refusal.sentence.into_owned() }
}

fn no_model(model: &str) -> Closed {
    let detail = format!("Odoo has no model {model}, or does not tell the key's user of it.");
    Closed { reason: None, lacks: vec![format!("unknown {model}")], detail }
}

fn closed(lacks: &[Lack]) -> Closed {
    let mut detail = lacks.iter().take(MAX_TOLD).map(Lack::to_string).collect::<Vec<_>>().join("; ");
    if let Some(initial) = detail.get_mut(..1) {
        initial.make_ascii_uppercase();
    }
    detail.push('.');
    let names = lacks.iter().take(MAX_TOLD).map(Lack::name).collect();
    Closed { reason: lacks.first().map(Lack::reason), lacks: names, detail }
}
