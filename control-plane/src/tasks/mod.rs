//! Storey 5: what happens without a request.
//!
//! A task does its steps until the service is to end. It finishes the step that it is at, and ends: there is no other way.

pub mod alerts;
pub mod credentials;
pub mod jobs;
pub mod live_gates;
pub mod outbox;
pub mod presence;
pub mod proofs;
pub mod publisher;
pub mod schema;

use std::fmt::Display;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::app::App;
use crate::store::StoreError;

/// The tasks of a service. Each ends with `Ok` once the service is to end; one that ends before, or panics, is a fault of the
/// service.
pub type Tasks = JoinSet<Result<(), StoreError>>;

/// Starts all tasks.
pub fn start(app: &App) -> Tasks {
    let mut tasks = Tasks::new();
    tasks.spawn(publisher::run(app.clone()));
    let others: [BoxFuture<'static, ()>; 10] = [
        Box::pin(publisher::hear_replicas(app.clone())),
        Box::pin(presence::run(app.clone())),
        Box::pin(live_gates::run(app.clone())),
        Box::pin(credentials::try_suspects(app.clone())),
        Box::pin(credentials::check_users(app.clone())),
        Box::pin(jobs::runner::run(app.clone())),
        Box::pin(alerts::run(app.clone())),
        Box::pin(outbox::run(app.clone())),
        Box::pin(proofs::run(app.clone())),
        Box::pin(schema::run(app.clone())),
    ];
    for task in others {
        tasks.spawn(task.map(Ok));
    }
    tasks
}

/// Does a step now and after each interval, until the service is to end. A step that fails is logged, with `failed` as the
/// message, and done again after the interval.
async fn every<E: Display>(app: &App, interval: Duration, failed: &str, step: impl AsyncFn(&App) -> Result<(), E>) {
    loop {
        if let Err(error) = step(app).await {
            tracing::warn!(%error, "{failed}; it is tried again");
        }
        if !goes_on_after(app, sleep(interval)).await {
            return;
        }
    }
}

/// Waits for something, but no longer than the service goes on. False if the service is to end.
pub async fn goes_on_after(app: &App, awaited: impl Future) -> bool {
    let mut stopping = app.stopping.subscribe();
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => false,
        _ = awaited => true,
    }
}
