//! Counts calls by the hour and by the day, in the transaction that records them: so weeks are looked at without reading all
//! rows. `audit_counts` has the form of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::named::named;
use crate::domain::time::{DAY, Moment};
use crate::store::audit::rows::Row;
use crate::store::engine::row::{Columns as _, ROWS, saturating_i64, values};
use crate::store::{StoreError, WriteTx};

/// The shorter of the two periods that calls are counted by.
pub const HOUR: Duration = Duration::from_secs(3600);
/// How long hours are kept: days are for what is older.
pub const HOURS_KEPT: Duration = Duration::from_secs(35 * 24 * 3600);
/// Values of one field, with one outcome, that are counted by themselves in one period. Calls that were refused have values of
/// their own, so that names which a client invents hide none of a call that passed.
const MAX_VALUES: i64 = 500;

named! {
    /// What calls are counted by.
    pub enum Field {
        /// The key.
        Key = "key",
        /// The model.
        Model = "model",
        /// The method.
        Method = "method",
        /// Why they were refused.
        Reason = "reason",
        /// The gate.
        Gate = "gate",
    }
}

/// What counts all calls, in the place of a field.
pub(crate) const ALL: &str = "all";

/// A row of the log as far as it is counted.
pub(crate) struct Counted {
    at: i64,
    count: i64,
    outcome: String,
    fields: [(&'static str, Option<String>); Field::ALL.len() + 1],
}

impl Counted {
    pub(crate) fn of(row: &Row) -> Self {
        let value = |field| match field {
            Field::Key => row.key_id.clone(),
            Field::Model => row.model.clone(),
            Field::Method => row.method.clone(),
            Field::Reason => row.reason.clone(),
            Field::Gate => Some(row.gate_id.clone()),
        };
        let [key, model, method, reason, gate] =
            Field::ALL.map(|field| (field.name(), value(field).filter(|value| !value.is_empty())));
        let fields = [(ALL, Some(String::new())), key, model, method, reason, gate];
        Self { at: row.at, count: row.count, outcome: row.outcome.clone(), fields }
    }
}

/// A period, a field, an outcome: size in seconds, field, beginning, outcome.
type Period = (i64, &'static str, i64, String);

/// Calls that are to be counted, by periods and values; fewer than none where they are to be taken off.
#[derive(Default)]
pub(crate) struct Tallies(BTreeMap<(Period, String), i64>);

impl Tallies {
    /// Counts a row.
    pub(crate) fn add(&mut self, row: &Counted) {
        self.change(row, row.count);
    }

    /// Counts a row no longer.
    pub(crate) fn take(&mut self, row: &Counted) {
        self.change(row, row.count.saturating_neg());
    }

    fn change(&mut self, row: &Counted, by: i64) {
        for size in [HOUR, DAY] {
            let begin = Moment(row.at.unsigned_abs()).floor(size);
            for (field, value) in &row.fields {
                let Some(value) = value else { continue };
                let period = (saturating_i64(size.as_secs()), *field, saturating_i64(begin.0), row.outcome.clone());
                let calls = self.0.entry((period, value.clone())).or_default();
                *calls = calls.saturating_add(by);
            }
        }
    }

    /// Writes what is counted: mostly one statement, as mostly all values are there.
    pub(crate) async fn store(self, tx: &mut WriteTx) -> Result<(), StoreError> {
        let mut rest: Vec<_> = self.0.into_iter().filter(|(_, calls)| *calls != 0).collect();
        let known = update(tx, &rest).await?;
        rest.retain(|(place, _)| !known.contains(place));
        if rest.is_empty() {
            return Ok(());
        }
        let mut named = named_values(tx, &rest).await?;
        let mut new: BTreeMap<(Period, String), i64> = BTreeMap::new();
        for ((period, value), calls) in rest {
            let named = named.entry(period.clone()).or_default();
            // One that is taken off was counted together with others, or it would be there.
            let has_room = calls > 0 && *named < MAX_VALUES;
            *named += i64::from(has_room);
            let value = if has_room { value } else { String::new() };
            *new.entry((period, value)).or_default() += calls;
        }
        insert(tx, &new.into_iter().collect::<Vec<_>>()).await
    }
}

type Tally = ((Period, String), i64);

fn period(row: &AnyRow) -> Result<Period, StoreError> {
    let field = Field::named(&row.text("field")?).map_or(ALL, Field::name);
    Ok((row.number("size")?, field, row.number("at")?, row.text("outcome")?))
}

/// Adds to values that are there. Answers them.
async fn update(tx: &mut WriteTx, tallies: &[Tally]) -> Result<BTreeSet<(Period, String)>, StoreError> {
    let mut known = BTreeSet::new();
    for chunk in tallies.chunks(ROWS) {
        let sql = format!(
            "WITH added (of_size, of_field, of_at, of_outcome, of_value, more) AS ({}) \
             UPDATE audit_counts SET calls = calls + more FROM added WHERE size = of_size AND field = of_field \
             AND at = of_at AND outcome = of_outcome AND value = of_value RETURNING size, field, at, outcome, value",
            values(chunk.len(), 6)
        );
        for row in bound(&sql, chunk).fetch_all(tx.connection()).await? {
            let period = period(&row)?;
            known.insert((period, row.text("value")?));
        }
    }
    Ok(known)
}

/// How many values of the periods are counted by themselves.
async fn named_values(tx: &mut WriteTx, tallies: &[Tally]) -> Result<BTreeMap<Period, i64>, StoreError> {
    let mut periods: Vec<&Period> = tallies.iter().map(|((period, _), _)| period).collect();
    periods.dedup();
    let mut named = BTreeMap::new();
    for chunk in periods.chunks(ROWS) {
        let sql = format!(
            "SELECT size, field, at, outcome, COUNT(*) AS named FROM audit_counts \
             WHERE (size, field, at, outcome) IN ({}) AND value <> '' GROUP BY size, field, at, outcome",
            values(chunk.len(), 4)
        );
        let query = chunk.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, (size, field, at, outcome)| {
            query.bind(*size).bind(*field).bind(*at).bind(outcome.as_str())
        });
        for row in query.fetch_all(tx.connection()).await? {
            named.insert(period(&row)?, row.number("named")?);
        }
    }
    Ok(named)
}

async fn insert(tx: &mut WriteTx, tallies: &[Tally]) -> Result<(), StoreError> {
    for chunk in tallies.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO audit_counts (size, field, at, outcome, value, calls) {} \
             ON CONFLICT (size, field, at, outcome, value) DO UPDATE SET calls = audit_counts.calls + excluded.calls",
            values(chunk.len(), 6)
        );
        bound(&sql, chunk).execute(tx.connection()).await?;
    }
    Ok(())
}

fn bound<'q>(sql: &str, tallies: &'q [Tally]) -> sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    tallies.iter().fold(query, |query, (((size, field, at, outcome), value), calls)| {
        query.bind(*size).bind(*field).bind(*at).bind(outcome.as_str()).bind(value.as_str()).bind(*calls)
    })
}

/// Deletes so many counts at most of hours and of days that ended before these moments. Answers how many.
pub async fn delete_older(tx: &mut WriteTx, hours: Moment, days: Moment, limit: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (size, before) in [(HOUR, hours), (DAY, days)] {
        for field in [ALL].into_iter().chain(Field::ALL.map(Field::name)) {
            // As in `retention`, the limit is no parameter.
            let sql = format!(
                "DELETE FROM audit_counts WHERE (size, field, at, outcome, value) IN (SELECT size, field, at, outcome, value \
                 FROM audit_counts WHERE size = $1 AND field = $2 AND at < $3 LIMIT {limit})"
            );
            let done = sqlx::query(AssertSqlSafe(sql))
                .bind(saturating_i64(size.as_secs()))
                .bind(field)
                .bind(saturating_i64(before.floor(size).0))
                .execute(tx.connection())
                .await?;
            deleted += done.rows_affected();
        }
    }
    Ok(deleted)
}
