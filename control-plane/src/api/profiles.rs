//! `profiles`: named sets of permissions. A key names some, of which one must allow a call whole.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::wire::{self, DEFAULT_PROFILE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{Removed, change_one, remove_one_planned};
use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::plan::{Counts, DryRun};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::template::Template;
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::store::profiles::{self, Profile};
use crate::store::{OrAbsent as _, permissions};

/// What is said of a new profile.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProfile {
    name: String,
    /// For people: whom it is for. Left out: as the template says.
    #[serde(default)]
    description: Option<String>,
    /// What it allows to begin with. Left out: nothing.
    #[serde(default)]
    template: Option<Template>,
}

/// What is made with a profile, for the administrators' log.
#[derive(Serialize)]
struct Made<'p> {
    #[serde(flatten)]
    profile: &'p Profile,
    template: Option<Template>,
    permissions: Vec<wire::Permission>,
}

/// What of a profile may change.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProfileFields")]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// For people: whom it is for.
    description: String,
}

/// `GET /api/v1/profiles`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<Profile>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = profiles::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    Ok(Json(window.page(found, |profile| profile.name.clone())))
}

/// `GET /api/v1/profiles/{profile}`
pub async fn show(State(app): State<App>, Id(name): Id) -> Result<Tagged<Profile>> {
    let profile = profiles::find(&mut *app.store.read().await?, &name).await?.or_absent("profile")?;
    Ok(Tagged(StatusCode::OK, profile.changed, profile))
}

/// `POST /api/v1/profiles`
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<NewProfile>) -> Result<Tagged<Profile>> {
    validate::profile("name", &given.name)?;
    let template = given.template.map(Template::content).transpose()?;
    let (from_template, rules) = template.map_or_else(Default::default, |of| (of.description, of.permissions));
    let description = given.description.unwrap_or(from_template);
    described(&description)?;
    let permissions: Vec<_> = rules
        .into_iter()
        .map(|(model, rules)| rules.of(wire::Profile(given.name.clone()), model))
        .collect::<Result<_>>()?;
    let profile = change(&app, &actor, async |tx| {
        if profiles::find(tx, &given.name).await?.is_some() {
            return Err(Problem::new(Code::NameTaken, "Another profile has this name; choose another."));
        }
        let profile = Profile { name: given.name, description, changed: tx.revision() };
        profiles::insert(tx, &profile).await?;
        for permission in &permissions {
            permissions::put(tx, permission).await?;
        }
        let made = Made { profile: &profile, template: given.template, permissions };
        let done = Done::new("profile.create", &profile.name, None, Some(&made));
        Ok((profile, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, profile.changed, profile))
}

/// `PATCH /api/v1/profiles/{profile}`: what it says of itself.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(name): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<Profile>> {
    is_own(&name)?;
    let alter = async |tx: &mut _, before: &Profile| {
        let Given { description } = patch.over(&Given { description: before.description.clone() })?;
        described(&description)?;
        let profile = Profile { description, changed: crate::store::ChangeTx::revision(tx), ..before.clone() };
        profiles::update(tx, &profile).await?;
        Ok((profile, None))
    };
    let profile = change_one(&app, &actor, "profile.update", &name, &if_match, profiles::find, alter).await?;
    Ok(Tagged(StatusCode::OK, profile.changed, profile))
}

/// `DELETE /api/v1/profiles/{profile}`: with its permissions.
pub async fn delete(
    State(app): State<App>,
    actor: Actor,
    Id(name): Id,
    if_match: IfMatch,
    Query(dry): Query<DryRun>,
) -> Result<Removed> {
    is_own(&name)?;
    remove_one_planned(&app, &actor, &dry, &name, &if_match, profiles::find, async |tx, _| {
        if let Some(key) = profiles::a_key_of(tx, &name).await? {
            let detail = format!("Give the keys that name it others first: one is called '{key}'.");
            return Err(Problem::new(Code::ProfileHasKeys, detail));
        }
        Ok(Counts::from([("profiles", 1), ("permissions", profiles::delete(tx, &name).await?)]))
    })
    .await
}

fn described(text: &str) -> Result<()> {
    if text.is_empty() { Ok(()) } else { validate::text("description", text) }
}

fn is_own(name: &str) -> Result<()> {
    if name != DEFAULT_PROFILE {
        return Ok(());
    }
    Err(Problem::invalid("profile", "Leave default as it is: keys that name no profile have it."))
}
