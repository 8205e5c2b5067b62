//! `suggestions`: the profile that allows what a key was recorded to do and to try, as records to review and apply.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use lictor_policy::refusal::Reason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::suggestions::{self, Suggested};
use crate::domain::permission::Rules;
use crate::domain::problem::Result;
use crate::domain::suggest::{Counts, Mark, profile_name};
use crate::domain::time::{DAY, DayOrMoment, Moment};
use crate::domain::validate;
use crate::http::extract::Query;
use crate::store::{OrAbsent as _, keys};

/// What is looked at if nobody says what.
const SPAN: Duration = DAY.saturating_mul(30);

/// Whose calls, and of what time: `from` and what follows it up to, but not with, `to`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuggestionQuery {
    key_id: String,
    /// Left out: 30 days before `to`.
    from: Option<DayOrMoment>,
    /// Left out: now.
    to: Option<DayOrMoment>,
}

/// A profile, and what it was made of.
#[derive(Serialize, JsonSchema)]
pub struct Suggestions {
    /// The key.
    key_id: String,
    /// The first moment.
    from: Moment,
    /// The moment before which the last call was.
    to: Moment,
    /// What would have to be allowed.
    profile: SuggestedProfile,
    /// What to look at before it is applied.
    marks: Vec<Mark>,
    /// The calls by model and method.
    calls: Vec<OfMethod>,
    /// How many kinds of calls there are: model, method, and names in the arguments.
    kinds: usize,
    /// How many of these pass with the profile.
    covered: usize,
    /// The others, the kind with the most calls first.
    not_opened: Vec<NotOpened>,
    /// Calls that were refused before their permissions were looked at, by the reason: not the profile's matter.
    refused_before: BTreeMap<&'static str, u64>,
    /// Calls of which the audit record has no outline, as they were too large, or recorded by a gate of before.
    without_outline: u64,
    /// Whether there were more kinds or more records than are looked at: the rarest kinds and the oldest records are left out.
    more: bool,
}

/// A profile that is not there yet.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SuggestedProfile")]
struct SuggestedProfile {
    /// Made of the key's name.
    name: String,
    /// For people.
    description: String,
    /// What it allows, by model.
    permissions: BTreeMap<String, Rules>,
}

/// The calls of a method of a model.
#[derive(Serialize, JsonSchema)]
struct OfMethod {
    model: String,
    method: String,
    #[serde(flatten)]
    counts: Counts,
    /// Of how many kinds they are.
    kinds: usize,
    /// How many of these pass with the profile.
    covered: usize,
}

/// A kind of call that does not pass.
#[derive(Serialize, JsonSchema)]
struct NotOpened {
    model: String,
    method: String,
    /// As in the audit record.
    outline: String,
    #[serde(flatten)]
    counts: Counts,
    /// Why it is refused; null if that cannot be said.
    reason: Option<Reason>,
    /// What it lacks and nothing opens.
    lacks: Vec<String>,
    /// The same for people.
    detail: String,
}

/// `GET /api/v1/suggestions`
pub async fn show(State(app): State<App>, Query(query): Query<SuggestionQuery>) -> Result<Json<Suggestions>> {
    let (from, to) = validate::span(query.from, query.to, SPAN, app.now())?;
    let key = keys::find(&mut *app.store.read().await?, &query.key_id).await?.or_invalid("key_id", "key")?;
    let Suggested { found, suggestion } = suggestions::of_key(&app, &key, from, to).await?;
    let mut methods: BTreeMap<(&str, &str), OfMethod> = BTreeMap::new();
    let mut not_opened = Vec::new();
    for (kind, closed) in found.kinds.iter().zip(suggestion.verdicts) {
        let passes = usize::from(closed.is_none());
        methods
            .entry((&kind.model, &kind.method))
            .and_modify(|of| {
                of.counts = of.counts.and(kind.counts);
                of.kinds += 1;
                of.covered += passes;
            })
            .or_insert_with(|| OfMethod {
                model: kind.model.clone(),
                method: kind.method.clone(),
                counts: kind.counts,
                kinds: 1,
                covered: passes,
            });
        not_opened.extend(closed.map(|closed| NotOpened {
            model: kind.model.clone(),
            method: kind.method.clone(),
            outline: kind.outline.clone(),
            counts: kind.counts,
            reason: closed.reason,
            lacks: closed.lacks,
            detail: closed.detail,
        }));
    }
    Ok(Json(Suggestions {
        key_id: key.id.clone(),
        from,
        to,
        profile: SuggestedProfile {
            name: profile_name(&key.terms.name),
            description: format!("What the key {} was recorded to do and to try.", key.prefix),
            permissions: suggestion.permissions,
        },
        marks: suggestion.marks,
        calls: methods.into_values().collect(),
        kinds: found.kinds.len(),
        covered: found.kinds.len() - not_opened.len(),
        not_opened,
        refused_before: found.refused_before.iter().map(|(reason, refused)| (reason.row().name, *refused)).collect(),
        without_outline: found.without_outline,
        more: found.more,
    }))
}
