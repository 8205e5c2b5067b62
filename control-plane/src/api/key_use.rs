//! `keys/{id}/use`: what a key may do, beside what it did.

use axum::Json;
use axum::extract::State;
use lictor_policy::wire::DEFAULT_PROFILE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::key_use::{OfMethod, OfModel, compare};
use crate::domain::problem::Result;
use crate::domain::time::{DAY, Moment};
use crate::domain::validate;
use crate::http::extract::{Id, Query};
use crate::store::audit::used;
use crate::store::{OrAbsent as _, keys, permissions, users};

/// Days that are looked at, if nothing is said.
const USUAL_DAYS: u32 = 30;
/// At most.
const MAX_DAYS: u32 = 366;
/// Permissions of a profile that are looked at.
const MAX_PERMISSIONS: i64 = 1000;

/// How far back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseQuery {
    /// Left out: 30.
    #[schemars(range(min = 1, max = MAX_DAYS))]
    days: Option<u32>,
}

/// What a key may do, and did.
#[derive(Serialize, JsonSchema)]
pub struct KeyUse {
    key_id: String,
    /// Calls are counted from then on.
    from: Moment,
    /// From when on they were counted, if there are too many for all.
    counted_from: Option<Moment>,
    /// By model, those that a profile names and those that were called.
    models: Vec<OfModel>,
}

/// `GET /api/v1/keys/{id}/use`
pub async fn show(State(app): State<App>, Id(id): Id, Query(query): Query<UseQuery>) -> Result<Json<KeyUse>> {
    let days = query.days.unwrap_or(USUAL_DAYS);
    validate::range("days", days, 1, MAX_DAYS)?;
    let from = app.now().minus(DAY * days);
    let mut connection = app.store.read().await?;
    let key = keys::look(&mut connection, &id).await?.or_absent("key")?;
    let user = users::look(&mut connection, &key.user_id).await?.or_absent("user")?;
    let mut profiles: Vec<_> = key.terms.profiles.iter().map(|profile| profile.0.as_str()).collect();
    if profiles.is_empty() {
        profiles.push(DEFAULT_PROFILE);
    }
    let mut named = Vec::new();
    for profile in profiles {
        let of_profile = permissions::list(&mut connection, profile, "", MAX_PERMISSIONS).await?;
        named.extend(of_profile.into_iter().map(|(permission, _)| permission));
    }
    let (used, counted_from) = used::of_key(&mut connection, &id, from).await?;
    let called = used.into_iter().map(|used::Used { model, method, operations, calls, refused, last_at }| {
        (model, OfMethod { method, operations, calls, refused, last_at })
    });
    let groups: Vec<_> = user.groups.into_iter().chain(user.odoo_groups).collect();
    Ok(Json(KeyUse { key_id: id, from, counted_from, models: compare(&key.terms, &groups, &named, called) }))
}
