//! Whether the service lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::domain::problem::{Code, Problem, Result};
use crate::store::Meta;

/// The answer when all is well.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    status: &'static str,
}

/// `GET /healthz`: the process answers.
pub async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// `GET /readyz`: the database answers, and the newest policy could be published.
pub async fn ready(State(app): State<App>) -> Result<Json<Health>> {
    let not_ready = |detail| Problem::new(Code::NotReady, detail);
    let database = async { Meta::load(&mut *app.store.read().await?).await };
    database.await.map_err(|_| not_ready("The database does not answer: look at its log and at its disk."))?;
    if !app.publisher.is_healthy() {
        return Err(not_ready("The newest policy is not published: the reason is in the log of the control plane."));
    }
    Ok(Json(Health { status: "ok" }))
}
