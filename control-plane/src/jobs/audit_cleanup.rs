//! Deletes audit records that are older than `audit.retention_days`.

use super::{Counts, Step};
use crate::app::App;
use crate::audit;
use crate::error::Result;

pub(super) async fn step(app: &App) -> Result<Step> {
    let report = audit::clean_up(app, app.now()).await?;
    let counts = Counts::from([("deleted_records".to_owned(), report.deleted)]);
    Ok(Step { counts, next: (!report.finished).then(String::new) })
}
