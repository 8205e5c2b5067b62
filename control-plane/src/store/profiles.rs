//! Profiles: named sets of permissions. The default one is there always and has no row.

use lictor_policy::wire::DEFAULT_PROFILE;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::Columns as _;
use crate::store::proof::rows;
use crate::store::proof::tables::{PERMISSIONS, PROFILES};
use crate::store::{ChangeTx, Connection, StoreError};

/// A profile.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Profile {
    /// Its name, which keys give.
    pub name: String,
    /// For people: whom it is for.
    pub description: String,
    /// The revision that last changed it.
    #[serde(skip)]
    pub changed: Revision,
}

impl Profile {
    /// The profile of keys that name none.
    fn of_others() -> Self {
        let description = "Keys that name no profile.".to_owned();
        Self { name: DEFAULT_PROFILE.to_owned(), description, changed: Revision(0) }
    }
}

fn read(row: &AnyRow) -> Result<Profile, StoreError> {
    let (name, description) = (row.text("name")?, row.text("description")?);
    Ok(Profile { name, description, changed: Revision(row.number("changed")?) })
}

/// A profile by its name.
pub async fn find(connection: &mut Connection, name: &str) -> Result<Option<Profile>, StoreError> {
    if name == DEFAULT_PROFILE {
        return Ok(Some(Profile::of_others()));
    }
    let row = sqlx::query("SELECT * FROM profiles WHERE name = $1").bind(name).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Profiles after a name, in the order of their names.
pub async fn list(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<Profile>, StoreError> {
    let rows = sqlx::query("SELECT * FROM profiles WHERE name > $1 ORDER BY name LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let mut found: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
    if after < DEFAULT_PROFILE {
        found.push(Profile::of_others());
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found.truncate(usize::try_from(limit).unwrap_or_default());
    }
    Ok(found)
}

/// Makes a profile.
pub async fn insert(tx: &mut ChangeTx, profile: &Profile) -> Result<(), StoreError> {
    let columns = vec![
        ("name", profile.name.as_str().into()),
        ("description", profile.description.as_str().into()),
        ("changed", profile.changed.into()),
    ];
    rows::insert(tx, &PROFILES, columns).await
}

/// Changes what a profile says of itself.
pub async fn update(tx: &mut ChangeTx, profile: &Profile) -> Result<(), StoreError> {
    let changes = vec![("description", profile.description.as_str().into()), ("changed", profile.changed.into())];
    rows::update(tx, &PROFILES, "name = $1", vec![profile.name.as_str().into()], changes).await?;
    Ok(())
}

/// Removes a profile with its permissions. Says how many those were.
pub async fn delete(tx: &mut ChangeTx, name: &str) -> Result<u64, StoreError> {
    let permissions = rows::delete(tx, &PERMISSIONS, "profile = $1", vec![name.into()]).await?;
    rows::delete(tx, &PROFILES, "name = $1", vec![name.into()]).await?;
    Ok(permissions)
}

/// Of keys those that have the profile.
pub(crate) fn of_keys_with(name: &str, conditions: &mut Conditions) {
    match name {
        DEFAULT_PROFILE => {
            conditions.require(r#"(profiles IS NULL OR profiles = '[]' OR profiles LIKE '%"default"%')"#)
        }
        // A name has no character that JSON writes otherwise, or that stands for others here.
        name => conditions.compare("profiles LIKE", Bound::Text(format!("%\"{name}\"%"))),
    }
}

/// How many keys may be used and have the profile.
pub async fn count_keys(connection: &mut Connection, name: &str) -> Result<u64, StoreError> {
    let mut conditions = Conditions::default();
    conditions.require("active = 1");
    conditions.require("revoked_at IS NULL");
    of_keys_with(name, &mut conditions);
    conditions.count(connection, "keys").await
}

/// The name of a key that names the profile and may be used, or be made usable again.
pub async fn a_key_of(connection: &mut Connection, name: &str) -> Result<Option<String>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.require("revoked_at IS NULL");
    of_keys_with(name, &mut conditions);
    conditions.rows(connection, "keys", "id", 1).await?.first().map(|row| row.text("name")).transpose()
}
