//! Checks every half minute whether the rows of the policy prove themselves, and reports those that do not.

use std::time::Duration;

use serde_json::json;

use crate::app::App;
use crate::app::alerts::raise;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::alerts::Rule;
use crate::domain::alerts::subject::Subject;
use crate::domain::problem::Result;
use crate::store::proof::check::check;
use crate::tasks::every;

/// The time between two checks, each of all rows.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// Findings that an alert and the administrators' log name one by one.
const NAMED: usize = 10;

/// Checks at the start and every half minute, until the service is to end.
pub async fn run(app: App) {
    every(&app, CHECK_INTERVAL, "whether rows of the policy prove themselves is not known", look).await;
}

/// Checks once. Findings that the last check did not have make an alert, a row of the administrators' log and a revision, so
/// that gates get the policy without those rows.
///
/// # Errors
/// The database's: nothing is known then, and what was known before stays.
pub async fn look(app: &App) -> Result<()> {
    let report = check(&mut *app.store.read_consistently().await?).await?;
    let before = app.proofs.last();
    let has_new = report.findings.iter().any(|finding| !before.findings.contains(finding));
    if has_new {
        let named: Vec<_> = report.findings.iter().take(NAMED).map(ToString::to_string).collect();
        let more = report.count.saturating_sub(named.len() as u64);
        for finding in &named {
            tracing::error!(finding, "not as Lictor left it, and not used; see `lictor audit verify`");
        }
        let note = format!("{}; and {more} more. `lictor audit verify` names all.", named.join("; "));
        let report = json!({"findings": named, "more": more});
        change(app, &Actor::system(), async |tx| {
            raise::notice(tx, Rule::RowUnproven, Subject::All, &note).await?;
            Ok(((), Done::new("database.unproven", "database", None, Some(&report))))
        })
        .await?;
    } else if before.count > 0 && report.count == 0 {
        tracing::info!("all rows of the policy prove themselves again");
    }
    app.proofs.replace(report);
    Ok(())
}
