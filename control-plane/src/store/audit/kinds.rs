//! The calls of a key by their kinds: model, method and outline.

use lictor_policy::refusal::Reason;
use sqlx::any::AnyRow;

use crate::domain::suggest::{Counts, Kind};
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError};

/// Kinds that are told apart.
pub const MAX_KINDS: usize = 2_000;
/// Records that are looked at, the newest first: the database finds and groups so many in seconds.
pub const MAX_RECORDS: i64 = 500_000;
/// Groups of calls without an outline: there are fewer reasons.
const MAX_OTHERS: i64 = 100;

/// What a key did and tried.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// The kinds, those with the most calls first.
    pub kinds: Vec<Kind>,
    /// Calls that were refused before their permissions were looked at.
    pub refused_before: Vec<(Reason, u64)>,
    /// Calls that need a permission and have no outline.
    pub without_outline: u64,
    /// Whether there are more kinds, or more records, than were looked at.
    pub more: bool,
}

/// The kinds of a key's calls from a moment on, before another.
pub async fn of_key(connection: &mut Connection, key_id: &str, from: Moment, to: Moment) -> Result<Kinds, StoreError> {
    // A login, and the one method that every key may call, need no permission.
    let rows = sqlx::query(
        "SELECT CASE WHEN outline IS NOT NULL THEN model END AS of_model, \
         CASE WHEN outline IS NOT NULL THEN method END AS of_method, outline, \
         CASE WHEN outline IS NULL THEN reason END AS early, \
         COUNT(*) AS records, CAST(SUM(count) AS BIGINT) AS calls, \
         CAST(SUM(CASE WHEN outcome = 'denied' THEN count ELSE 0 END) AS BIGINT) AS denied, \
         CAST(SUM(CASE WHEN outcome = 'faulted' AND none_answer = 0 THEN count ELSE 0 END) AS BIGINT) AS faulted, \
         CAST(SUM(CASE WHEN would_deny IS NOT NULL THEN count ELSE 0 END) AS BIGINT) AS shadowed, \
         CAST(SUM(CASE WHEN outline IS NULL AND outcome <> 'denied' AND method IS NOT NULL \
         AND NOT (model = 'res.users' AND method = 'context_get') THEN count ELSE 0 END) AS BIGINT) AS unread, \
         MIN(at) AS first_at, MAX(at) AS last_at \
         FROM (SELECT model, method, outline, reason, outcome, none_answer, would_deny, count, at FROM audit \
         WHERE key_id = $1 AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT $4) AS newest \
         GROUP BY 1, 2, 3, 4 \
         ORDER BY CASE WHEN outline IS NULL THEN 0 ELSE 1 END, calls DESC, of_model, of_method, outline LIMIT $5",
    )
    .bind(key_id)
    .bind(saturating_i64(from.0))
    .bind(saturating_i64(to.0))
    .bind(MAX_RECORDS)
    .bind(MAX_OTHERS + saturating_i64(MAX_KINDS as u64))
    .fetch_all(connection)
    .await?;
    let (mut found, mut records) = (Kinds::default(), 0);
    for row in &rows {
        records += row.number::<i64>("records")?;
        match row.optional_text("outline")? {
            Some(outline) => found.kinds.push(kind(row, outline)?),
            None => {
                let reason = row
                    .parse_optional_enum("early")?
                    .map(|reason| Ok::<_, StoreError>((reason, row.number("denied")?)));
                found.refused_before.extend(reason.transpose()?.filter(|(_, refused)| *refused > 0));
                found.without_outline += row.number::<u64>("unread")?;
            }
        }
    }
    found.more = records >= MAX_RECORDS || found.kinds.len() > MAX_KINDS;
    found.kinds.truncate(MAX_KINDS);
    Ok(found)
}

fn kind(row: &AnyRow, outline: String) -> Result<Kind, StoreError> {
    let counts = Counts {
        calls: row.number("calls")?,
        denied: row.number("denied")?,
        faulted: row.number("faulted")?,
        would_deny: row.number("shadowed")?,
        first_at: row.moment("first_at")?,
        last_at: row.moment("last_at")?,
    };
    let name = |column| Ok::<_, StoreError>(row.optional_text(column)?.unwrap_or_default());
    Ok(Kind { model: name("of_model")?, method: name("of_method")?, outline, counts })
}
