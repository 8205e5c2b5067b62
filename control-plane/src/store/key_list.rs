//! The list of keys, and those of them that need a look: that end soon, or that nobody uses.

use crate::domain::time::{DAY, Moment};
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::saturating_i64;
use crate::store::keys::{Key, read};
use crate::store::{Connection, StoreError};

const TABLE: &str = "keys";

/// Which keys are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    user_id: Option<String>,
    prefix: Option<String>,
    usable_at: Option<Moment>,
    ends_by: Option<Moment>,
    unused_since: Option<Moment>,
}

impl Filter {
    /// Keys of this user, with this prefix; of all, with any, if there is none.
    pub fn of(user_id: Option<String>, prefix: Option<String>) -> Self {
        Self { user_id, prefix, ..Self::default() }
    }

    /// Of these, those that may be used now and end within so many days.
    #[must_use]
    pub fn ending_within(self, days: u32, now: Moment) -> Self {
        Self { usable_at: Some(now), ends_by: Some(now.plus(DAY * days)), ..self }
    }

    /// Of these, those that may be used now and were not for so many days: since they were made, if they never were.
    #[must_use]
    pub fn unused_for(self, days: u32, now: Moment) -> Self {
        Self { usable_at: Some(now), unused_since: Some(now.minus(DAY * days)), ..self }
    }

    fn conditions(self) -> Conditions {
        let mut conditions = Conditions::default();
        let number = |moment: Moment| Bound::Number(saturating_i64(moment.0));
        if let Some(user_id) = self.user_id {
            conditions.compare("user_id =", Bound::Text(user_id));
        }
        if let Some(prefix) = self.prefix {
            conditions.compare("prefix =", Bound::Text(prefix));
        }
        if let Some(now) = self.usable_at {
            conditions.require("active = 1");
            conditions.require("revoked_at IS NULL");
            conditions.compare_or("expires_at IS NULL", "expires_at >", number(now));
        }
        if let Some(until) = self.ends_by {
            conditions.compare("expires_at <=", number(until));
        }
        if let Some(since) = self.unused_since {
            conditions.compare("COALESCE(last_used_at, created_at) <=", number(since));
        }
        conditions
    }
}

/// Keys after an id, in the order in which they were made.
pub async fn list(
    connection: &mut Connection,
    filter: Filter,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let mut conditions = filter.conditions();
    if let Some(after) = after {
        conditions.compare("id >", Bound::Text(after));
    }
    conditions.rows(connection, TABLE, "id", limit).await?.iter().map(read).collect()
}

/// Keys of a kind: how many there are, and the first of them.
#[derive(Clone, Debug)]
pub struct Selection {
    /// All.
    pub total: u64,
    /// The first.
    pub first: Vec<Key>,
}

/// Keys that may be used now and end within so many days, the first to end first.
pub async fn ending(connection: &mut Connection, days: u32, now: Moment, limit: u32) -> Result<Selection, StoreError> {
    select(connection, Filter::default().ending_within(days, now), "expires_at, id", limit).await
}

/// Keys that may be used now and were not for so many days, the longest unused first.
pub async fn unused(connection: &mut Connection, days: u32, now: Moment, limit: u32) -> Result<Selection, StoreError> {
    select(connection, Filter::default().unused_for(days, now), "COALESCE(last_used_at, created_at), id", limit).await
}

async fn select(
    connection: &mut Connection,
    filter: Filter,
    order: &'static str,
    limit: u32,
) -> Result<Selection, StoreError> {
    let total = filter.clone().conditions().count(connection, TABLE).await?;
    let rows = filter.conditions().rows(connection, TABLE, order, limit.into()).await?;
    Ok(Selection { total, first: rows.iter().map(read).collect::<Result<_, _>>()? })
}
