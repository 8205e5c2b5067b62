//! Changes the policy when gates come and go: their number divides rate limits.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::gates::{LIVE, count_live};
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::store::snapshot::Part;
use crate::store::{Connection, Meta, StoreError, in_time, settings};
use crate::tasks::every;

/// The least time between two changes.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Counts the gates every few seconds, until the service is to end.
pub async fn run(app: App) {
    let count = async |app: &App| in_time(once(app)).await;
    every(&app, CHECK_INTERVAL, "the policy could not be fitted to the number of live gates", count).await;
}

/// The inputs of the policy that no administrator sets: today the number of live gates, which divides rate limits.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Circumstances {
    live_gates: u32,
}

/// Counts the gates once, and makes one change if their number is another.
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
