//! The one way in which administrators change anything.
//!
//! One transaction does the SQL, the audit row and the new revision; the publisher is woken after the commit. So
//! nothing is pushed that was not committed, and nothing is half done.

use std::cell::Cell;

use lictor_policy::snapshot::Snapshot;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::store::snapshot::{self, Part};
use crate::store::{ChangeTx, Entry};

/// What a change did, for the audit row and for the check before the commit.
pub struct Done {
    action: &'static str,
    object: String,
    difference: Value,
    part: Option<Part>,
}

impl Done {
    /// Something was done to an object; before and after are what the API shows of it, which holds no secrets.
    pub fn new<T: Serialize>(
        action: &'static str,
        object: impl Into<String>,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Self {
        Self { action, object: object.into(), difference: difference(before, after), part: None }
    }

    /// What was done.
    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    /// To what.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    /// The change touched this part of the policy.
    #[must_use]
    pub fn touching(mut self, part: impl Into<Option<Part>>) -> Self {
        self.part = part.into();
        self
    }
}

tokio::task_local! {
    /// The last revision that a request made.
    static MADE: Cell<Option<Revision>>;
}

/// Does the work of a request, and tells the last revision that it made.
pub async fn telling<T>(work: impl Future<Output = T>) -> (T, Option<Revision>) {
    let told = async {
        let done = work.await;
        (done, MADE.with(Cell::get))
    };
    MADE.scope(Cell::new(None), told).await
}

/// Makes a change. If `work` fails, or gates could not use the policy that it makes, nothing has happened.
///
/// The check before the commit puts what was touched, with the settings and the user that a key names, through the
/// conversion that gates use, and not the whole policy: with 10,000 keys that would cost each change tens of
/// milliseconds while every other write waits. What a part cannot show, that prefixes, models and user ids are unique
/// and that no slot is given twice, the database's constraints and [`crate::store::keys::free_slot`] see to; and the
/// publisher converts the whole policy before it pushes it.
pub async fn change<T>(
    app: &App,
    actor: &Actor,
    work: impl AsyncFnOnce(&mut ChangeTx) -> Result<(T, Done)>,
) -> Result<T> {
    attempt(app, actor, false, work).await
}

/// The same; in a dry run everything is done and checked, and undone in the end.
pub async fn attempt<T>(
    app: &App,
    actor: &Actor,
    dry_run: bool,
    work: impl AsyncFnOnce(&mut ChangeTx) -> Result<(T, Done)>,
) -> Result<T> {
    let mut tx = ChangeTx::begin(&app.store).await?;
    let (value, done) = work(&mut tx).await?;
    if let Some(part) = &done.part {
        let policy = snapshot::part(&mut tx, part).await?;
        Snapshot::try_from(policy).map_err(|bad| Problem::new(Code::UnusablePolicy, format!("Change this: {bad}.")))?;
    }
    if dry_run {
        tx.rollback().await?;
        return Ok(value);
    }
    let entry =
        Entry { actor: actor.id.clone(), action: done.action, object: done.object, difference: done.difference };
    let revision = tx.commit(&entry).await?;
    tracing::info!(revision = revision.0, action = entry.action, object = entry.object, actor = entry.actor, "changed");
    // What happens without a request tells nobody.
    let _ = MADE.try_with(|made| made.set(Some(revision)));
    app.publisher.wake();
    Ok(value)
}

/// The fields that differ, each as `[before, after]`.
fn difference<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Value {
    let fields = |state: Option<&T>| match state.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => Map::new(),
    };
    let (mut before, after) = (fields(before), fields(after));
    let mut changed = Map::new();
    for (name, new) in after {
        let old = before.remove(&name).unwrap_or_default();
        if old != new {
            changed.insert(name, Value::Array(vec![old, new]));
        }
    }
    changed.extend(before.into_iter().map(|(name, old)| (name, Value::Array(vec![old, Value::Null]))));
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_difference_names_only_what_changed() {
        let (old, new) = (json!({"a": 1, "b": 2, "d": 0}), json!({"a": 1, "b": 3, "c": 4}));
        assert_eq!(difference(Some(&old), Some(&new)), json!({"b": [2, 3], "c": [null, 4], "d": [0, null]}));
        assert_eq!(difference(None, Some(&json!({"a": 1}))), json!({"a": [null, 1]}));
    }
}
