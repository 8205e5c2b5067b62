//! The models that a policy needs which is not saved: read from Odoo for an explanation, and not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_policy::wire;
use tokio::time::timeout;

use crate::app::App;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::schema::sets::{GroupSet, MAX_SETS, Numbered, numbered};
use crate::store::users::User;
use crate::tasks::schema::needs::Needs;
use crate::tasks::schema::reading::{self, Failed};
use crate::tasks::schema::{askers, outcome};

/// How long Odoo may take: somebody waits.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Adds to the models what these users would be shown of those that permissions lead to, as far as it is not known. Answers the
/// sets of groups with their numbers, new ones included.
///
/// # Errors
/// [`Code::OdooUnreachable`] if Odoo is needed and does not answer.
pub async fn complete(
    app: &App,
    models: &mut Vec<wire::ModelEntry>,
    known: &[Numbered],
    permissions: &[wire::Permission],
    users: impl Iterator<Item = &User>,
) -> Result<Vec<Numbered>> {
    let mut needs = Needs { permissions: Vec::new(), called: Vec::new(), sets: BTreeMap::new(), more_sets: false };
    for user in users {
        let Some(set) = GroupSet::of(&user.upstream.database, &user.odoo_groups) else { continue };
        if needs.sets.len() < MAX_SETS || needs.sets.contains_key(&set) {
            let users = needs.sets.entry(set).or_default();
            let is_new = users.iter().all(|known| known.upstream != user.upstream);
            users.extend((!user.upstream.rejected && is_new).then(|| user.clone()));
        }
    }
    let all: BTreeSet<GroupSet> = known.iter().map(|known| &known.set).chain(needs.sets.keys()).cloned().collect();
    let sets = numbered(&all, known);
    let askers = askers(app, &needs, &sets);
    if askers.is_empty() {
        return Ok(sets);
    }
    let mut last: BTreeMap<_, _> = std::mem::take(models).into_iter().map(of_entry).collect();
    let read = timeout(READ_TIMEOUT, reading::read_unknown(app, permissions, askers, &last)).await;
    match read {
        Ok(Ok(mut read)) => {
            let numbers: BTreeSet<u32> = sets.iter().map(|set| set.number).collect();
            for name in std::mem::take(&mut read.wanted) {
                let views = read.models.remove(&name).unwrap_or_default();
                let model = outcome::model(&name, views, &mut read.delegations, last.get(&name), &numbers);
                last.extend(model.map(|model| (name, model)));
            }
        }
        // Gates refuse these users as well.
        Ok(Err(Failed::Refused(_))) => {}
        Ok(Err(failed)) => return Err(unreachable(&failed.to_string())),
        Err(_) => return Err(unreachable(&format!("it took longer than {} s", READ_TIMEOUT.as_secs()))),
    }
    *models = last.into_iter().map(|(name, record)| wire::ModelEntry { name, record }).collect();
    Ok(sets)
}

fn of_entry(entry: wire::ModelEntry) -> (String, wire::Model) {
    (entry.name, entry.record)
}

fn unreachable(why: &str) -> Problem {
    let detail = format!("The draft names models that Lictor does not know yet, and Odoo did not tell of them: {why}.");
    Problem::new(Code::OdooUnreachable, detail)
}
