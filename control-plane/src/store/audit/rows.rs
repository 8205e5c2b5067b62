//! The rows of `audit` as they are stored: each column as it is, and the digest over all of them.

use lictor_policy::wire::{Event, EventKind, Outcome};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::domain::signing::Digest;
use crate::store::audit::record_blocks::{self, Named};
use crate::store::engine::row::{Columns as _, json, places, saturating_i64, values};
use crate::store::{Connection, StoreError, WriteTx};

/// Rows in one statement.
const CHUNK: usize = 50;

/// The value of a column.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Null,
    Text(&'a str),
    Number(i64),
}

/// The type of a column.
trait Column: Sized {
    fn cell(&self) -> Cell<'_>;
    fn read(row: &AnyRow, name: &str) -> Result<Self, StoreError>;
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments>;
}

impl Column for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
    fn read(row: &AnyRow, name: &str) -> Result<Self, StoreError> {
        row.text(name)
    }
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query.bind(self.clone())
    }
}

impl Column for Option<String> {
    fn cell(&self) -> Cell<'_> {
        self.as_deref().map_or(Cell::Null, Cell::Text)
    }
    fn read(row: &AnyRow, name: &str) -> Result<Self, StoreError> {
        row.optional_text(name)
    }
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query.bind(self.clone())
    }
}

impl Column for i64 {
    fn cell(&self) -> Cell<'_> {
        Cell::Number(*self)
    }
    fn read(row: &AnyRow, name: &str) -> Result<Self, StoreError> {
        row.number(name)
    }
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query.bind(*self)
    }
}

impl Column for Option<i64> {
    fn cell(&self) -> Cell<'_> {
        self.map_or(Cell::Null, Cell::Number)
    }
    fn read(row: &AnyRow, name: &str) -> Result<Self, StoreError> {
        row.optional_number(name)
    }
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query.bind(*self)
    }
}

macro_rules! columns {
    ($($name:ident: $type:ty,)*) => {
        /// All columns but the position.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct Row { $(pub(crate) $name: $type,)* }

        const COLUMNS: &[&str] = &[$(stringify!($name)),*];

        impl Row {
            fn cells(&self) -> [Cell<'_>; COLUMNS.len()] {
                [$(self.$name.cell()),*]
            }

            fn read(row: &AnyRow) -> Result<Self, StoreError> {
                Ok(Self { $($name: <$type as Column>::read(row, stringify!($name))?,)* })
            }

            fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
                $(let query = self.$name.bind(query);)*
                query
            }
        }
    };
}

// A new column goes to the end: digests number the columns, and stay what they are where the new one is null.
columns! {
    gate_id: String,
    id: String,
    kind: String,
    count: i64,
    at: i64,
    decision_id: String,
    request_id: Option<String>,
    key_id: Option<String>,
    user_id: Option<String>,
    client_ip: String,
    user_agent: Option<String>,
    session: Option<String>,
    road: String,
    database: Option<String>,
    model: Option<String>,
    method: Option<String>,
    operations: String,
    record_ids: String,
    outcome: String,
    none_answer: i64,
    reason: Option<String>,
    fault_code: Option<i64>,
    gate_us: i64,
    odoo_us: i64,
    request_bytes: i64,
    response_bytes: i64,
    earlier: Option<i64>,
    earlier_digest: Option<String>,
    would_deny: Option<String>,
    record_count: Option<i64>,
    record_digest: Option<String>,
    nested_ids: Option<String>,
    lacks: Option<String>,
    outline: Option<String>,
}

impl Row {
    /// The row of one event.
    pub(crate) fn of(gate_id: &str, boot: &str, event: &Event) -> Result<Self, StoreError> {
        let outcome = if event.kind == EventKind::Intent { Outcome::Unknown } else { event.outcome };
        Ok(Self {
            gate_id: gate_id.to_owned(),
            id: id(boot, event),
            kind: kind_name(event.kind).to_owned(),
            count: saturating_i64(event.count),
            at: saturating_i64(event.at),
            decision_id: event.decision_id.clone(),
            request_id: event.request_id.clone(),
            key_id: event.key_id.clone(),
            user_id: event.user_id.clone(),
            client_ip: event.client_ip.clone(),
            user_agent: event.user_agent.clone(),
            session: event.session.clone(),
            road: event.road.clone().into_owned(),
            database: event.database.clone(),
            model: event.model.clone(),
            method: event.method.clone(),
            operations: json(&event.operations)?,
            record_ids: json(&event.record_ids)?,
            outcome: outcome.name().to_owned(),
            none_answer: i64::from(event.none_answer),
            reason: event.reason.map(|reason| reason.row().name.to_owned()),
            fault_code: event.fault_code,
            gate_us: saturating_i64(event.gate_us),
            odoo_us: saturating_i64(event.odoo_us),
            request_bytes: saturating_i64(event.request_bytes),
            response_bytes: saturating_i64(event.response_bytes),
            earlier: None,
            earlier_digest: None,
            would_deny: event.would_deny.map(|reason| reason.row().name.to_owned()),
            record_count: event.record_count.map(saturating_i64),
            record_digest: event.record_digest.clone(),
            nested_ids: (!event.nested_ids.is_empty()).then(|| json(&event.nested_ids)).transpose()?,
            lacks: (!event.lacks.is_empty()).then(|| json(&event.lacks)).transpose()?,
            outline: event.outline.clone(),
        })
    }

    /// Makes a whole row of an intent and its outcome, whichever came first. False, and nothing has changed, if the
    /// other is not the half that is missing.
    pub(crate) fn complete(&mut self, other: Self) -> bool {
        let is_intent = match (self.kind.as_str(), other.kind.as_str()) {
            ("outcome", "intent") => true,
            ("intent", "outcome") => false,
            _ => return false,
        };
        let keeps_ids = other.record_ids == "[]" || (is_intent && self.record_ids != "[]");
        let half = self.clone();
        let named = if keeps_ids { &half } else { &other };
        let (record_ids, record_count) = (named.record_ids.clone(), named.record_count);
        let record_digest = named.record_digest.clone();
        *self = Self {
            kind: kind_name(EventKind::Call).to_owned(),
            at: if is_intent { other.at } else { half.at },
            request_id: half.request_id.or(other.request_id),
            key_id: half.key_id.or(other.key_id),
            user_id: half.user_id.or(other.user_id),
            user_agent: half.user_agent.or(other.user_agent),
            session: half.session.or(other.session),
            database: half.database.or(other.database),
            model: half.model.or(other.model),
            method: half.method.or(other.method),
            operations: if half.operations == "[]" { other.operations } else { half.operations },
            record_ids,
            outcome: if is_intent { half.outcome } else { other.outcome },
            none_answer: half.none_answer.max(other.none_answer),
            reason: half.reason.or(other.reason),
            fault_code: half.fault_code.or(other.fault_code),
            gate_us: half.gate_us.max(other.gate_us),
            odoo_us: half.odoo_us.max(other.odoo_us),
            request_bytes: half.request_bytes.max(other.request_bytes),
            response_bytes: half.response_bytes.max(other.response_bytes),
            // The outcome's: a call may be refused after its intent.
            would_deny: if is_intent { half.would_deny } else { other.would_deny },
            lacks: if is_intent { half.lacks } else { other.lacks },
            outline: half.outline.or(other.outline),
            record_count,
            record_digest,
            nested_ids: half.nested_ids.or(other.nested_ids),
            ..half
        };
        true
    }

    /// Of every column that is not null: its number, its type, its length and its bytes follow each other, so that no
    /// two rows have the same bytes.
    pub(crate) fn digest(&self) -> Digest {
        let mut bytes = Vec::with_capacity(1024);
        for (column, cell) in (0_u8..).zip(self.cells()) {
            let (kind, value): (u8, &[u8]) = match &cell {
                Cell::Null => continue,
                Cell::Text(text) => (1, text.as_bytes()),
                Cell::Number(number) => (2, &number.to_be_bytes()),
            };
            bytes.extend([column, kind]);
            bytes.extend((value.len() as u64).to_be_bytes());
            bytes.extend(value);
        }
        Digest::of("lictor audit row 1", &[&bytes])
    }
}

/// The id of the row that an event makes or completes.
pub(crate) fn id(boot: &str, event: &Event) -> String {
    match event.kind {
        EventKind::Call | EventKind::Counted => format!("{boot}-{}", event.sequence),
        EventKind::Intent | EventKind::Outcome => event.decision_id.clone(),
    }
}

const fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Call => "call",
        EventKind::Intent => "intent",
        EventKind::Outcome => "outcome",
        EventKind::Counted => "counted",
    }
}

/// A row at its position.
pub(crate) struct Placed {
    pub(crate) position: u64,
    pub(crate) row: Row,
}

fn read(row: &AnyRow) -> Result<Placed, StoreError> {
    Ok(Placed { position: row.number("position")?, row: Row::read(row)? })
}

/// Those of a gate's rows with these ids that are stored.
pub(crate) async fn find(
    connection: &mut Connection,
    gate_id: &str,
    ids: &[String],
) -> Result<Vec<Placed>, StoreError> {
    let sql = format!("SELECT * FROM audit WHERE gate_id = $1 AND id IN ({})", places(2, ids.len()));
    let query = sqlx::query(AssertSqlSafe(sql)).bind(gate_id.to_owned());
    let query = ids.iter().fold(query, |query, id| query.bind(id.clone()));
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Stores new rows.
pub(crate) async fn insert(tx: &mut WriteTx, rows: &[Placed]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK) {
        let values = values(chunk.len(), COLUMNS.len() + 1);
        let sql = format!("INSERT INTO audit (position, {}) {values}", COLUMNS.join(", "));
        let query = sqlx::query(AssertSqlSafe(sql));
        let query =
            chunk.iter().fold(query, |query, placed| placed.row.bind(query.bind(saturating_i64(placed.position))));
        query.execute(tx.connection()).await?;
    }
    insert_record_ids(tx, rows).await
}

/// Stores a row in the place of the half that was at a position.
pub(crate) async fn replace(tx: &mut WriteTx, was: u64, placed: &Placed) -> Result<(), StoreError> {
    let columns: Vec<_> = COLUMNS.iter().enumerate().map(|(at, name)| format!("{name} = ${}", at + 3)).collect();
    let sql = format!("UPDATE audit SET position = $2, {} WHERE position = $1", columns.join(", "));
    let query = sqlx::query(AssertSqlSafe(sql)).bind(saturating_i64(was)).bind(saturating_i64(placed.position));
    placed.row.bind(query).execute(tx.connection()).await?;
    sqlx::query("DELETE FROM audit_record_ids WHERE position = $1")
        .bind(saturating_i64(was))
        .execute(tx.connection())
        .await?;
    insert_record_ids(tx, std::slice::from_ref(placed)).await
}

/// Makes rows to be found by the records that they name.
async fn insert_record_ids(tx: &mut WriteTx, rows: &[Placed]) -> Result<(), StoreError> {
    let mut named = Vec::new();
    for Placed { position, row } in rows {
        let blocks = record_blocks::of(&row.record_ids, row.nested_ids.as_deref())?;
        named.extend(blocks.into_iter().map(|block| Named { position: saturating_i64(*position), block, at: row.at }));
    }
    record_blocks::insert(tx, &named).await
}

/// A row as an auditor sees it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its place in the chain; none of Lictor's is below 1.
    pub position: i64,
    /// The gate that reported it.
    pub gate_id: String,
    /// Unique at its gate.
    pub id: String,
    /// Of all columns.
    pub digest: Digest,
}

fn sealed(row: &AnyRow) -> Result<Sealed, StoreError> {
    let position = row.number("position")?;
    match Row::read(row) {
        Ok(row) => Ok(Sealed { position, digest: row.digest(), gate_id: row.gate_id, id: row.id }),
        // Not of the column's type: SQLite takes that, Lictor never writes it.
        Err(StoreError::Column(_)) => {
            let text = |name| row.text(name).unwrap_or_default();
            let digest = Digest::of("lictor audit row that cannot be read", &[]);
            Ok(Sealed { position, digest, gate_id: text("gate_id"), id: text("id") })
        }
        Err(error) => Err(error),
    }
}

/// Rows in the order of their positions, after one.
pub async fn sealed_after(
    connection: &mut Connection,
    after: Option<&Sealed>,
    limit: i64,
) -> Result<Vec<Sealed>, StoreError> {
    let (position, id, gate) = after.map_or((i64::MIN, "", ""), |row| (row.position, &row.id, &row.gate_id));
    // Also compares id and gate: should two rows ever share a position, which the unique index forbids, paging must still
    // show both to the verifier.
    let rows = sqlx::query(
        "SELECT * FROM audit WHERE position >= $1 AND (position > $1 OR id > $2 OR (id = $2 AND gate_id > $3)) \
         ORDER BY position, id, gate_id LIMIT $4",
    )
    .bind(position)
    .bind(id)
    .bind(gate)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(sealed).collect()
}

/// Positions from one on that rows had before they were completed, each with the digest that the row tells of it.
pub async fn earlier_from(
    connection: &mut Connection,
    position: u64,
    limit: i64,
) -> Result<Vec<(u64, String)>, StoreError> {
    let rows = sqlx::query("SELECT earlier, earlier_digest FROM audit WHERE earlier >= $1 ORDER BY earlier LIMIT $2")
        .bind(saturating_i64(position))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((row.number("earlier")?, row.optional_text("earlier_digest")?.unwrap_or_default())))
        .collect()
}

/// A row behind the last position that was given: no link is of it.
pub async fn beyond_the_chain(connection: &mut Connection) -> Result<Option<Sealed>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM audit WHERE position > (SELECT positions FROM audit_chain WHERE one = 1) \
         ORDER BY position LIMIT 1",
    );
    row.fetch_optional(connection).await?.as_ref().map(sealed).transpose()
}
