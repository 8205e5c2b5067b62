//! Looks from time to time whether the rows of the policy prove themselves, and tells people and gates of what does not.

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

/// So many seconds pass between two looks, each at all rows.
const EVERY: Duration = Duration::from_secs(30);
/// Findings that an alert and the administrators' log name one by one.
const NAMED: usize = 10;

/// Looks every few seconds, until the task is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(problem) = look(&app).await {
            tracing::warn!(problem = %problem.detail, "whether rows of the policy prove themselves is not known; looked again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Looks once. What was not there at the last look makes an alert, a row of the administrators' log and a revision, so that
/// gates get the policy without it.
///
/// # Errors
/// The database's: nothing is known then, and what was known before stays.
pub async fn look(app: &App) -> Result<()> {
    let report = check(&mut *app.store.read_consistently().await?).await?;
    let before = app.proofs.last();
    let is_news = report.findings.iter().any(|finding| !before.findings.contains(finding));
    if is_news {
        let named: Vec<_> = report.findings.iter().take(NAMED).map(ToString::to_string).collect();
        let more = report.count.saturating_sub(named.len() as u64);
        for finding in &named {
            tracing::error!(finding, "not as Lictor left it, and not used; see `lictor audit verify`");
        }
        let note = format!("{}; and {more} more. `lictor audit verify` names all.", named.join("; "));
        let told = json!({"findings": named, "more": more});
        change(app, &Actor::system(), async |tx| {
            raise::notice(tx, Rule::RowUnproven, Subject::All, &note).await?;
            Ok(((), Done::new("database.unproven", "database", None, Some(&told))))
        })
        .await?;
    } else if before.count > 0 && report.count == 0 {
        tracing::info!("all rows of the policy prove themselves again");
    }
    app.proofs.replace(report);
    Ok(())
}
