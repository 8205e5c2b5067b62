//! Lists audit records by what is asked for.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::events::{Record, read};
use super::row::big;
use super::{Connection, StoreError};
use crate::time::Moment;

/// Which records are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Equal to the text.
    pub texts: Vec<(TextColumn, String)>,
    /// Equal to the number.
    pub fault_code: Option<i64>,
    /// Has the operation, by name.
    pub operation: Option<&'static str>,
    /// Has the record id.
    pub record_id: Option<i64>,
    /// At this moment or later.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
}

/// A column that can be asked for by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum TextColumn {
    Id,
    Gate,
    DecisionId,
    RequestId,
    KeyId,
    UserId,
    ClientIp,
    Road,
    Database,
    Model,
    Method,
    Outcome,
    Reason,
}

impl TextColumn {
    const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Gate => "gate_id",
            Self::DecisionId => "decision_id",
            Self::RequestId => "request_id",
            Self::KeyId => "key_id",
            Self::UserId => "user_id",
            Self::ClientIp => "client_ip",
            Self::Road => "road",
            Self::Database => "database",
            Self::Model => "model",
            Self::Method => "method",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
        }
    }
}

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String, String);

/// Records, newest first, older than a place.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = Conditions::default();
    for (column, text) in &filter.texts {
        conditions.add(|n| format!("{} = ${n}", column.name()), Bound::Text(text.clone()));
    }
    if let Some(code) = filter.fault_code {
        conditions.add(|n| format!("fault_code = ${n}"), Bound::Number(code));
    }
    if let Some(operation) = filter.operation {
        conditions.add(|n| format!("operations LIKE ${n}"), Bound::Text(format!("%\"{operation}\"%")));
    }
    if let Some(id) = filter.record_id {
        // The list is JSON without spaces: the id stands between brackets or commas.
        let pattern = |n| format!("REPLACE(REPLACE(record_ids, '[', ','), ']', ',') LIKE ${n}");
        conditions.add(pattern, Bound::Text(format!("%,{id},%")));
    }
    if let Some(from) = filter.from {
        conditions.add(|n| format!("at >= ${n}"), Bound::Number(big(from.0)));
    }
    if let Some(to) = filter.to {
        conditions.add(|n| format!("at < ${n}"), Bound::Number(big(to.0)));
    }
    if let Some((at, id, gate)) = before {
        let (at, id, gate) = (Bound::Number(big(*at)), Bound::Text(id.clone()), Bound::Text(gate.clone()));
        conditions.add_three(|a, b, c| format!("(at, id, gate_id) < (${a}, ${b}, ${c})"), [at, id, gate]);
    }
    let (sql, bounds) = conditions.finish(limit);
    let query = bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), Bound::bind);
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Conditions with numbered placeholders. Their text is made of constants; what was asked for is bound.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    bounds: Vec<Bound>,
}

enum Bound {
    Text(String),
    Number(i64),
}

impl Bound {
    fn bind<'q>(query: Query<'q, Any, AnyArguments>, bound: Self) -> Query<'q, Any, AnyArguments> {
        match bound {
            Self::Text(text) => query.bind(text),
            Self::Number(number) => query.bind(number),
        }
    }
}

impl Conditions {
    fn add(&mut self, condition: impl FnOnce(usize) -> String, bound: Bound) {
        self.bounds.push(bound);
        self.sql.push(condition(self.bounds.len()));
    }

    fn add_three(&mut self, condition: impl FnOnce(usize, usize, usize) -> String, bounds: [Bound; 3]) {
        self.bounds.extend(bounds);
        let last = self.bounds.len();
        self.sql.push(condition(last - 2, last - 1, last));
    }

    fn finish(mut self, limit: i64) -> (String, Vec<Bound>) {
        self.bounds.push(Bound::Number(limit));
        let condition = if self.sql.is_empty() { "1 = 1".to_owned() } else { self.sql.join(" AND ") };
        let limit = self.bounds.len();
        let order = "ORDER BY at DESC, id DESC, gate_id DESC";
        (format!("SELECT * FROM audit WHERE {condition} {order} LIMIT ${limit}"), self.bounds)
    }
}
