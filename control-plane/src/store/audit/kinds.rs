//! Recorded calls by their kinds: key, model, method and outline.

use std::collections::BTreeMap;

use lictor_policy::refusal::Reason;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::suggest::{Counts, Kind};
use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, places, saturating_i64};
use crate::store::{Connection, StoreError};

/// Kinds of one key's calls that are told apart.
pub const MAX_KINDS: usize = 2_000;
/// Kinds of the calls of all keys that are told apart.
pub const MAX_KINDS_OF_ALL: usize = 10_000;
/// Records that are looked at, the newest first: the database finds and groups so many in seconds.
pub const MAX_RECORDS: i64 = 500_000;
/// Groups of calls without an outline: there are fewer reasons.
const MAX_OTHERS: i64 = 100;

/// What a key, or every one, did and tried.
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

/// The kinds of the calls of a key, or of all keys, from a moment on, before another.
pub async fn of_keys(
    connection: &mut Connection,
    key_id: Option<&str>,
    from: Moment,
    to: Moment,
) -> Result<Kinds, StoreError> {
    let (of_key, max_kinds) = match key_id {
        Some(_) => ("key_id = $5", MAX_KINDS),
        None => ("key_id IS NOT NULL", MAX_KINDS_OF_ALL),
    };
    // A login, and the one method that every key may call, need no permission.
    let sql = format!(
        "SELECT CASE WHEN outline IS NOT NULL THEN key_id END AS of_key, \
         CASE WHEN outline IS NOT NULL THEN model END AS of_model, \
         CASE WHEN outline IS NOT NULL THEN method END AS of_method, outline, \
         CASE WHEN outline IS NULL THEN reason END AS early, \
         COUNT(*) AS records, MAX(position) AS last_position, CAST(SUM(count) AS BIGINT) AS calls, \
         CAST(SUM(CASE WHEN outcome = 'denied' THEN count ELSE 0 END) AS BIGINT) AS denied, \
         CAST(SUM(CASE WHEN outcome = 'faulted' AND none_answer = 0 THEN count ELSE 0 END) AS BIGINT) AS faulted, \
         CAST(SUM(CASE WHEN would_deny IS NOT NULL THEN count ELSE 0 END) AS BIGINT) AS shadowed, \
         CAST(SUM(CASE WHEN outline IS NULL AND outcome <> 'denied' AND method IS NOT NULL \
         AND NOT (model = 'res.users' AND method = 'context_get') THEN count ELSE 0 END) AS BIGINT) AS unread, \
         MIN(at) AS first_at, MAX(at) AS last_at \
         FROM (SELECT key_id, model, method, outline, reason, outcome, none_answer, would_deny, count, at, position FROM audit \
         WHERE {of_key} AND at >= $1 AND at < $2 ORDER BY at DESC LIMIT $3) AS newest \
         GROUP BY 1, 2, 3, 4, 5 \
         ORDER BY CASE WHEN outline IS NULL THEN 0 ELSE 1 END, calls DESC, of_model, of_method, outline, of_key LIMIT $4"
    );
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(saturating_i64(from.0))
        .bind(saturating_i64(to.0))
        .bind(MAX_RECORDS)
        .bind(MAX_OTHERS + saturating_i64(max_kinds as u64));
    let rows = key_id.into_iter().fold(query, sqlx::query::Query::bind).fetch_all(connection).await?;
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
    found.more = records >= MAX_RECORDS || found.kinds.len() > max_kinds;
    found.kinds.truncate(max_kinds);
    Ok(found)
}

/// The decision ids of the records at places in the audit log, in the order of these; none for a record that was deleted
/// meanwhile.
pub async fn decisions(connection: &mut Connection, positions: &[i64]) -> Result<Vec<Option<String>>, StoreError> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT position, decision_id FROM audit WHERE position IN ({})", places(1, positions.len()));
    let query = positions.iter().fold(sqlx::query(AssertSqlSafe(sql)), sqlx::query::Query::bind);
    let rows = query.fetch_all(connection).await?;
    let found = |row: &AnyRow| Ok((row.number::<i64>("position")?, row.text("decision_id")?));
    let found: BTreeMap<_, _> = rows.iter().map(found).collect::<Result<_, StoreError>>()?;
    Ok(positions.iter().map(|position| found.get(position).cloned()).collect())
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
    Ok(Kind {
        key_id: name("of_key")?,
        model: name("of_model")?,
        method: name("of_method")?,
        outline,
        counts,
        last_position: row.number("last_position")?,
    })
}
