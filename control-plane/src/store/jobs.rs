//! When jobs run, who runs them now, and how they ended last.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::cron::next_run;
use crate::domain::job::{Counts, Job, Outcome};
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, enum_name, json, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::JOBS;
use crate::store::{ChangeTx, Connection, Store, StoreError, WriteTx};

/// A job's row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Job")]
pub struct Row {
    /// Its name.
    pub name: String,
    /// When it runs: five fields, in UTC.
    pub cron: String,
    /// When it runs next.
    pub next_run_at: Moment,
    /// Whether it runs now, on whichever replica.
    pub running: bool,
    /// When the last run began, which may be under way.
    pub last_started_at: Option<Moment>,
    /// When a run ended last.
    pub last_ended_at: Option<Moment>,
    /// How that one ended.
    pub last_outcome: Option<Outcome>,
    /// What it did: how many of what.
    pub last_report: Counts,
    /// Why it failed.
    pub last_message: Option<String>,
    /// The revision in which an administrator last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

/// The right to run a job.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which.
    pub job: Job,
    /// Where to begin.
    pub place: String,
    /// Names the run.
    holder: String,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// How many of what.
    pub report: Counts,
    /// Why it failed.
    pub message: Option<String>,
    /// Where the next run goes on.
    pub place: String,
}

fn read(row: &AnyRow, now: Moment) -> Result<Row, StoreError> {
    Ok(Row {
        name: row.text("name")?,
        cron: row.text("cron")?,
        next_run_at: row.moment("next_run_at")?,
        running: row.optional_moment("held_until")?.is_some_and(|until| until > now),
        last_started_at: row.optional_moment("started_at")?,
        last_ended_at: row.optional_moment("ended_at")?,
        last_outcome: row.parse_optional_enum("outcome")?,
        last_report: row.json("report")?,
        last_message: row.optional_text("message")?,
        changed: Revision(row.number("changed")?),
    })
}

/// All jobs that have a row.
pub async fn list(connection: &mut Connection, now: Moment) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query("SELECT * FROM jobs ORDER BY name").fetch_all(connection).await?;
    rows.iter().map(|row| read(row, now)).collect()
}

/// The row of a job.
pub async fn find(connection: &mut Connection, job: Job, now: Moment) -> Result<Option<Row>, StoreError> {
    let row = sqlx::query("SELECT * FROM jobs WHERE name = $1").bind(job.name()).fetch_optional(connection).await?;
    row.map(|row| read(&row, now)).transpose()
}

/// Makes the rows of jobs that have none: their names, when they run and when next.
pub async fn insert(store: &Store, jobs: &[(&str, &str, Moment)]) -> Result<(), StoreError> {
    let mut tx = ChangeTx::begin_quietly(store).await?;
    for (name, cron, next) in jobs {
        let row =
            sqlx::query("SELECT name FROM jobs WHERE name = $1").bind(*name).fetch_optional(tx.connection()).await?;
        if row.is_none() {
            let columns = vec![
                ("name", (*name).into()),
                ("cron", (*cron).into()),
                ("next_run_at", (*next).into()),
                ("place", "".into()),
                ("report", "{}".into()),
                ("changed", 0.into()),
            ];
            rows::insert(&mut tx, &JOBS, columns).await?;
        }
    }
    tx.commit_quietly().await
}

/// Changes when a job runs.
pub async fn schedule(tx: &mut ChangeTx, job: Job, cron: &str, next: Moment) -> Result<(), StoreError> {
    let changes = vec![("cron", cron.into()), ("next_run_at", next.into()), ("changed", tx.revision().into())];
    rows::update(tx, &JOBS, "name = $1", vec![job.name().into()], changes).await?;
    Ok(())
}

/// The names of jobs that are due and that nobody runs.
pub async fn due(connection: &mut Connection, now: Moment) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT name FROM jobs WHERE next_run_at <= $1 AND (held_until IS NULL OR held_until <= $1) \
         ORDER BY next_run_at",
    )
    .bind(saturating_i64(now.0))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.text("name")).collect()
}

/// Takes the lease of a job unless somebody has it. A run whose lease runs out is due again.
///
/// # Errors
/// [`StoreError::Unproven`] if somebody else has changed when it runs: roll the transaction back, and it is not run.
pub async fn claim(
    tx: &mut WriteTx,
    job: Job,
    holder: &str,
    until: Moment,
    due_by: Option<Moment>,
) -> Result<Option<Claim>, StoreError> {
    let row = sqlx::query(
        "UPDATE jobs SET holder = $2, held_until = $4, started_at = $3, \
         next_run_at = CASE WHEN next_run_at < $3 THEN next_run_at ELSE $3 END \
         WHERE name = $1 AND (held_until IS NULL OR held_until <= $3) AND next_run_at <= $5 RETURNING *",
    )
    .bind(job.name())
    .bind(holder)
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(until.0))
    .bind(due_by.map_or(i64::MAX, |moment| saturating_i64(moment.0)))
    .fetch_optional(tx.connection())
    .await?;
    let claim = |place| Claim { job, place, holder: holder.to_owned() };
    row.map(|row| tx.genuine(&JOBS, row)?.text("place").map(claim)).transpose()
}

/// Holds a lease for longer. False if it is lost.
pub async fn renew(tx: &mut WriteTx, claim: &Claim, until: Moment) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE jobs SET held_until = $3 WHERE name = $1 AND holder = $2")
        .bind(claim.job.name())
        .bind(claim.holder.as_str())
        .bind(saturating_i64(until.0))
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// When the job of a lease runs; none if the lease is lost.
pub async fn cron(connection: &mut Connection, claim: &Claim) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT * FROM jobs WHERE name = $1 AND holder = $2")
        .bind(claim.job.name())
        .bind(claim.holder.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    row.map(|row| connection.genuine(&JOBS, row)?.text("cron")).transpose()
}

/// Gives a lease back, unless it is lost.
pub async fn finish(tx: &mut WriteTx, claim: &Claim, ended: &Ended, next: Moment) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE jobs SET holder = NULL, held_until = NULL, ended_at = $3, next_run_at = $4, outcome = $5, report = $6, \
         message = $7, place = $8 WHERE name = $1 AND holder = $2",
    )
    .bind(claim.job.name())
    .bind(claim.holder.as_str())
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(next.0))
    .bind(enum_name(&ended.outcome)?)
    .bind(json(&ended.report)?)
    .bind(ended.message.as_deref())
    .bind(ended.place.as_str())
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes the rows of jobs that have none. A new job runs first at its next time.
pub async fn prepare(store: &Store) -> Result<(), StoreError> {
    let now = store.now();
    let row = |job: Job| (job.name(), job.default_cron(), next_run(job.default_cron(), now));
    insert(store, &Job::ALL.map(row)).await
}
