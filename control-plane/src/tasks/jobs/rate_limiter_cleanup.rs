//! Frees the slots of keys that are gone. Gates keep the counters of a line of keys under its slot, and forget those of
//! a line when another line gets its slot.

use serde_json::json;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::store::keys;
use crate::tasks::jobs::Step;

const LIMIT: u32 = 500;

pub(crate) async fn step(app: &App) -> Result<Step> {
    if !keys::any_idle_slot(&mut *app.store.read().await?).await? {
        return Ok(Step::of("freed_slots", 0, LIMIT));
    }
    let count = change(app, &Actor::system(), async |tx| {
        let ids = keys::free_idle_slots(tx, LIMIT).await?;
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        Ok((count, Done::new("key.free_slot", "keys", None, Some(&json!({"freed": ids})))))
    })
    .await?;
    Ok(Step::of("freed_slots", count, LIMIT))
}
