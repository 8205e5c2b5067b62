//! Marks sessions that have timed out, so that a longer timeout does not bring them back, and takes terminations that
//! have run out from the policy.

use serde_json::json;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::sessions::cutoff;
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::store::snapshot::Part;
use crate::store::{sessions, terminations};
use crate::tasks::jobs::Step;

const LIMIT: u32 = 1000;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let mut tx = app.store.write().await?;
    let (settings, now) = (tx.settings().await?, tx.now());
    let expired = sessions::expire(&mut tx, cutoff(&settings, now).0, LIMIT).await?;
    tx.commit().await?;

    let mut ended = terminations::count_ended(&mut *app.store.read().await?, now).await?;
    if ended > 0 {
        ended = change(app, &Actor::system(), async |tx| {
            let ended = terminations::delete_ended(tx).await?;
            let done = Done::new("session.termination_end", "terminations", None, Some(&json!({"ended": ended})));
            Ok((ended, done.touching(Part::Frame)))
        })
        .await?;
    }
    Ok(Step::of("expired_sessions", expired, LIMIT).and(Step::of("ended_terminations", ended, u32::MAX)))
}
