//! What is known of the models of the guarded Odoo: by version, with what changed, and when Odoo is asked next.

use std::collections::BTreeMap;

use lictor_policy::wire;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::schema::called::Called;
use crate::domain::schema::sets::Numbered;
use crate::domain::time::Moment;
use crate::secrets::random;
use crate::store::engine::row::{Columns as _, json, places, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::{MODELS, SCHEMA, USERS};
use crate::store::users::{self, User};
use crate::store::{ChangeTx, Connection, Store, StoreError, WriteTx};

/// Changes that are kept.
const MAX_CHANGES: i64 = 1_000;

/// The schema but for its models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Grows with every change of what is known; 0 while nothing is.
    pub version: u64,
    /// The sets of groups that it was read for.
    pub sets: Vec<Numbered>,
    /// Models that somebody wants and this Odoo does not have, sorted.
    pub absent: Vec<String>,
}

/// How reading it goes. Nothing of it opens anything, so no proof covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it was read for last.
    pub needs: String,
    /// When Odoo was last asked for all of it, and answered.
    pub read_at: Option<Moment>,
    /// When a try ended last.
    pub tried_at: Option<Moment>,
    /// When it is to be read next.
    pub due_at: Moment,
    /// Until then one replica reads it.
    pub held_until: Option<Moment>,
    /// Tries that failed in a row.
    pub failures: u32,
    /// Why the last did.
    pub problem: Option<String>,
    /// Models that refused calls named before a permission did.
    pub called: Called,
}

/// A model of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Odoo's name.
    pub name: String,
    /// As gates get it.
    pub record: wire::Model,
    /// The version that changed it last.
    pub version: u64,
    /// When it was read last.
    pub read_at: Moment,
}

/// A change of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Greater than those of changes before.
    pub id: String,
    /// When.
    pub at: Moment,
    /// The version that it made.
    pub version: u64,
    /// Of which model.
    pub model: String,
    /// In words.
    pub change: String,
}

/// Makes the row, if there is none. Odoo is asked as soon as somebody needs something.
pub async fn prepare(store: &Store) -> Result<(), StoreError> {
    let mut tx = ChangeTx::begin_quietly(store).await?;
    if sqlx::query("SELECT one FROM odoo_schema WHERE one = 1").fetch_optional(tx.connection()).await?.is_some() {
        return Ok(());
    }
    let mut columns = of_known(&Known::default())?;
    columns.extend([("one", 1.into()), ("needs", "".into()), ("due_at", 0.into()), ("failures", 0.into())]);
    rows::insert(&mut tx, &SCHEMA, columns).await?;
    tx.commit_quietly().await
}

/// The schema but for its models. Nothing, if somebody else has changed the row: that heals with the next change.
pub async fn known(connection: &mut Connection) -> Result<Known, StoreError> {
    let rows = sqlx::query("SELECT * FROM odoo_schema WHERE one = 1").fetch_all(&mut *connection).await?;
    connection.only_genuine(&SCHEMA, rows)?.first().map_or_else(|| Ok(Known::default()), read_known)
}

pub(crate) fn read_known(row: &AnyRow) -> Result<Known, StoreError> {
    Ok(Known { version: row.number("version")?, sets: row.json("sets")?, absent: row.json("absent")? })
}

/// How reading it goes.
pub async fn progress(connection: &mut Connection) -> Result<Progress, StoreError> {
    let row = sqlx::query("SELECT * FROM odoo_schema WHERE one = 1").fetch_one(connection).await?;
    Ok(Progress {
        needs: row.text("needs")?,
        read_at: row.optional_moment("read_at")?,
        tried_at: row.optional_moment("tried_at")?,
        due_at: row.moment("due_at")?,
        held_until: row.optional_moment("held_until")?,
        failures: row.number("failures")?,
        problem: row.optional_text("problem")?,
        called: row.json_or_default("called")?,
    })
}

pub(crate) fn read(row: &AnyRow) -> Result<Model, StoreError> {
    Ok(Model {
        name: row.text("name")?,
        record: row.json("record")?,
        version: row.number("version")?,
        read_at: row.moment("read_at")?,
    })
}

/// A model by its name.
pub async fn find(connection: &mut Connection, name: &str) -> Result<Option<Model>, StoreError> {
    let query = sqlx::query("SELECT * FROM odoo_models WHERE name = $1").bind(name);
    let row = query.fetch_optional(&mut *connection).await?;
    row.map(|row| read(&connection.genuine(&MODELS, row)?)).transpose()
}

/// The names of all models.
pub async fn names(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT name FROM odoo_models").fetch_all(connection).await?;
    rows.iter().map(|row| row.text("name")).collect()
}

/// The models that prove themselves, in the order of their names.
pub async fn models(connection: &mut Connection) -> Result<Vec<Model>, StoreError> {
    let rows = sqlx::query("SELECT * FROM odoo_models ORDER BY name").fetch_all(&mut *connection).await?;
    connection.only_genuine(&MODELS, rows)?.iter().map(read).collect()
}

/// Models after a name, in the order of their names.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Model>, StoreError> {
    let query = sqlx::query("SELECT * FROM odoo_models WHERE name > $1 ORDER BY name LIMIT $2").bind(after).bind(limit);
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Changes, newest first, from before the one with this id.
pub async fn changes(connection: &mut Connection, before: Option<&str>, limit: i64) -> Result<Vec<Change>, StoreError> {
    let sql = match before {
        Some(_) => "SELECT * FROM odoo_changes WHERE id < $2 ORDER BY id DESC LIMIT $1",
        None => "SELECT * FROM odoo_changes ORDER BY id DESC LIMIT $1",
    };
    let query = before.into_iter().fold(sqlx::query(sql).bind(limit), sqlx::query::Query::bind);
    let read = |row: &AnyRow| {
        Ok(Change {
            id: row.text("id")?,
            at: row.moment("at")?,
            version: row.number("version")?,
            model: row.text("model")?,
            change: row.text("change")?,
        })
    };
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Keeps what is known from now on, and says what changed in its models: `models` and `changes` have those that did, by their
/// names; a model that is none any more is gone.
pub async fn save(
    tx: &mut ChangeTx,
    known: &Known,
    models: &BTreeMap<String, Option<wire::Model>>,
    changes: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    rows::update(tx, &SCHEMA, "one = 1", vec![], of_known(known)?).await?;
    let now = tx.now();
    for (name, record) in models {
        let named = || vec![name.into()];
        let Some(record) = record else {
            rows::delete(tx, &MODELS, "name = $1", named()).await?;
            continue;
        };
        let mut columns = vec![
            ("record", json(record)?.into()),
            ("version", saturating_i64(known.version).into()),
            ("read_at", now.into()),
        ];
        if rows::update(tx, &MODELS, "name = $1", named(), columns.clone()).await?.is_empty() {
            columns.push(("name", name.into()));
            rows::insert(tx, &MODELS, columns).await?;
        }
    }
    for (model, change) in changes {
        sqlx::query("INSERT INTO odoo_changes (id, at, version, model, change) VALUES ($1, $2, $3, $4, $5)")
            .bind(random::id())
            .bind(saturating_i64(now.0))
            .bind(saturating_i64(known.version))
            .bind(model.as_str())
            .bind(change.as_str())
            .execute(tx.connection())
            .await?;
    }
    sqlx::query("DELETE FROM odoo_changes WHERE id NOT IN (SELECT id FROM odoo_changes ORDER BY id DESC LIMIT $1)")
        .bind(MAX_CHANGES)
        .execute(tx.connection())
        .await?;
    Ok(())
}

fn of_known(known: &Known) -> Result<Vec<rows::Column>, StoreError> {
    Ok(vec![
        ("version", saturating_i64(known.version).into()),
        ("sets", json(&known.sets)?.into()),
        ("absent", json(&known.absent)?.into()),
    ])
}

/// Takes the right to read the schema for these needs until then, if it is as `seen` and nobody has it. False if not. Whoever has
/// not given it back by then is dead, and it is due again.
pub async fn claim(tx: &mut WriteTx, seen: &Progress, needs: &str, until: Moment) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE odoo_schema SET held_until = $2, due_at = $2, needs = $3 \
         WHERE one = 1 AND due_at = $4 AND needs = $5 AND (held_until IS NULL OR held_until <= $1)",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(until.0))
    .bind(needs)
    .bind(saturating_i64(seen.due_at.0))
    .bind(seen.needs.as_str())
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the right back, with how it went: all was read, or a problem and how many tries have failed by now.
pub async fn finish(tx: &mut WriteTx, due_at: Moment, problem: Option<(&str, u32)>) -> Result<(), StoreError> {
    let now = saturating_i64(tx.now().0);
    sqlx::query(
        "UPDATE odoo_schema SET held_until = NULL, tried_at = $1, due_at = $2, problem = $3, failures = $4, \
         read_at = COALESCE($5, read_at) WHERE one = 1",
    )
    .bind(now)
    .bind(saturating_i64(due_at.0))
    .bind(problem.map(|(problem, _)| problem))
    .bind(problem.map_or(0, |(_, failures)| i64::from(failures)))
    .bind(problem.is_none().then_some(now))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Gives the right back without having read: it is due at once.
pub async fn release(tx: &mut WriteTx) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE odoo_schema SET held_until = NULL, due_at = $1 WHERE one = 1");
    query.bind(saturating_i64(tx.now().0)).execute(tx.connection()).await?;
    Ok(())
}

/// Notes that these models were read now, whether they have changed or not.
pub async fn note_read(tx: &mut WriteTx, models: &[String]) -> Result<(), StoreError> {
    if models.is_empty() {
        return Ok(());
    }
    let sql = format!("UPDATE odoo_models SET read_at = $1 WHERE name IN ({})", places(2, models.len()));
    let query = sqlx::query(AssertSqlSafe(sql)).bind(saturating_i64(tx.now().0));
    models.iter().fold(query, |query, name| query.bind(name.as_str())).execute(tx.connection()).await?;
    Ok(())
}

/// Keeps which models refused calls named.
pub async fn note_called(tx: &mut WriteTx, called: &Called) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE odoo_schema SET called = $1 WHERE one = 1").bind(json(called)?);
    query.execute(tx.connection()).await?;
    Ok(())
}

/// Has the schema read at this moment at the latest.
pub async fn hurry(tx: &mut WriteTx, due_at: Moment) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE odoo_schema SET due_at = $1 WHERE one = 1 AND due_at > $1");
    query.bind(saturating_i64(due_at.0)).execute(tx.connection()).await?;
    Ok(())
}

/// The users that have keys which may be used; all users, as long as none has one.
pub async fn users_with_keys(connection: &mut Connection, now: Moment) -> Result<Vec<User>, StoreError> {
    let with_keys = "SELECT * FROM users WHERE id IN (SELECT user_id FROM keys WHERE active = 1 AND revoked_at IS NULL \
                     AND (expires_at IS NULL OR expires_at > $1)) ORDER BY id";
    let mut rows = sqlx::query(with_keys).bind(saturating_i64(now.0)).fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        rows = sqlx::query("SELECT * FROM users ORDER BY id").fetch_all(&mut *connection).await?;
    }
    connection.only_genuine(&USERS, rows)?.iter().map(users::read).collect()
}
