//! Marks expired keys inactive. Gates refuse them from the moment of expiry; this takes them out of the policy.

use serde_json::json;

use super::Step;
use crate::app::App;
use crate::auth::Actor;
use crate::change::{Done, change};
use crate::error::Result;
use crate::store::keys;

const LIMIT: u32 = 500;

pub(super) async fn step(app: &App) -> Result<Step> {
    let now = app.now();
    if !keys::any_expired(&mut *app.store.read().await?, now).await? {
        return Ok(Step::of("deactivated", 0, LIMIT));
    }
    let count = change(app, &Actor::system(), async |tx| {
        let ids = keys::deactivate_expired(tx, now, LIMIT).await?;
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        Ok((count, Done::new("key.expire", "keys", None, Some(&json!({"deactivated": ids})))))
    })
    .await?;
    Ok(Step::of("deactivated", count, LIMIT))
}
