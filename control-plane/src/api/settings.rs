//! `settings`: what holds for all calls.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use crate::api::unknown::Unknown;
use crate::app::change::{Done, change};
use crate::app::{App, gates};
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::domain::settings::Settings;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Patch, Query};
use crate::http::json::patched;
use crate::store::snapshot::Part;
use crate::store::{Meta, settings};

/// `GET /api/v1/settings`
pub async fn show(State(app): State<App>) -> Result<Tagged<Settings>> {
    let (settings, changed) = settings::load(&mut *app.store.read().await?).await?;
    Ok(Tagged(StatusCode::OK, changed, settings))
}

/// `PATCH /api/v1/settings`: what is left out stays as it is.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Query(unknown): Query<Unknown>,
    if_match: IfMatch,
    patch: Patch<Settings>,
) -> Result<Tagged<Settings>> {
    unknown.settings(&app, &patch.0).await?;
    let tagged = change(&app, &actor, async |tx| {
        let (before, changed) = settings::load(tx).await?;
        if_match.check(changed)?;
        let (patch, forgotten) = without_removed_methods(patch.0);
        let mut after: Settings = patched(&before, patch)?;
        after.methods.retain(|name, _| !forgotten.contains(name));
        after.validate()?;
        settings::save(tx, &after).await?;
        if after.rate_limit.divide_by_gates {
            // Counted afresh: nobody has counted while limits were not divided.
            let live = gates::count_live(&app, tx).await?;
            Meta::set_live_gates(tx, live).await?;
        }
        let done = Done::new("settings.update", "settings", Some(&before), Some(&after)).touching(Part::Frame);
        Ok((Tagged(StatusCode::OK, tx.revision(), after), done))
    });
    tagged.await
}

/// `null` in the place of a method's operations takes its mapping away: an empty list is a mapping too, which refuses.
pub(crate) fn without_removed_methods(mut patch: Value) -> (Value, Vec<String>) {
    let mut removed = Vec::new();
    if let Some(methods) = patch.get_mut("methods").and_then(Value::as_object_mut) {
        methods.retain(|name, operations| {
            let kept = !operations.is_null();
            if !kept {
                removed.push(name.clone());
            }
            kept
        });
    }
    (patch, removed)
}
