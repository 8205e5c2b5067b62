//! Deletes sessions that ended long ago. The calls made in them stay in the audit log.

use crate::app::App;
use crate::domain::problem::Result;
use crate::domain::time::DAY;
use crate::store::{sessions, settings};
use crate::tasks::jobs::Step;

const LIMIT: u32 = 1000;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let (settings, _) = settings::load(&mut *app.store.read().await?).await?;
    let mut tx = app.store.write().await?;
    let before = tx.now().minus(DAY * settings.sessions.retention_days);
    let deleted = sessions::delete_ended(&mut tx, before, LIMIT).await?;
    tx.commit().await?;
    Ok(Step::of("deleted_sessions", deleted, LIMIT))
}
