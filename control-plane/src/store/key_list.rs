//! The list of keys, and those of them that need a look: that end soon, or that nobody uses.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::domain::named::named;
use crate::domain::order::Order;
use crate::domain::time::{DAY, Moment};
use crate::store::engine::filter::{Bound, Conditions, escaped};
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::keys::{Key, read};
use crate::store::{Connection, StoreError, profiles};

const TABLE: &str = "keys";

named! {
    /// What keys are ordered by.
    pub enum Sort {
        /// When they were made.
        Created = "created_at",
        /// Their name.
        Name = "name",
        /// The name of their user.
        User = "user",
        /// Their profiles.
        Profiles = "profiles",
        /// When they end; one that never does is the last.
        Expires = "expires_at",
        /// When they were last used; one that never was is the first.
        LastUsed = "last_used_at",
    }
}

impl Sort {
    /// The keys with what they are ordered by. Ten thousand are ordered in milliseconds, and an index of the last use would
    /// be written with every batch of events.
    const fn table(self) -> &'static str {
        match self {
            Self::Created => "(SELECT keys.*, id AS sorted FROM keys) AS keys",
            Self::Name => "(SELECT keys.*, LOWER(name) AS sorted FROM keys) AS keys",
            Self::User => {
                "(SELECT keys.*, LOWER(users.name) AS sorted FROM keys JOIN users ON users.id = keys.user_id) AS keys"
            }
            Self::Profiles => {
                "(SELECT keys.*, CASE WHEN profiles IS NULL OR profiles = '[]' THEN '[\"default\"]' ELSE profiles END \
                 AS sorted FROM keys) AS keys"
            }
            Self::Expires => "(SELECT keys.*, COALESCE(expires_at, 9223372036854775807) AS sorted FROM keys) AS keys",
            Self::LastUsed => "(SELECT keys.*, COALESCE(last_used_at, 0) AS sorted FROM keys) AS keys",
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Expires | Self::LastUsed)
    }
}

/// A place in the list: what its key is ordered by, and its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// In an order of numbers.
    Number(i64, String),
    /// In one of texts.
    Text(String, String),
}

impl Place {
    /// Whether it is one in this order.
    pub fn is_in(&self, sort: Sort) -> bool {
        matches!(self, Self::Number(..)) == sort.is_number()
    }
}

/// A key in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// It.
    pub key: Key,
    /// Its place.
    pub place: Place,
}

/// Which keys are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    user_id: Option<String>,
    prefix: Option<String>,
    usable_at: Option<Moment>,
    ends_by: Option<Moment>,
    unused_since: Option<Moment>,
    text: Option<String>,
    profile: Option<String>,
    active: Option<bool>,
}

impl Filter {
    /// Keys of this user, with this prefix; of all, with any, if there is none.
    pub fn of(user_id: Option<String>, prefix: Option<String>) -> Self {
        Self { user_id, prefix, ..Self::default() }
    }

    /// Of these, those with a text in their name, in whatever case, or at the beginning of their prefix; with a profile; and
    /// those that are active, or are not.
    #[must_use]
    pub fn with(self, text: Option<String>, profile: Option<String>, active: Option<bool>) -> Self {
        Self { text, profile, active, ..self }
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
        if let Some(text) = self.text {
            let named = format!("%{}%", escaped(&text.to_lowercase()));
            let begun = format!("{}%", escaped(&text));
            conditions.compare_either(
                ["LOWER(name) LIKE", "prefix LIKE"],
                [Bound::Text(named), Bound::Text(begun)],
                "ESCAPE '!'",
            );
        }
        if let Some(profile) = self.profile {
            profiles::of_keys_with(&profile, &mut conditions);
        }
        if let Some(active) = self.active {
            conditions.compare("active =", active.into());
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

/// Keys after a place, in an order.
pub async fn list(
    connection: &mut Connection,
    filter: Filter,
    (sort, order): (Sort, Order),
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let mut conditions = filter.conditions();
    if let Some(after) = after {
        let place = match after {
            Place::Number(sorted, id) => [Bound::Number(sorted), Bound::Text(id)],
            Place::Text(sorted, id) => [Bound::Text(sorted), Bound::Text(id)],
        };
        match order {
            Order::Ascending => conditions.after("sorted, id", place),
            Order::Descending => conditions.before("sorted, id", place),
        }
    }
    let words = match order {
        Order::Ascending => "sorted, id",
        Order::Descending => "sorted DESC, id DESC",
    };
    let rows = conditions.rows(connection, sort.table(), words, limit).await?;
    let listed = |row: &AnyRow| {
        let key = read(row)?;
        let place = match sort.is_number() {
            true => Place::Number(row.number("sorted")?, key.id.clone()),
            false => Place::Text(row.text("sorted")?, key.id.clone()),
        };
        Ok(Listed { key, place })
    };
    rows.iter().map(listed).collect()
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
