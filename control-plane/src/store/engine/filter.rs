//! Builds the `WHERE` clause of a list from the parameters that were given.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::store::engine::row::{Columns as _, places};
use crate::store::{Connection, StoreError};

/// Conditions with numbered placeholders. Their text is made of constants; what was asked for is bound.
#[derive(Default)]
pub(crate) struct Conditions {
    sql: Vec<String>,
    bounds: Vec<Bound>,
}

/// What is bound to a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Text(String),
    Number(i64),
}

impl From<String> for Bound {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Flags are stored as 0 and 1.
impl From<bool> for Bound {
    fn from(flag: bool) -> Self {
        Self::Number(flag.into())
    }
}

impl Bound {
    pub(crate) fn bind<'q>(query: Query<'q, Any, AnyArguments>, bound: Self) -> Query<'q, Any, AnyArguments> {
        match bound {
            Self::Text(text) => query.bind(text),
            Self::Number(number) => query.bind(number),
        }
    }
}

/// A text as a part of a pattern with `ESCAPE '!'`.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}

impl Conditions {
    /// A condition without a placeholder.
    pub(crate) fn require(&mut self, condition: &'static str) {
        self.sql.push(condition.to_owned());
    }

    /// A condition that ends before its placeholder, such as `at >=`.
    pub(crate) fn compare(&mut self, condition: &'static str, bound: Bound) {
        self.bounds.push(bound);
        self.sql.push(format!("{condition} ${}", self.bounds.len()));
    }

    /// Either a condition without a placeholder, or one that ends before its placeholder.
    pub(crate) fn compare_or(&mut self, alternative: &'static str, condition: &'static str, bound: Bound) {
        self.bounds.push(bound);
        self.sql.push(format!("({alternative} OR {condition} ${})", self.bounds.len()));
    }

    /// One of two conditions that end before their placeholders, with the same words behind.
    pub(crate) fn compare_either(&mut self, conditions: [&'static str; 2], bounds: [Bound; 2], behind: &'static str) {
        let first = self.bounds.len() + 1;
        self.bounds.extend(bounds);
        let [one, other] = conditions;
        self.sql.push(format!("({one} ${first} {behind} OR {other} ${} {behind})", first + 1));
    }

    /// Columns together are greater than a place in the list.
    pub(crate) fn after(&mut self, columns: &'static str, place: impl IntoIterator<Item = Bound>) {
        self.beside(columns, ">", place);
    }

    /// Columns together are smaller than a place in the list.
    pub(crate) fn before(&mut self, columns: &'static str, place: impl IntoIterator<Item = Bound>) {
        self.beside(columns, "<", place);
    }

    fn beside(&mut self, columns: &'static str, side: &'static str, place: impl IntoIterator<Item = Bound>) {
        let first = self.bounds.len() + 1;
        self.bounds.extend(place);
        self.sql.push(format!("({columns}) {side} ({})", places(first, self.bounds.len() + 1 - first)));
    }

    /// A row of `audit` names a record in one of these blocks, each its first id and its size.
    pub(crate) fn names_one_of(&mut self, blocks: impl IntoIterator<Item = Bound>) {
        let first = self.bounds.len() + 1;
        self.bounds.extend(blocks);
        let places: Vec<_> = (first..=self.bounds.len()).step_by(2).map(|at| format!("(${at}, ${})", at + 1)).collect();
        self.sql.push(format!(
            "EXISTS (SELECT 1 FROM audit_record_ids AS named WHERE named.position = audit.position \
             AND (named.record_id, named.size) IN (VALUES {}))",
            places.join(", ")
        ));
    }

    /// Whether every row is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// What stands behind `WHERE`, and what is to be bound.
    pub(crate) fn into_parts(mut self) -> (String, Vec<Bound>) {
        self.require("1 = 1");
        (self.sql.join(" AND "), self.bounds)
    }

    /// The rows of a table for which all conditions hold.
    pub(crate) async fn rows(
        mut self,
        connection: &mut Connection,
        table: &'static str,
        order: &'static str,
        limit: i64,
    ) -> Result<Vec<AnyRow>, StoreError> {
        self.require("1 = 1");
        self.bounds.push(Bound::Number(limit));
        let (conditions, last) = (self.sql.join(" AND "), self.bounds.len());
        let sql = format!("SELECT * FROM {table} WHERE {conditions} ORDER BY {order} LIMIT ${last}");
        let query = self.bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), Bound::bind);
        Ok(query.fetch_all(connection).await?)
    }

    /// How many rows of a table there are for which all conditions hold.
    pub(crate) async fn count(mut self, connection: &mut Connection, table: &'static str) -> Result<u64, StoreError> {
        self.require("1 = 1");
        let sql = format!("SELECT COUNT(*) AS number FROM {table} WHERE {}", self.sql.join(" AND "));
        let query = self.bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), Bound::bind);
        query.fetch_one(connection).await?.number("number")
    }
}
