//! `jobs`: what happens by the clock, when, and how it went.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::cron::Cron;
use crate::domain::job::Job;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::http::cursor::Page;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Id, Patch};
use crate::store::jobs::{self, Row};
use crate::store::{Connection, OrAbsent as _};
use crate::tasks::jobs as runner;

/// A run that ends within this time is answered with how it ended.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What an administrator may change.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JobFields")]
pub struct Given {
    cron: String,
}

/// `GET /api/v1/jobs`
pub async fn list(State(app): State<App>) -> Result<Json<Page<Row>>> {
    let items = jobs::list(&mut *app.store.read().await?, app.now()).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// `GET /api/v1/jobs/{name}`
pub async fn show(State(app): State<App>, Id(name): Id) -> Result<Tagged<Row>> {
    let row = find(&mut *app.store.read().await?, named(&name)?, app.now()).await?;
    Ok(Tagged(StatusCode::OK, row.changed, row))
}

/// `PATCH /api/v1/jobs/{name}`: when it runs.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(name): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<Row>> {
    let job = named(&name)?;
    let row = change(&app, &actor, async |tx| {
        let now = tx.now();
        let before = find(tx, job, now).await?;
        if_match.check(before.changed)?;
        let Given { cron } = patch.over(&Given { cron: before.cron.clone() })?;
        let bad = |error| Problem::invalid("cron", format!("{error}"));
        let next = Cron::parse(&cron).and_then(|cron| cron.after(now)).map_err(bad)?;
        jobs::schedule(tx, job, &cron, next).await?;
        let after = find(tx, job, now).await?;
        let difference = [&before, &after].map(|row| Given { cron: row.cron.clone() });
        let [before, given] = &difference;
        Ok((after, Done::new("job.update", job.name(), Some(before), Some(given))))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, row.changed, row))
}

/// `POST /api/v1/jobs/{name}/run`: now. 200 if the run ended soon, with how; 202 if it goes on.
pub async fn run(State(app): State<App>, actor: Actor, Id(name): Id) -> Result<(StatusCode, Json<Row>)> {
    let job = named(&name)?;
    let claim = change(&app, &actor, async |tx| {
        let claim = runner::runner::claim(tx, job, None).await?.ok_or_else(|| {
            let detail = format!("Wait for the run to end; GET /api/v1/jobs/{} shows when.", job.name());
            Problem::new(Code::JobRunning, detail)
        })?;
        Ok((claim, Done::new::<()>("job.run", job.name(), None, None)))
    })
    .await?;
    let ended = tokio::time::timeout(ANSWER_TIMEOUT, runner::runner::start(&app, claim)).await.is_ok();
    let row = find(&mut *app.store.read().await?, job, app.now()).await?;
    Ok((if ended { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(row)))
}

fn named(name: &str) -> Result<Job> {
    Job::named(name).or_absent("job")
}

async fn find(connection: &mut Connection, job: Job, now: Moment) -> Result<Row> {
    jobs::find(connection, job, now).await?.or_absent("job")
}
