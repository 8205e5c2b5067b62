//! `explain`: what a gate would decide on calls, check by check, and why, by the policy that is stored or with a draft over it.
//! Changes nothing.

mod answer;
mod call;
pub mod replay;

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use lictor_policy::address;
use lictor_policy::decide::{Facts, Head};
use lictor_policy::operation::Operations;
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use lictor_policy::wire::{self, Profile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::explain::answer::Explanation;
use crate::api::explain::call::GivenCall;
use crate::api::unknown::Unknown;
use crate::app::App;
use crate::app::trial::{Drafted, Ended, Subject, Trial, Whose};
use crate::domain::policy::{Draft, MAX_CASES};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::validate;
use crate::http::extract::{Body, Query};
use crate::tasks::schema::unsaved;

/// A call, as far as it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    key_id: String,
    client_ip: String,
    model: String,
    method: String,
    /// As in `execute_kw`. Left out: a plain call of the method, with one record where it takes records.
    #[serde(default)]
    args: Option<Vec<Value>>,
    #[serde(default)]
    kwargs: Map<String, Value>,
    /// Left out: the key's own.
    #[serde(default)]
    database: Option<String>,
    /// Left out: the key's own.
    #[schemars(range(min = i64::MIN, max = i64::MAX))]
    #[serde(default)]
    uid: Option<i64>,
    /// Records in the place of those that are stored, as a policy file has them: the decision is that which would be made if they were
    /// saved. They are not.
    #[serde(default)]
    draft: Option<Draft>,
    /// Whether what the draft's sections lack would be deleted.
    #[serde(default)]
    prune: bool,
}

/// Calls that are asked about at once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// As for one call.
    #[serde(default)]
    draft: Option<Draft>,
    /// Whether what the draft's sections lack would be deleted.
    #[serde(default)]
    prune: bool,
    #[schemars(length(max = MAX_CASES))]
    cases: Vec<Case>,
}

/// A call, with a key or for one that need not exist.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The id, the prefix or the name of a key that is stored or in the draft; in its place `profiles` for one that need not exist.
    #[serde(default)]
    key: Option<String>,
    /// The user of the key, by mail address or name.
    #[serde(default)]
    user: Option<String>,
    /// The profiles of a key that need not exist; an empty list is the default one.
    #[serde(default)]
    profiles: Option<Vec<Profile>>,
    /// Its scopes; left out, all.
    #[serde(default)]
    scopes: Operations,
    /// Its models; left out, all.
    #[serde(default)]
    models: Vec<String>,
    /// Groups that its user has besides.
    #[serde(default)]
    groups: Vec<String>,
    /// Left out: the check of addresses is not evaluated.
    #[serde(default)]
    client_ip: Option<String>,
    model: String,
    method: String,
    /// As in `execute_kw`. Left out: a plain call of the method, with one record where it takes records.
    #[serde(default)]
    args: Option<Vec<Value>>,
    #[serde(default)]
    kwargs: Map<String, Value>,
}

/// The decisions, in the order of the cases.
#[derive(Serialize, JsonSchema)]
pub struct Explanations {
    explanations: Vec<Explanation>,
}

/// `POST /api/v1/explain`
pub async fn explain(
    State(app): State<App>,
    Query(unknown): Query<Unknown>,
    Body(question): Body<Question>,
) -> Result<Json<Explanation>> {
    let Question { key_id, client_ip, model, method, args, kwargs, database, uid, draft, prune } = question;
    let client = Some(client(&client_ip)?);
    let mut trial = trial(&app, unknown, draft.as_ref(), prune).await?;
    let subject = trial.subject(Whose::Id(&key_id)).await?;
    let call = GivenCall { model, method, args, kwargs, database, uid };
    let explained = decided(&app, trial, draft.is_some(), vec![Asked { subject, client, call }]).await;
    let [explanation] =
        explained.map_err(|(_, problem)| problem)?.try_into().map_err(|_| Problem::internal("one call"))?;
    Ok(Json(explanation))
}

/// `POST /api/v1/explain/cases`
pub async fn explain_all(
    State(app): State<App>,
    Query(unknown): Query<Unknown>,
    Body(Cases { draft, prune, cases }): Body<Cases>,
) -> Result<Json<Explanations>> {
    let mut trial = trial(&app, unknown, draft.as_ref(), prune).await?;
    let mut asked = Vec::with_capacity(cases.len());
    for (at, case) in cases.into_iter().enumerate() {
        asked.push(case.asked(&mut trial).await.map_err(|problem| of_case(at, problem))?);
    }
    let explained = decided(&app, trial, draft.is_some(), asked).await;
    let explanations = explained.map_err(|(at, problem)| at.map_or(problem.clone(), |at| of_case(at, problem)))?;
    Ok(Json(Explanations { explanations }))
}

/// A problem with a case, but for one with the draft.
fn of_case(at: usize, problem: Problem) -> Problem {
    match &problem.field {
        Some(field) if !field.starts_with("draft.") => problem.within(&format!("cases[{at}]")),
        _ => problem,
    }
}

fn client(address: &str) -> Result<IpAddr> {
    let client = address::client(address);
    client.ok_or_else(|| Problem::invalid("client_ip", "Give an IP address, such as 192.0.2.7."))
}

/// The policy that is asked about.
async fn trial<'d>(app: &'d App, unknown: Unknown, draft: Option<&'d Draft>, prune: bool) -> Result<Trial<'d>> {
    if let Some(draft) = draft {
        unknown.draft(app, draft).await?;
    } else if prune {
        return Err(Problem::invalid("prune", "Give a draft, or leave this out: there is nothing to compare with."));
    }
    Trial::new(app, draft.map(|draft| Drafted { draft, prune })).await
}

/// A call that is asked about.
struct Asked {
    subject: Subject,
    client: Option<IpAddr>,
    call: GivenCall,
}

impl Case {
    async fn asked(self, trial: &mut Trial<'_>) -> Result<Asked> {
        let Self { key, user, profiles, scopes, models, groups, client_ip, model, method, args, kwargs } = self;
        let user = user.as_deref();
        let whose = match (&key, &profiles) {
            (Some(key), None) => {
                let given =
                    [(scopes.is_empty(), "scopes"), (models.is_empty(), "models"), (groups.is_empty(), "groups")];
                if let Some((_, field)) = given.into_iter().find(|(is_absent, _)| !is_absent) {
                    return Err(Problem::invalid(
                        field,
                        "Leave it out: the key has its own; or give profiles, and no key.",
                    ));
                }
                Whose::Named { key, user }
            }
            (None, Some(profiles)) => {
                validate::texts("groups", &groups)?;
                Whose::MadeUp { user, groups: &groups, profiles, scopes, models: &models }
            }
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("profiles", "Leave it out: the key has its own; or give no key."));
            }
            (None, None) => {
                let detail = "Name a key, or give the profiles of one that need not exist.";
                return Err(Problem::with_field(Code::MissingField, "key", detail));
            }
        };
        let subject = trial.subject(whose).await?;
        let client = client_ip.as_deref().map(client).transpose()?;
        Ok(Asked { subject, client, call: GivenCall { model, method, args, kwargs, database: None, uid: None } })
    }
}

/// Decides on all calls by one policy; a problem is with the call at a place, or with none.
async fn decided(
    app: &App,
    trial: Trial<'_>,
    is_drafted: bool,
    asked: Vec<Asked>,
) -> Result<Vec<Explanation>, (Option<usize>, Problem)> {
    let policy = complete(app, trial, is_drafted).await.map_err(|problem| (None, problem))?;
    let now = app.now().0;
    // A policy may have thousands of permissions: other requests go on meanwhile.
    let work = tokio::task::spawn_blocking(move || {
        let unusable = |bad| (None, unusable(bad, is_drafted));
        let policy = Snapshot::try_from(policy).map_err(unusable)?;
        let explained = |(at, Asked { subject, client, call }): (usize, &Asked)| {
            let call = call.read(&subject.database, subject.uid).map_err(|problem| (Some(at), problem))?;
            let facts = Facts { now, client: *client, user_agent: b"", head: Head::default() };
            Explanation::of(&policy, subject, &call, facts).map_err(unusable)
        };
        asked.iter().enumerate().map(explained).collect()
    });
    work.await.map_err(|error| (None, Problem::internal(error)))?
}

/// A policy that gates would refuse: the draft's fault, if there is one.
fn unusable(bad: BadSnapshot, is_drafted: bool) -> Problem {
    match is_drafted {
        true => Problem::new(Code::UnusablePolicy, format!("Change this: {bad}.")),
        false => Problem::internal(bad),
    }
}

/// The policy with its keys and, if it is drafted, with the models that the draft needs.
async fn complete(app: &App, trial: Trial<'_>, is_drafted: bool) -> Result<wire::Snapshot> {
    let Ended { mut policy, keys } = trial.end();
    if is_drafted {
        let wire::Snapshot { schema, permissions, .. } = &mut policy.snapshot;
        let users = keys.iter().map(|(user, _)| user);
        policy.sets = unsaved::complete(app, &mut schema.models, &policy.sets, permissions, users).await?;
    }
    for (user, key) in &keys {
        policy.add(user, key)?;
    }
    Ok(policy.snapshot)
}
