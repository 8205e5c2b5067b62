//! Who changed what, when.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sqlx::any::AnyRow;

use crate::domain::admin_chain::{AdminHead, AdminRow};
use crate::domain::revision::Revision;
use crate::domain::signing::{Digest, GENESIS};
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::{Columns as _, json, saturating_i64};
use crate::store::proof::ledger::End;
use crate::store::{ChangeTx, Connection, Store, StoreError};

/// One change, at the time of its transaction.
#[derive(Debug)]
pub struct Entry {
    /// The account, or `system`.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: &'static str,
    /// To what: its id.
    pub object: String,
    /// The fields that changed, each with its value before and after; no secrets.
    pub difference: Value,
}

/// A change, as it is read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminAuditRecord")]
pub struct Record {
    /// Its id.
    pub id: String,
    /// The revision of the policy that it made; none if nothing was changed: a refused sign-in.
    pub revision: Option<u64>,
    /// When.
    pub at: Moment,
    /// The id of the account that did it, `system` for Lictor itself, or `nobody` for who could not sign in.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: String,
    /// To what: its id.
    pub object: String,
    /// The fields that changed, each as `[before, after]`.
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    pub difference: Value,
}

/// Which records are wanted. Each field that is given must match.
#[derive(Debug, Default)]
pub struct Filter {
    /// Who.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// At this moment or later.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
}

fn read(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        id: row.text("id")?,
        revision: row.optional_number("revision")?,
        at: row.moment("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        difference: row.json("difference")?,
    })
}

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String);

impl Record {
    /// Where it stands in the list.
    pub fn place(&self) -> Place {
        (self.at.0, self.id.clone())
    }
}

/// Records, newest first, older than a place.
pub async fn list(
    connection: &mut Connection,
    filter: Filter,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = Conditions::default();
    for (condition, text) in [("actor =", filter.actor), ("action =", filter.action), ("object =", filter.object)] {
        if let Some(text) = text {
            conditions.compare(condition, Bound::Text(text));
        }
    }
    for (condition, moment) in [("at >=", filter.from), ("at <", filter.to)] {
        if let Some(moment) = moment {
            conditions.compare(condition, Bound::Number(saturating_i64(moment.0)));
        }
    }
    if let Some((at, id)) = before {
        conditions.before("at, id", [Bound::Number(saturating_i64(*at)), Bound::Text(id.clone())]);
    }
    let rows = conditions.rows(connection, "admin_audit", "at DESC, id DESC", limit).await?;
    rows.iter().map(read).collect()
}

/// Records what changed nothing but must be known.
pub async fn note(store: &Store, entry: &Entry) -> Result<(), StoreError> {
    let mut tx = ChangeTx::begin_quietly(store).await?;
    append(&mut tx, entry, None).await?;
    tx.commit_quietly().await
}

/// Adds a row to the log, behind the end that the ledger knows. Answers its number.
pub async fn append(tx: &mut ChangeTx, entry: &Entry, revision: Option<Revision>) -> Result<u64, StoreError> {
    let last = match tx.ledger() {
        Some(ledger) => ledger.admin,
        None => end(tx).await?,
    };
    let row = AdminRow {
        number: last.number + 1,
        previous: last.hash,
        id: random::id(),
        revision: revision.map(|revision| revision.0),
        at: tx.now(),
        actor: entry.actor.clone(),
        action: entry.action.to_owned(),
        object: entry.object.clone(),
        difference: json(&entry.difference)?,
    };
    let head = row.head(&tx.keys()?.signer);
    sqlx::query(
        "INSERT INTO admin_audit (id, revision, at, actor, action, object, difference, number, hash, signature) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.id.as_str())
    .bind(row.revision.map(saturating_i64))
    .bind(saturating_i64(row.at.0))
    .bind(row.actor.as_str())
    .bind(row.action.as_str())
    .bind(row.object.as_str())
    .bind(row.difference.as_str())
    .bind(saturating_i64(head.number))
    .bind(head.hash.to_string())
    .bind(head.signature)
    .execute(tx.connection())
    .await?;
    tx.in_ledger(|ledger| ledger.admin = End { number: row.number, hash: head.hash });
    Ok(row.number)
}

/// Where the log ends, as its rows say.
pub(crate) async fn end(connection: &mut Connection) -> Result<End, StoreError> {
    Ok(head(connection).await?.map_or(End::START, |head| End { number: head.number, hash: head.hash }))
}

/// The signed end of the log, as its last row holds it.
pub async fn head(connection: &mut Connection) -> Result<Option<AdminHead>, StoreError> {
    let row = sqlx::query("SELECT * FROM admin_audit WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_head).transpose()
}

fn read_head(row: &AnyRow) -> Result<AdminHead, StoreError> {
    Ok(AdminHead {
        number: row.number("number")?,
        at: row.moment("at")?,
        hash: row.text("hash")?.parse::<Digest>().map_err(|_| StoreError::Column("hash".to_owned()))?,
        signature: row.text("signature")?,
    })
}

/// The number of the row of a revision.
pub async fn number_of(connection: &mut Connection, revision: Revision) -> Result<Option<u64>, StoreError> {
    let row = sqlx::query("SELECT number FROM admin_audit WHERE revision = $1 AND number IS NOT NULL")
        .bind(revision.column())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.number("number")).transpose()
}

/// The number of the last row of an action and an object, if it was written since a moment.
pub(crate) async fn last_since(
    connection: &mut Connection,
    action: &str,
    object: &str,
    since: Moment,
) -> Result<Option<u64>, StoreError> {
    let row =
        sqlx::query("SELECT MAX(number) AS number FROM admin_audit WHERE action = $1 AND object = $2 AND at >= $3")
            .bind(action)
            .bind(object)
            .bind(saturating_i64(since.0))
            .fetch_one(connection)
            .await?;
    row.optional_number("number")
}

/// A row as the chain has it, with what it carries. None in the place of what cannot be read.
pub struct Chained {
    /// Its number, if it has one.
    pub number: Option<u64>,
    /// Its id.
    pub id: String,
    /// What it says, behind a row with this hash, and the head that it carries.
    pub content: Option<(AdminRow, AdminHead)>,
}

/// Rows after a number, in the order of the chain, so many at most; `previous` is the hash of the one before them.
pub async fn chained_after(connection: &mut Connection, after: u64, limit: i64) -> Result<Vec<Chained>, StoreError> {
    let rows = sqlx::query("SELECT * FROM admin_audit WHERE number > $1 ORDER BY number LIMIT $2")
        .bind(saturating_i64(after))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(chained).collect()
}

/// A row that is in no chain, if there is one.
pub async fn unchained(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT id FROM admin_audit WHERE number IS NULL OR number < 1 LIMIT 1");
    row.fetch_optional(connection).await?.map(|row| row.text("id")).transpose()
}

fn chained(row: &AnyRow) -> Result<Chained, StoreError> {
    let content = || Ok::<_, StoreError>((read_row(row, row.number("number")?, GENESIS)?, read_head(row)?));
    Ok(Chained { number: row.optional_number("number")?, id: row.text("id")?, content: content().ok() })
}

fn read_row(row: &AnyRow, number: u64, previous: Digest) -> Result<AdminRow, StoreError> {
    Ok(AdminRow {
        number,
        previous,
        id: row.text("id")?,
        revision: row.optional_number("revision")?,
        at: row.moment("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        difference: row.text("difference")?,
    })
}

/// Makes a chain of the rows of a version that had none.
pub(crate) async fn number_all(tx: &mut ChangeTx) -> Result<(), StoreError> {
    const PAGE: i64 = 500;
    loop {
        let rows = sqlx::query("SELECT * FROM admin_audit WHERE number IS NULL ORDER BY at, id LIMIT $1").bind(PAGE);
        let rows = rows.fetch_all(tx.connection()).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let last = tx.ledger().map_or(End::START, |ledger| ledger.admin);
            let row = read_row(row, last.number + 1, last.hash)?;
            let head = row.head(&tx.keys()?.signer);
            sqlx::query("UPDATE admin_audit SET number = $2, hash = $3, signature = $4 WHERE id = $1")
                .bind(row.id.as_str())
                .bind(saturating_i64(head.number))
                .bind(head.hash.to_string())
                .bind(head.signature)
                .execute(tx.connection())
                .await?;
            tx.in_ledger(|ledger| ledger.admin = End { number: head.number, hash: head.hash });
        }
    }
}
