//! Deletes audit records that are older than `audit.retention_days`.

use crate::app::{App, audit};
use crate::domain::job::Counts;
use crate::domain::problem::Result;
use crate::tasks::jobs::Step;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let report = audit::clean_up(app, app.now()).await?;
    let counts = Counts::from([("deleted_records".to_owned(), report.deleted)]);
    Ok(Step { counts, next: (!report.finished).then(String::new) })
}
