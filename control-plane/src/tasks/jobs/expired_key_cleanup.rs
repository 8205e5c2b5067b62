//! Marks expired keys inactive, and removes links to keys that have ended. Gates refuse a key from the moment of its end;
//! this takes it out of the policy.

use serde_json::json;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::problem::Result;
use crate::store::{key_links, keys};
use crate::tasks::jobs::Step;

const LIMIT: u32 = 500;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let mut tx = app.store.write().await?;
    let now = tx.now();
    let links = key_links::delete_ended(&mut tx, LIMIT).await?;
    tx.commit().await?;

    let mut deactivated = 0;
    if keys::any_expired(&mut *app.store.read().await?, now).await? {
        deactivated = change(app, &Actor::system(), async |tx| {
            let ids = keys::deactivate_expired(tx, LIMIT).await?;
            let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            Ok((count, Done::new("key.expire", "keys", None, Some(&json!({"deactivated": ids})))))
        })
        .await?;
    }
    Ok(Step::of("deactivated_keys", deactivated, LIMIT).and(Step::of("deleted_links", links, LIMIT)))
}
