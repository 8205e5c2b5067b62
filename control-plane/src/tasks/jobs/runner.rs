//! Runs the jobs: when they are due, or when an administrator says so.
//!
//! A run holds a lease in the database while it lasts, so that exactly one replica does it. The lease is renewed; a
//! replica that dies loses it, and another one runs the job again. Clocks of replicas may differ by less than
//! [`LEASE`]. A job that lost its lease ends before another begins; what its steps did is whole in any case.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::app::App;
use crate::domain::cron::next_run;
use crate::domain::job::{Counts, Job, Outcome};
use crate::domain::problem::Result;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::store::jobs::{self, Claim, Ended};
use crate::store::{StoreError, WriteTx, in_time};
use crate::tasks::every;
use crate::tasks::jobs::step;

/// How often jobs that are due are looked for.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A run whose lease was not renewed for this long is taken for dead.
const LEASE: Duration = Duration::from_secs(60);
/// How often a run renews its lease.
const RENEW_INTERVAL: Duration = Duration::from_secs(15);
/// After this long no further step begins; the rest is left to the next run, which follows at once.
const STEP_BUDGET: Duration = Duration::from_secs(30);
/// A run that takes longer than this is ended and counted as failed.
const RUN_TIMEOUT: Duration = Duration::from_secs(300);
/// After this time a run that failed is tried again, unless the job is due sooner.
const RETRY_DELAY: Duration = Duration::from_secs(600);

/// Runs the jobs that are due, until the service is to end.
pub async fn run(app: App) {
    let run_due = async |app: &App| in_time(run_due(app)).await;
    every(&app, CHECK_INTERVAL, "the jobs that are due are not known", run_due).await;
}

/// Starts what is due. Does not wait for it: see [`Runs::ended`].
pub async fn run_due(app: &App) -> Result<(), StoreError> {
    let due = jobs::due(&mut *app.store.read().await?, app.now()).await?;
    for job in due.iter().filter_map(|name| Job::named(name)) {
        let mut tx = app.store.write().await?;
        let now = tx.now();
        match claim(&mut tx, job, Some(now)).await {
            Ok(claim) => {
                tx.commit().await?;
                claim.map(|claim| start(app, claim));
            }
            // The check reports the row; the other jobs run.
            Err(StoreError::Unproven { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes the lease of a job, if nobody has it, and, with `due_by`, if the job is due.
pub async fn claim(tx: &mut WriteTx, job: Job, due_by: Option<Moment>) -> Result<Option<Claim>, StoreError> {
    let until = tx.now().plus(LEASE);
    jobs::claim(tx, job, &random::id(), until, due_by).await
}

/// Starts a run whose lease was taken. The task may be waited for.
pub fn start(app: &App, claim: Claim) -> tokio::task::JoinHandle<()> {
    let (app, run) = (app.clone(), app.runs.0.subscribe());
    tokio::spawn(async move {
        let mut work = tokio::spawn(work(app.clone(), claim.job, claim.place.clone()));
        let ended = tokio::select! {
            ended = &mut work => ended.unwrap_or_else(|_| failed("The job panicked: have an operator read the log.")),
            () = lost(&app, &claim) => failed("The run could not renew its lease: is the database there?"),
            () = sleep(RUN_TIMEOUT) => failed("The run took longer than 5 minutes and was ended."),
        };
        work.abort();
        tracing::info!(job = claim.job.name(), outcome = ended.outcome.name(), report = ?ended.report, "a job ended");
        app.metrics.job_ended(claim.job, ended.outcome);
        if let Err(error) = in_time(finish(&app, &claim, &ended)).await {
            tracing::warn!(job = claim.job.name(), %error, "how the job ended was not stored; it will run again");
        }
        drop(run);
    })
}

/// Step after step, until nothing is left, the time is up or the service is to end.
async fn work(app: App, job: Job, place: String) -> Ended {
    let began = Instant::now();
    let (mut report, mut next) = (Counts::new(), Some(place));
    while let Some(from) = next.clone() {
        match step(job, &app, &from).await {
            Ok(step) => {
                for (what, count) in step.counts {
                    *report.entry(what).or_default() += count;
                }
                next = step.next;
            }
            Err(problem) => {
                let message = Some(problem.detail.into_owned());
                return Ended { outcome: Outcome::Failed, report, message, place: from };
            }
        }
        if began.elapsed() >= STEP_BUDGET || *app.stopping.borrow() {
            break;
        }
    }
    let outcome = if next.is_some() { Outcome::Continues } else { Outcome::Succeeded };
    Ended { outcome, report, message: None, place: next.unwrap_or_default() }
}

fn failed(message: &str) -> Ended {
    Ended { outcome: Outcome::Failed, report: Counts::new(), message: Some(message.to_owned()), place: String::new() }
}

/// Renews the lease for as long as it can, and answers when it is lost.
async fn lost(app: &App, claim: &Claim) {
    let mut good_until = Instant::now() + LEASE;
    loop {
        sleep(RENEW_INTERVAL).await;
        let renewing_at = Instant::now();
        let renewed = async {
            let mut tx = app.store.write().await?;
            let until = tx.now().plus(LEASE);
            let held = jobs::renew(&mut tx, claim, until).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(held)
        };
        tokio::select! {
            renewed = renewed => match renewed {
                Ok(true) => good_until = renewing_at + LEASE,
                Ok(false) => return,
                Err(error) => tracing::warn!(job = claim.job.name(), %error, "the lease was not renewed; trying again"),
            },
            () = sleep_until(good_until) => return,
        }
        if Instant::now() >= good_until {
            return;
        }
    }
}

/// Gives the lease back and says when the job runs next.
async fn finish(app: &App, claim: &Claim, ended: &Ended) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    let now = tx.now();
    if let Some(cron) = jobs::cron(&mut tx, claim).await? {
        let regular = next_run(&cron, now);
        let next = match ended.outcome {
            Outcome::Succeeded => regular,
            Outcome::Continues => now,
            Outcome::Failed => regular.min(now.plus(RETRY_DELAY)),
        };
        jobs::finish(&mut tx, claim, ended, next).await?;
    }
    tx.commit().await
}
