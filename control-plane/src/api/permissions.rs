//! `permissions/{model}` and `profiles/{profile}/permissions/{model}`: what keys of a profile may do to a model. Without a record:
//! nothing.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use lictor_policy::wire::{self, DEFAULT_PROFILE, Profile};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::api::change_one::{Removed, remove_planned};
use crate::api::settings::without_removed_methods;
use crate::api::unknown::Unknown;
use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::permission::Rules;
use crate::domain::plan::{Counts, DryRun};
use crate::domain::problem::{Problem, Result};
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Ids, Patch, Query};
use crate::http::json::patched;
use crate::http::openapi::describe::Input;
use crate::http::openapi::operation::Operation;
use crate::store::permissions::{self, Place};
use crate::store::snapshot::Part;
use crate::store::{ChangeTx, OrAbsent as _, profiles};

/// A permission record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Permission")]
pub struct View {
    profile: Profile,
    model: String,
    #[serde(flatten)]
    rules: Rules,
}

impl From<wire::Permission> for View {
    fn from(permission: wire::Permission) -> Self {
        let (profile, model) = (permission.profile.clone(), permission.model.clone());
        Self { profile, model, rules: permission.into() }
    }
}

/// Where a permission stands, as the path of a request says; without a profile in that of the keys that name none.
pub struct At(Place);

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Ids(mut ids) = Ids::from_request_parts(parts, state).await?;
        let profile = ids.remove("profile").unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        Ok(Self(Place { profile, model: ids.remove("model").unwrap_or_default() }))
    }
}

impl Input for At {
    fn describe(operation: &mut Operation) {
        Id::describe(operation);
    }
}

/// `GET …/permissions`
pub async fn list(
    State(app): State<App>,
    At(Place { profile, .. }): At,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<View>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let mut connection = app.store.read().await?;
    profiles::find(&mut connection, &profile).await?.or_absent("profile")?;
    let found = permissions::list(&mut connection, &profile, &after, window.row_limit()).await?;
    let views = found.into_iter().map(|(permission, _)| View::from(permission)).collect();
    Ok(Json(window.page(views, |view| view.model.clone())))
}

/// `GET …/permissions/{model}`
pub async fn show(State(app): State<App>, At(place): At) -> Result<Tagged<View>> {
    let found = permissions::find(&mut *app.store.read().await?, &place).await?;
    let (permission, changed) = found.or_absent("permission")?;
    Ok(Tagged(StatusCode::OK, changed, permission.into()))
}

/// `PUT …/permissions/{model}`: all that is allowed.
pub async fn put(
    State(app): State<App>,
    actor: Actor,
    At(place): At,
    Query(unknown): Query<Unknown>,
    if_match: IfMatch,
    Body(rules): Body<Rules>,
) -> Result<Tagged<View>> {
    validate::model("model", &place.model)?;
    let permission = rules.of(Profile(place.profile.clone()), place.model.clone())?;
    unknown.permission(&app, &permission, None).await?;
    let tagged = change(&app, &actor, async |tx| {
        let before = permissions::look(tx, &place).await?;
        if_match.check(before.as_ref().map(|(_, changed)| *changed))?;
        replace(tx, "permission.put", place, before, permission).await
    });
    tagged.await
}

/// `PATCH …/permissions/{model}`: what is left out stays.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    At(place): At,
    Query(unknown): Query<Unknown>,
    if_match: IfMatch,
    patch: Patch<Rules>,
) -> Result<Tagged<View>> {
    let (patch, forgotten) = without_removed_methods(whole_field_rules(patch.0));
    let patched = |before: &wire::Permission| -> Result<wire::Permission> {
        let rules: Rules = patched(&Rules::from(before.clone()), patch.clone())?;
        let mut after = rules.of(before.profile.clone(), before.model.clone())?;
        after.methods.retain(|name, _| !forgotten.contains(name));
        Ok(after)
    };
    // Before the change begins: Odoo may be asked, which takes its time.
    let read = permissions::find(&mut *app.store.read().await?, &place).await?;
    if let Some((before, _)) = read {
        unknown.permission(&app, &patched(&before)?, Some(&before)).await?;
    }
    let tagged = change(&app, &actor, async |tx| {
        let before = permissions::find(tx, &place).await?.or_absent("permission")?;
        if_match.check(before.1)?;
        let permission = patched(&before.0)?;
        replace(tx, "permission.update", place, Some(before), permission).await
    });
    tagged.await
}

/// A rule of fields takes the place of the one before, of whichever kind that was.
fn whole_field_rules(mut patch: Value) -> Value {
    for side in ["/fields/read", "/fields/write"] {
        if let Some(Value::Object(rule)) = patch.pointer_mut(side) {
            for kind in ["only", "hide", "also"] {
                rule.entry(kind).or_insert(Value::Null);
            }
        }
    }
    patch
}

async fn replace(
    tx: &mut ChangeTx,
    action: &'static str,
    place: Place,
    before: Option<permissions::Permission>,
    permission: wire::Permission,
) -> Result<(Tagged<View>, Done)> {
    profiles::find(tx, &place.profile).await?.or_absent("profile")?;
    permissions::put(tx, &permission).await?;
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let (before, after) = (before.map(|(permission, _)| View::from(permission)), View::from(permission));
    let done = Done::new(action, place.name(), before.as_ref(), Some(&after)).touching(Part::Permission(place));
    Ok((Tagged(status, tx.revision(), after), done))
}

/// `DELETE …/permissions/{model}`: keys of the profile may do nothing to the model from now on.
pub async fn delete(
    State(app): State<App>,
    actor: Actor,
    At(place): At,
    if_match: IfMatch,
    Query(dry): Query<DryRun>,
) -> Result<Removed> {
    remove_planned(&app, &actor, &dry, async |tx| {
        let (permission, changed) = permissions::look(tx, &place).await?.or_absent("permission")?;
        if_match.check(changed)?;
        permissions::delete(tx, &place).await?;
        let counts = Counts::from([("permissions", 1), ("keys", profiles::count_keys(tx, &place.profile).await?)]);
        let done = Done::new("permission.delete", place.name(), Some(&View::from(permission)), None);
        Ok((changed, counts, done))
    })
    .await
}
