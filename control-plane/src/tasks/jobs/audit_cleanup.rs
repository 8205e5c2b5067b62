//! Deletes audit records that are older than `audit.retention_days`.

use crate::app::{App, audit};
use crate::domain::job::Counts;
use crate::domain::problem::Result;
use crate::tasks::jobs::Step;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let report = audit::clean_up(app, app.now()).await?;
    let counts = Counts::from([("deleted_records".to_owned(), report.deleted)]);
    let counted = audit::clean_up_counts(app, app.now()).await?;
    Ok(Step { counts, next: (!report.finished || counted > 0).then(String::new) })
}
