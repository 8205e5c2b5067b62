//! `audit/counts` and `audit/facets`: how many calls there were, by what, and which values they had.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::audit_query::CountsQuery;
use crate::app::App;
use crate::domain::problem::{Problem, Result};
use crate::domain::time::{DAY, DayOrMoment, Moment};
use crate::domain::validate;
use crate::http::extract::Query;
use crate::store::audit::counts::{self, By, Wanted};
use crate::store::audit::facets;
use crate::store::audit::tallies::{Field, HOUR, HOURS_KEPT};

/// Points of a series, at most.
const MAX_POINTS: u64 = 1000;
/// Points of a series whose step is not said, at most.
const USUAL_POINTS: u64 = 200;
/// Values that are listed.
const FACETS: i64 = 20;
/// From when on values are listed, if nothing is said.
const FACET_DAYS: u32 = 30;

/// How many calls there were over time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditCounts")]
pub struct Counts {
    /// When the first point begins: the hour of `from`, or its day in UTC if points are days.
    from: Moment,
    /// When the last point ends.
    to: Moment,
    step_seconds: u64,
    /// All calls that match; those without a value, such as allowed ones without a reason, are in no series.
    total: u64,
    /// At most ten, the one with the most calls first.
    series: Vec<Series>,
    /// Of all other values together.
    other: Option<Series>,
    /// From when on calls were counted, where more match than can be counted at once: only a combination of several filters, or one
    /// by something else than outcome, key, model, method, reason and gate.
    counted_from: Option<Moment>,
}

/// The calls with one value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditSeries")]
pub struct Series {
    /// The value: an outcome, an id of a key or of a gate, a model, a method, a reason. `other` of the others.
    name: String,
    /// The name of a key or a gate, if there still is one.
    label: Option<String>,
    total: u64,
    /// One number a step.
    points: Vec<u64>,
}

/// `GET /api/v1/audit/counts`
pub async fn count(State(app): State<App>, Query(mut query): Query<CountsQuery>) -> Result<Json<Counts>> {
    let now = app.now();
    let (from, to) = validate::span(query.from, query.to, DAY, now)?;
    let step = step(query.step, from, to, now)?;
    let from = from.floor(if step >= DAY { DAY } else { HOUR });
    let points = points(from, to, step).max(1);
    if points > MAX_POINTS {
        return Err(Problem::invalid("step", format!("Give a longer one: a series has at most {MAX_POINTS} points.")));
    }
    let by = query.by.unwrap_or(By::Outcome);
    let wanted = Wanted {
        filter: query.take_filter(),
        by,
        from,
        step,
        points: usize::try_from(points).map_err(Problem::internal)?,
    };
    let found = counts::count(&mut *app.store.read().await?, &wanted).await?;
    let (mut series, mut other) = (Vec::new(), None);
    for counts::Series { name, label, total, points } in found.series {
        match name {
            Some(name) => series.push(Series { name, label, total, points }),
            None => other = Some(Series { name: "other".to_owned(), label, total, points }),
        }
    }
    let to = from.plus(step.saturating_mul(u32::try_from(points).map_err(Problem::internal)?));
    let (total, counted_from) = (found.total, found.counted_from);
    Ok(Json(Counts { from, to, step_seconds: step.as_secs(), total, series, other, counted_from }))
}

/// The step that is asked for, or one that makes a chart that can be read.
fn step(given: Option<u32>, from: Moment, to: Moment, now: Moment) -> Result<Duration> {
    let has_hours = from.floor(HOUR) >= now.minus(HOURS_KEPT).floor(HOUR);
    let Some(given) = given else {
        let usual = [HOUR, DAY, DAY * 7, DAY * 28];
        // Of hours there are 24 times as many rows to add up.
        let by_hours = has_hours && points(from, to, HOUR) <= USUAL_POINTS;
        let fits = |step: &Duration| (by_hours || *step >= DAY) && points(from, to, *step) <= USUAL_POINTS;
        return Ok(usual.into_iter().find(fits).unwrap_or(DAY * 91));
    };
    let unit = if has_hours { HOUR } else { DAY };
    // Between one and several days a point would begin in the middle of one.
    let is_whole = |unit: Duration| given > 0 && u64::from(given).is_multiple_of(unit.as_secs());
    if is_whole(unit) && (u64::from(given) < DAY.as_secs() || is_whole(DAY)) {
        return Ok(Duration::from_secs(given.into()));
    }
    let detail =
        "Give 3600 or more hours in seconds, below a day; or 86400 or more days, as for what is older than 35 days.";
    Err(Problem::invalid("step", detail))
}

fn points(from: Moment, to: Moment, step: Duration) -> u64 {
    let from = from.floor(if step >= DAY { DAY } else { HOUR });
    let micros = u64::try_from(step.as_micros()).unwrap_or(u64::MAX);
    to.0.saturating_sub(from.0).div_ceil(micros)
}

/// Which values are wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FacetsQuery {
    field: Field,
    /// A part of the value, or of what people call the key or the gate.
    q: Option<String>,
    /// From the day of this moment on; left out, of the last 30 days.
    from: Option<DayOrMoment>,
    to: Option<DayOrMoment>,
}

/// Values that calls had.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditFacets")]
pub struct Facets {
    /// At most twenty, the one with the most calls first.
    values: Vec<Facet>,
}

/// A value that calls had.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditFacet")]
pub struct Facet {
    value: String,
    /// The name of a key or a gate, if there still is one.
    label: Option<String>,
    /// How many calls.
    count: u64,
}

/// `GET /api/v1/audit/facets`
pub async fn list_facets(State(app): State<App>, Query(query): Query<FacetsQuery>) -> Result<Json<Facets>> {
    let span = validate::span(query.from, query.to, DAY * FACET_DAYS, app.now())?;
    let mut connection = app.store.read().await?;
    let found = facets::find(&mut connection, query.field, query.q.as_deref(), span, FACETS).await?;
    let facet = |facets::Facet { value, label, count }| Facet { value, label, count };
    Ok(Json(Facets { values: found.into_iter().map(facet).collect() }))
}
