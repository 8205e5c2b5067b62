//! The one way in which rows that prove themselves are made, changed and removed, and how they are read.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::store::engine::row::{self, Columns as _};
use crate::store::proof::tables::Table;
use crate::store::proof::{Keys, Proof, Value, Weight, ledger, stored, values};
use crate::store::{ChangeTx, Connection, StoreError};

/// Rows that one statement changes: it must stay below the number of parameters that both databases take.
const AT_ONCE: usize = 500;

/// A column and what it is to hold.
pub(crate) type Column = (&'static str, Value);

impl Connection {
    /// The row, if it is as Lictor left it.
    ///
    /// # Errors
    /// [`StoreError::Unproven`] for another.
    pub(crate) fn genuine(&self, table: &Table, row: AnyRow) -> Result<AnyRow, StoreError> {
        if self.keys()?.is_genuine(table, &row) { Ok(row) } else { Err(unproven(table, &row)) }
    }

    /// Those of the rows that are as Lictor left them. The others are for the check to report, which looks at all rows.
    pub(crate) fn only_genuine(&self, table: &Table, rows: Vec<AnyRow>) -> Result<Vec<AnyRow>, StoreError> {
        let keys = self.keys()?;
        Ok(rows.into_iter().filter(|row| keys.is_genuine(table, row)).collect())
    }

    /// The proof of a row with these columns, for tables that the ledger does not count.
    pub(crate) fn proof(&self, table: &Table, columns: &[Column]) -> Result<String, StoreError> {
        Ok(self.keys()?.proof(table, columns.iter().map(|(name, value)| (*name, value))).0)
    }
}

/// Says which row it is.
pub(crate) fn unproven(table: &Table, row: &AnyRow) -> StoreError {
    StoreError::Unproven { table: table.name, row: name(table, row) }
}

/// Names a row by its key.
pub(crate) fn name(table: &Table, row: &AnyRow) -> String {
    let part = |column: &&str| row.text(column).or_else(|_| row.number::<i64>(column).map(|number| number.to_string()));
    table.key.iter().map(|column| part(column).unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

/// What was read of a table that the ledger counts.
#[derive(Default)]
pub(crate) struct Found {
    /// The rows that prove themselves.
    pub genuine: Vec<AnyRow>,
    /// How many do not.
    pub unproven: u64,
    /// What all proofs add up to.
    sum: Weight,
}

impl Found {
    /// Sorts rows.
    pub(crate) fn of(keys: &Keys, table: &Table, rows: Vec<AnyRow>) -> Self {
        let mut found = Self { genuine: Vec::with_capacity(rows.len()), unproven: 0, sum: Weight::default() };
        for row in rows {
            found.sum.add(stored(&row).map_or_else(Weight::default, |proof| keys.weight(&proof)));
            if keys.is_genuine(table, &row) {
                found.genuine.push(row);
            } else {
                found.unproven += 1;
            }
        }
        found
    }

    /// Adds what was found in other rows of the table.
    pub(crate) fn add(&mut self, other: Self) {
        self.genuine.extend(other.genuine);
        self.unproven += other.unproven;
        self.sum.add(other.sum);
    }

    /// Whether none was put back or taken away, if these were all that count.
    pub(crate) fn is_complete(&self, table: &Table, ledger: Option<&ledger::Ledger>) -> bool {
        ledger.is_some_and(|ledger| ledger.sum(table) == self.sum)
    }
}

/// Makes a row.
pub(crate) async fn insert(tx: &mut ChangeTx, table: &Table, columns: Vec<Column>) -> Result<(), StoreError> {
    let keys = tx.keys()?.clone();
    let proof = keys.proof(table, columns.iter().map(|(name, value)| (*name, value)));
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let values = row::values(1, columns.len() + 1);
    let sql = format!("INSERT INTO {} ({}, proof) {values}", table.name, names.join(", "));
    let query = columns.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, (_, value)| bind(query, value));
    query.bind(proof.0.as_str()).execute(tx.connection()).await?;
    tx.in_ledger(|ledger| ledger.replace(&keys, table, None, Some(&proof)));
    Ok(())
}

/// Gives columns of rows other values. A row that did not prove itself before does not after, unless all that it must prove
/// was replaced: a change never takes over what somebody else has written. Answers the rows that there were.
pub(crate) async fn update(
    tx: &mut ChangeTx,
    table: &Table,
    condition: &str,
    bounds: Vec<Value>,
    changes: Vec<Column>,
) -> Result<Vec<AnyRow>, StoreError> {
    let keys = tx.keys()?.clone();
    let found = select(tx, table, "*", condition, &bounds).await?;
    for rows in found.chunks(AT_ONCE) {
        let mut proofs: Vec<(&AnyRow, Option<Proof>)> = Vec::with_capacity(rows.len());
        for row in rows {
            let (before, held) = (stored(row), values(row).unwrap_or_default());
            let is_replaced = |name: &str| changes.iter().any(|(change, _)| *change == name);
            let kept = || held.iter().filter(|(name, _)| !is_replaced(name));
            let is_whole =
                kept().all(|(name, value)| value.is_null() || table.key.contains(name) || !table.proves(name));
            let after = if is_whole || keys.is_genuine(table, row) {
                let kept = kept().map(|(name, value)| (*name, value));
                Some(keys.proof(table, kept.chain(changes.iter().map(|(name, value)| (*name, value)))))
            } else {
                before.clone()
            };
            tx.in_ledger(|ledger| ledger.replace(&keys, table, before.as_ref(), after.as_ref()));
            proofs.push((row, after));
        }
        write(tx, table, &proofs, &changes).await?;
    }
    Ok(found)
}

/// Removes rows, whether they prove themselves or not. Says how many.
pub(crate) async fn delete(
    tx: &mut ChangeTx,
    table: &Table,
    condition: &str,
    bounds: Vec<Value>,
) -> Result<u64, StoreError> {
    let keys = tx.keys()?.clone();
    let found = select(tx, table, "proof", condition, &bounds).await?;
    let sql = format!("DELETE FROM {} WHERE {condition}", table.name);
    bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind).execute(tx.connection()).await?;
    for row in &found {
        let proof = stored(row);
        tx.in_ledger(|ledger| ledger.replace(&keys, table, proof.as_ref(), None));
    }
    Ok(found.len() as u64)
}

async fn select(
    connection: &mut Connection,
    table: &Table,
    columns: &str,
    condition: &str,
    bounds: &[Value],
) -> Result<Vec<AnyRow>, StoreError> {
    let sql = format!("SELECT {columns} FROM {} WHERE {condition}", table.name);
    let query = bounds.iter().cloned().fold(sqlx::query(AssertSqlSafe(sql)), bind);
    Ok(query.fetch_all(connection).await?)
}

/// Writes the proofs of rows, and the same changes to all of them.
pub(crate) async fn write(
    connection: &mut Connection,
    table: &Table,
    proofs: &[(&AnyRow, Option<Proof>)],
    changes: &[Column],
) -> Result<(), StoreError> {
    let width = table.key.len() + 1;
    let named: Vec<_> = table.key.iter().map(|column| format!("named_{column}")).collect();
    let first = proofs.len() * width + 1;
    let sets = (first..).zip(changes).map(|(place, (column, _))| format!("{column} = ${place}, "));
    let matches: Vec<_> =
        table.key.iter().map(|column| format!("{}.{column} = proofs.named_{column}", table.name)).collect();
    let sql = format!(
        "WITH proofs ({}, made) AS ({}) UPDATE {} SET {}proof = proofs.made FROM proofs WHERE {}",
        named.join(", "),
        row::values(proofs.len(), width),
        table.name,
        sets.collect::<String>(),
        matches.join(" AND ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (row, proof) in proofs {
        for value in key(table, row)? {
            query = bind(query, value);
        }
        query = query.bind(proof.as_ref().map(|proof| proof.0.clone()));
    }
    changes.iter().cloned().fold(query, |query, (_, value)| bind(query, value)).execute(connection).await?;
    Ok(())
}

/// So many rows of a table at most, from after a key on, in the order of keys.
pub(crate) async fn page(
    connection: &mut Connection,
    table: &Table,
    after: Option<&AnyRow>,
) -> Result<Vec<AnyRow>, StoreError> {
    let keys = table.key.join(", ");
    let places = row::places(1, table.key.len());
    let condition = after.map_or_else(String::new, |_| format!("WHERE ({keys}) > ({places})"));
    let sql = format!("SELECT * FROM {} {condition} ORDER BY {keys} LIMIT {AT_ONCE}", table.name);
    let bounds = after.map(|row| key(table, row)).transpose()?.unwrap_or_default();
    Ok(bounds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind).fetch_all(connection).await?)
}

/// What names a row.
fn key(table: &Table, row: &AnyRow) -> Result<Vec<Value>, StoreError> {
    let value = |column: &&str| {
        let text = row.text(column).map(Value::from);
        text.or_else(|_| row.number::<i64>(column).map(Value::from))
    };
    table.key.iter().map(value).collect()
}

fn bind(query: Query<'_, Any, AnyArguments>, value: Value) -> Query<'_, Any, AnyArguments> {
    match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    }
}
