//! What changes the policy without an administrator or a job: gates that come and go.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::gates::{LIVE, count_live};
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::store::snapshot::Part;
use crate::store::{Connection, Meta, StoreError, in_time, settings};

/// So many seconds pass at least between two changes.
const EVERY: Duration = Duration::from_secs(5);

/// Looks after it every few seconds, until the task is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        // What went wrong is in the log, and tried again next time.
        let _ = in_time(once(&app)).await;
    }
}

/// The inputs of the policy that no administrator sets: today the number of live gates, which divides rate limits.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Circumstances {
    live_gates: u32,
}

/// Makes one change of all that is due, if something is.
pub async fn once(app: &App) -> Result<()> {
    let (before, after) = look(app, &mut *app.store.read().await?).await?;
    if before == after {
        return Ok(());
    }
    change(app, &Actor::system(), async |tx| {
        let (before, after) = look(app, tx).await?;
        Meta::set_live_gates(tx, after.live_gates).await?;
        Ok(((), Done::new("policy.upkeep", "policy", Some(&before), Some(&after)).touching(Part::Frame)))
    })
    .await
}

/// The circumstances that the policy was made for, and those that are.
async fn look(app: &App, connection: &mut Connection) -> Result<(Circumstances, Circumstances), StoreError> {
    let counted = Meta::load(connection).await?.live_gates;
    let before = Circumstances { live_gates: counted };
    let divides = settings::load(connection).await?.0.rate_limit.divide_by_gates;
    let live = if divides { count_live(app, connection).await?.max(1) } else { counted };
    // After a start gates have yet to be heard: those that were there before are taken to be there still.
    let is_young = app.now() < app.started_at.plus(LIVE);
    let live_gates = if is_young { live.max(counted) } else { live };
    Ok((before, Circumstances { live_gates }))
}
