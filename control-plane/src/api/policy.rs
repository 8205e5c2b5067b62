//! `policy/diff`: what a draft would change, and what of that loosens the policy. Changes nothing.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::unknown::Unknown;
use crate::app::App;
use crate::app::trial::Drafted;
use crate::app::trial::diff::{self, Change};
use crate::domain::policy::Draft;
use crate::domain::problem::Result;
use crate::http::extract::{Body, Query};

/// A policy that is not saved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Records in the place of those that are stored, as a policy file has them.
    draft: Draft,
    /// Whether what the draft's sections lack would be deleted.
    #[serde(default)]
    prune: bool,
}

/// What a draft would change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyDiff")]
pub struct Diff {
    /// Settings, users, profiles, keys, permissions, and what is deleted.
    changes: Vec<Change>,
    /// Whether any of them loosens the policy.
    loosens: bool,
}

/// `POST /api/v1/policy/diff`
pub async fn show(
    State(app): State<App>,
    Query(unknown): Query<Unknown>,
    Body(Question { draft, prune }): Body<Question>,
) -> Result<Json<Diff>> {
    unknown.draft(&app, &draft).await?;
    let changes = diff::diff(&app, Drafted { draft: &draft, prune }).await?;
    let loosens = changes.iter().any(Change::loosens);
    Ok(Json(Diff { changes, loosens }))
}
