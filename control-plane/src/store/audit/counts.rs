//! How many calls there were over time, by what they are counted by.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::named::named;
use crate::domain::time::{DAY, Moment};
use crate::store::audit::facets::labels;
use crate::store::audit::list::Filter;
use crate::store::audit::tallies::{ALL, Field, HOUR};
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError};

/// Series that are told apart, those with the most calls.
const SERIES: usize = 10;
/// Records that are counted one by one, the newest first, where nothing has counted them: so many are read in well under a
/// second.
const MAX_RECORDS: i64 = 50_000;

named! {
    /// What makes the series.
    pub enum By {
        /// What became of the call.
        Outcome = "outcome",
        /// The key.
        Key = "key",
        /// The model.
        Model = "model",
        /// The method.
        Method = "method",
        /// Why it was refused.
        Reason = "reason",
        /// The gate.
        Gate = "gate",
    }
}

impl By {
    /// The field of its name; an outcome is counted beside each.
    fn field(self) -> Option<Field> {
        Field::named(self.name())
    }
}

/// Which calls are counted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Those that match it; it names no record and no range.
    pub filter: Filter,
    /// By what.
    pub by: By,
    /// From this whole hour on; of a whole day, if the step is one.
    pub from: Moment,
    /// How long each point is: whole hours.
    pub step: Duration,
    /// How many points there are.
    pub points: usize,
}

/// Calls over time.
#[derive(Clone, Debug)]
pub struct Series {
    /// The value that they have; none of those that have another one than the series beside it.
    pub name: Option<String>,
    /// What people call a key or a gate.
    pub label: Option<String>,
    /// All of them.
    pub total: u64,
    /// One number a step.
    pub points: Vec<u64>,
}

/// What was counted.
#[derive(Clone, Debug)]
pub struct Counts {
    /// All calls that match, those without a value too.
    pub total: u64,
    /// The series with the most calls, the greatest first, and that of all others behind them, if there are any.
    pub series: Vec<Series>,
    /// From when on calls were counted, if there are too many for all.
    pub counted_from: Option<Moment>,
}

/// Counts.
pub async fn count(connection: &mut Connection, wanted: &Wanted) -> Result<Counts, StoreError> {
    let source = Source::of(wanted);
    let sql = format!(
        "WITH source AS ({}), top AS (SELECT name, SUM(calls) AS calls FROM source WHERE name <> '' GROUP BY name \
         ORDER BY 2 DESC, name LIMIT {SERIES}) \
         SELECT (at - ${}) / ${} AS point, top.name AS series, CAST(SUM(source.calls) AS BIGINT) AS calls \
         FROM source LEFT JOIN top ON top.name = source.name WHERE source.name IS NOT NULL GROUP BY 1, 2",
        source.sql,
        source.bounds.len() + 1,
        source.bounds.len() + 2
    );
    let query = source.bounds.iter().cloned().fold(sqlx::query(AssertSqlSafe(sql)), Bound::bind);
    let step = saturating_i64(u64::try_from(wanted.step.as_micros()).unwrap_or(u64::MAX));
    let rows = query.bind(saturating_i64(wanted.from.0)).bind(step).fetch_all(&mut *connection).await?;
    let mut series = series(&rows, wanted.points)?;
    if let Some(field) = wanted.by.field() {
        let names = series.iter().filter_map(|series| series.name.as_deref()).collect();
        let labels = labels(connection, field, &names).await?;
        for series in &mut series {
            series.label = series.name.as_ref().and_then(|name| labels.get(name).cloned());
        }
    }
    let (total, counted_from) = Source::of_all(wanted).total(connection).await?;
    Ok(Counts { total, series, counted_from })
}

fn series(rows: &[AnyRow], points: usize) -> Result<Vec<Series>, StoreError> {
    let mut found: BTreeMap<Option<String>, Series> = BTreeMap::new();
    for row in rows {
        let name = row.optional_text("series")?;
        let new = || Series { name: name.clone(), label: None, total: 0, points: vec![0; points] };
        let series = found.entry(name.clone()).or_insert_with(new);
        let calls: u64 = row.number::<i64>("calls")?.try_into().unwrap_or_default();
        if let Some(point) = series.points.get_mut(row.number::<usize>("point")?) {
            *point += calls;
            series.total += calls;
        }
    }
    let mut series: Vec<_> = found.into_values().filter(|series| series.total > 0).collect();
    series.sort_by_key(|series| (series.name.is_none(), std::cmp::Reverse(series.total)));
    Ok(series)
}

/// Rows with `at`, `name` and `calls`.
struct Source {
    sql: String,
    bounds: Vec<Bound>,
    is_of_records: bool,
}

impl Source {
    fn of(wanted: &Wanted) -> Self {
        let (mut rest, mut named) = (wanted.filter.clone(), Vec::new());
        let equal = &mut rest.equal;
        let outcome = equal.outcome.take();
        for (field, value) in [
            (Field::Key, equal.key_id.take()),
            (Field::Model, equal.model.take()),
            (Field::Method, equal.method.take()),
            (Field::Reason, equal.reason.take().map(|reason| reason.row().name.to_owned())),
            (Field::Gate, equal.gate.take()),
        ] {
            named.extend(value.map(|value| (field, value)));
        }
        let field = match (wanted.by.field(), named.as_slice()) {
            (by, []) => Some(by.map_or(ALL, Field::name)),
            (by, [(field, _)]) if by.is_none_or(|by| by == *field) => Some(field.name()),
            _ => None,
        };
        match field.filter(|_| rest.conditions().is_empty()) {
            Some(field) => {
                let mut conditions = Self::counted(wanted, field);
                for (_, value) in named {
                    conditions.compare("value =", Bound::Text(value));
                }
                if let Some(outcome) = outcome {
                    conditions.compare("outcome =", Bound::Text(outcome.name().to_owned()));
                }
                let (sql, bounds) = conditions.into_parts();
                let name = if wanted.by == By::Outcome { "outcome" } else { "value" };
                let sql = format!("SELECT at, {name} AS name, calls FROM audit_counts WHERE {sql}");
                Self { sql, bounds, is_of_records: false }
            }
            None => Self::records(wanted),
        }
    }

    /// The same calls, with those that have no value to be counted by.
    fn of_all(wanted: &Wanted) -> Self {
        let equal = &wanted.filter.equal;
        let has_value = [&equal.key_id, &equal.model, &equal.method, &equal.gate].iter().any(|value| value.is_some());
        match has_value || equal.reason.is_some() {
            true => Self::of(wanted),
            false => Self::of(&Wanted { by: By::Outcome, ..wanted.clone() }),
        }
    }

    fn counted(wanted: &Wanted, field: &'static str) -> Conditions {
        let is_of_days = wanted.step.as_secs().is_multiple_of(DAY.as_secs());
        let size = if is_of_days { DAY } else { HOUR };
        let mut conditions = Conditions::default();
        conditions.compare("size =", Bound::Number(saturating_i64(size.as_secs())));
        conditions.compare("field =", Bound::Text(field.to_owned()));
        Self::within(wanted, conditions)
    }

    fn within(wanted: &Wanted, mut conditions: Conditions) -> Conditions {
        let steps = u32::try_from(wanted.points).unwrap_or(u32::MAX);
        let to = wanted.from.plus(wanted.step.saturating_mul(steps));
        conditions.compare("at >=", Bound::Number(saturating_i64(wanted.from.0)));
        conditions.compare("at <", Bound::Number(saturating_i64(to.0)));
        conditions
    }

    /// The newest records that match.
    fn records(wanted: &Wanted) -> Self {
        let name = match wanted.by {
            By::Outcome => "outcome",
            By::Key => "key_id",
            By::Model => "model",
            By::Method => "method",
            By::Reason => "reason",
            By::Gate => "gate_id",
        };
        let (conditions, bounds) = Self::within(wanted, wanted.filter.conditions()).into_parts();
        let sql = format!(
            "SELECT at, NULLIF({name}, '') AS name, count AS calls FROM audit WHERE {conditions} \
             ORDER BY at DESC LIMIT {MAX_RECORDS}"
        );
        Self { sql, bounds, is_of_records: true }
    }

    /// How many calls, and from when on, if there are more records than are read.
    async fn total(self, connection: &mut Connection) -> Result<(u64, Option<Moment>), StoreError> {
        let sql = format!(
            "SELECT COUNT(*) AS records, CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls, \
             COALESCE(MIN(at), 0) AS first FROM ({}) AS source",
            self.sql
        );
        let query = self.bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), Bound::bind);
        let row = query.fetch_one(connection).await?;
        let is_cut = self.is_of_records && row.number::<i64>("records")? >= MAX_RECORDS;
        let first = row.moment("first")?;
        Ok((row.number("calls")?, is_cut.then_some(first)))
    }
}
