//! `keys`: made, restricted, regenerated, revoked.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::operation::Operations;
use lictor_policy::secret::Secret;
use lictor_policy::wire::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{change_one, remove_one};
use crate::api::unknown::{Unknown, texts};
use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::new_keys::{self, NewSecret, refuse_revoked};
use crate::domain::actor::Actor;
use crate::domain::key::{Terms, outlives, within_lifetime};
use crate::domain::order::Order;
use crate::domain::problem::{Problem, Result};
use crate::domain::settings::MAX_SESSION_LIMIT;
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::http::cursor::{Page, Window};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::secrets::random;
use crate::store::key_list::{self, Filter, Place, Sort};
use crate::store::keys::{self, Key};
use crate::store::snapshot::Part;
use crate::store::{ChangeTx, Connection, OrAbsent as _, profiles, settings, users};

/// Seconds for which an old key may stay beside the one that replaces it: a year.
pub(crate) const MAX_OVERLAP_SECONDS: u32 = 366 * 24 * 3600;
/// Days that a filter of the list may name: a hundred years.
const MAX_FILTER_DAYS: u32 = 36_500;

/// What is said of a new key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    name: String,
    user_id: String,
    #[serde(default)]
    profiles: Vec<Profile>,
    #[serde(default)]
    scopes: Operations,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    ip_allow_list: Vec<String>,
    #[schemars(range(min = 1, max = u32::MAX))]
    #[serde(default)]
    rate_limit_per_minute: Option<u32>,
    #[schemars(range(min = 0, max = MAX_SESSION_LIMIT))]
    #[serde(default)]
    session_limit: Option<u32>,
    #[serde(default)]
    expires_at: Option<Moment>,
}

/// A key with its plain text: shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedKey")]
pub struct Issued {
    #[serde(flatten)]
    record: Key,
    key: Secret,
}

impl Issued {
    /// A key that was made with a secret.
    pub(crate) fn of(record: Key, secret: &NewSecret) -> Self {
        Self { record, key: secret.plain() }
    }
}

/// A key, and what its user may be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeyOfUser")]
pub struct View {
    #[serde(flatten)]
    key: Key,
    /// The name of its user.
    user_name: Option<String>,
    /// Whether its user may be an administrator of Odoo.
    user_privileged: bool,
    /// Whether it may be used after the days of `keys.longest_lifetime_days`: it was made before that setting. Rotate it.
    beyond_lifetime: bool,
}

impl View {
    async fn all(connection: &mut Connection, keys: Vec<Key>, now: Moment) -> Result<Vec<Self>> {
        let limits = settings::load_or_default(connection).await?.keys;
        let privileged = users::privileged(connection).await?;
        let names = users::names(connection, &keys.iter().map(|key| key.user_id.as_str()).collect()).await?;
        let view = |key: Key| {
            let has_ended = key.revoked_at.is_some() || key.terms.expires_at.is_some_and(|end| end <= now);
            Self {
                user_name: names.get(&key.user_id).cloned(),
                user_privileged: privileged.contains(&key.user_id),
                beyond_lifetime: !has_ended && outlives(&limits, key.created_at, key.terms.expires_at),
                key,
            }
        };
        Ok(keys.into_iter().map(view).collect())
    }
}

/// Which keys are wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    user_id: Option<String>,
    prefix: Option<String>,
    /// Keys with this in their name, in whatever case, or with a prefix that begins with it.
    q: Option<String>,
    /// Keys that have this profile; `default` is that of keys that name none.
    profile: Option<String>,
    active: Option<bool>,
    /// Left out: `created_at`.
    sort: Option<Sort>,
    /// Left out: `asc`.
    order: Option<Order>,
    /// Keys that may be used, and end within so many days.
    #[schemars(range(min = 1, max = MAX_FILTER_DAYS))]
    ends_within_days: Option<u32>,
    /// Keys that may be used, and were not for so many days; of one that never was, the days since it was made count.
    #[schemars(range(min = 1, max = MAX_FILTER_DAYS))]
    unused_for_days: Option<u32>,
}

/// `GET /api/v1/keys`
pub async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Result<Json<Page<View>>> {
    let window: Window<Place> = Window::new(query.limit, query.cursor.as_deref())?;
    if let Some(profile) = &query.profile {
        validate::profile("profile", profile)?;
    }
    let (sort, order) = (query.sort.unwrap_or(Sort::Created), query.order.unwrap_or(Order::Ascending));
    if window.after.as_ref().is_some_and(|place| !place.is_in(sort)) {
        return Err(Problem::invalid("cursor", "It is of a list in another order: begin anew."));
    }
    let mut filter = Filter::of(query.user_id, query.prefix).with(query.q, query.profile, query.active);
    if let Some(days) = query.ends_within_days {
        validate::range("ends_within_days", days, 1, MAX_FILTER_DAYS)?;
        filter = filter.ending_within(days, app.now());
    }
    if let Some(days) = query.unused_for_days {
        validate::range("unused_for_days", days, 1, MAX_FILTER_DAYS)?;
        filter = filter.unused_for(days, app.now());
    }
    let mut connection = app.store.read().await?;
    let after = window.after.clone();
    let found = key_list::list(&mut connection, filter, (sort, order), after, window.row_limit()).await?;
    let page = window.page(found, |listed| listed.place.clone());
    let keys = page.items.into_iter().map(|listed| listed.key).collect();
    let items = View::all(&mut connection, keys, app.now()).await?;
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// `GET /api/v1/keys/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<View>> {
    let mut connection = app.store.read().await?;
    let key = keys::find(&mut connection, &id).await?.or_absent("key")?;
    let changed = key.changed;
    let view = View::all(&mut connection, vec![key], app.now()).await?.pop().or_absent("key")?;
    Ok(Tagged(StatusCode::OK, changed, view))
}

/// `POST /api/v1/keys`
pub async fn create(
    State(app): State<App>,
    actor: Actor,
    Query(unknown): Query<Unknown>,
    Body(given): Body<NewKey>,
) -> Result<Tagged<Issued>> {
    let terms = Terms {
        name: given.name,
        profiles: given.profiles,
        scopes: given.scopes,
        models: given.models,
        ip_allow_list: given.ip_allow_list,
        rate_limit_per_minute: given.rate_limit_per_minute,
        session_limit: given.session_limit,
        expires_at: given.expires_at,
        active: true,
    };
    terms.validate()?;
    terms.expires_at.map_or(Ok(()), |moment| validate::future("expires_at", moment, app.now()))?;
    unknown.models(&app, "models", &terms.models).await?;
    let secret = NewSecret::make(&app).await?;
    let issued = change(&app, &actor, async |tx| {
        users::find(tx, &given.user_id).await?.or_invalid("user_id", "user")?;
        known_profiles(tx, &terms).await?;
        within_lifetime(&tx.settings().await?.keys, tx.now(), terms.expires_at, tx.now())?;
        let id = random::id();
        let record = Key {
            prefix: secret.prefix(),
            hash: secret.hash.clone(),
            version: 1,
            line: id.clone(),
            slot: Some(keys::free_slot(tx).await?),
            user_id: given.user_id,
            terms,
            created_at: tx.now(),
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            use_count: 0,
            rotated_from: None,
            rotated_to: None,
            changed: tx.revision(),
            id,
        };
        keys::insert(tx, &record).await?;
        let done = Done::new("key.create", &record.id, None, Some(&record)).touching(Part::Key(record.id.clone()));
        Ok((Issued { record, key: secret.plain() }, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, issued.record.changed, issued))
}

/// `PATCH /api/v1/keys/{id}`: its restrictions.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    Query(unknown): Query<Unknown>,
    if_match: IfMatch,
    patch: Patch<Terms>,
) -> Result<Tagged<Key>> {
    let now = app.now();
    unknown.models(&app, "models", &texts(&patch.0, "models")).await?;
    let key = alter(&app, &actor, "key.update", &id, &if_match, |key| {
        let terms = patch.over(&key.terms)?;
        terms.validate()?;
        if terms.expires_at != key.terms.expires_at {
            terms.expires_at.map_or(Ok(()), |moment| validate::future("expires_at", moment, now))?;
        }
        if terms.active {
            refuse_revoked(key)?;
        }
        key.terms = terms;
        Ok(())
    })
    .await?;
    Ok(Tagged(StatusCode::OK, key.changed, key))
}

/// `POST /api/v1/keys/{id}/regenerate`: a new secret for the same record; the old one is refused from now on.
pub async fn regenerate(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<Tagged<Issued>> {
    let secret = NewSecret::make(&app).await?;
    let record = alter(&app, &actor, "key.regenerate", &id, &if_match, |key| {
        refuse_revoked(key)?;
        key.prefix = secret.prefix();
        key.hash = secret.hash.clone();
        key.version += 1;
        Ok(())
    })
    .await?;
    let issued = Issued { record, key: secret.plain() };
    Ok(Tagged(StatusCode::OK, issued.record.changed, issued))
}

/// How a key is rotated.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    #[schemars(range(min = 0, max = MAX_OVERLAP_SECONDS))]
    overlap_seconds: u32,
}

/// `POST /api/v1/keys/{id}/rotate`: a new key in its place. The old one is good for as long as is said, or until its own
/// end, if that is sooner.
pub async fn rotate(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(Overlap { overlap_seconds }): Body<Overlap>,
) -> Result<Tagged<Issued>> {
    let secret = NewSecret::make(&app).await?;
    let record = change(&app, &actor, async |tx| {
        let before = keys::find(tx, &id).await?.or_absent("key")?;
        if_match.check(before.changed)?;
        let old_ends = tx.now().plus(Duration::from_secs(overlap_seconds.into()));
        let replaced = new_keys::replace(tx, &before, &secret, Some(old_ends)).await?;
        let done = replaced.done(&before);
        Ok((replaced.new, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, record.changed, Issued::of(record, &secret)))
}

/// `POST /api/v1/keys/{id}/revoke`: for ever.
pub async fn revoke(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<Tagged<Key>> {
    // What takes a right away depends on nothing else: neither this row nor that of its user need prove itself.
    let key = change_one(&app, &actor, "key.revoke", &id, &if_match, keys::look, async |tx, before: &Key| {
        Ok((revoked(tx, before).await?, None))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, key.changed, key))
}

/// Revokes a key within a change.
pub(crate) async fn revoked(tx: &mut ChangeTx, before: &Key) -> Result<Key> {
    let mut key = Key { changed: tx.revision(), ..before.clone() };
    key.revoked_at = key.revoked_at.or(Some(tx.now()));
    key.terms.active = false;
    keys::update(tx, &key).await?;
    new_keys::recall(tx, &key).await?;
    Ok(key)
}

/// `DELETE /api/v1/keys/{id}`
pub async fn delete(State(app): State<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<StatusCode> {
    remove_one(&app, &actor, &id, &if_match, keys::look, async |tx, key: &Key| {
        keys::delete(tx, &id).await?;
        new_keys::recall(tx, key).await
    })
    .await
}

/// Refuses the name of a profile that there is not: the key could do less than is meant, or more when one is made.
async fn known_profiles(tx: &mut ChangeTx, terms: &Terms) -> Result<()> {
    for Profile(name) in &terms.profiles {
        if profiles::find(tx, name).await?.is_none() {
            let detail = format!("There is no profile {name}; GET /api/v1/profiles lists them.");
            return Err(Problem::invalid("profiles", detail));
        }
    }
    Ok(())
}

/// Changes a key in one transaction.
async fn alter(
    app: &App,
    actor: &Actor,
    action: &'static str,
    id: &str,
    if_match: &IfMatch,
    alteration: impl FnOnce(&mut Key) -> Result<()> + Send,
) -> Result<Key> {
    change_one(app, actor, action, id, if_match, keys::find, async |tx, before: &Key| {
        let mut key = Key { changed: tx.revision(), ..before.clone() };
        alteration(&mut key)?;
        if key.terms.profiles != before.terms.profiles {
            known_profiles(tx, &key.terms).await?;
        }
        if key.ends_later_than(before) {
            // An earlier end takes a right away, and depends on no settings.
            within_lifetime(&tx.settings().await?.keys, key.created_at, key.terms.expires_at, tx.now())?;
        }
        if key.terms.active && key.slot.is_none() {
            key.slot = Some(keys::slot_of(tx, &key.line).await?);
        }
        keys::update(tx, &key).await?;
        if key.version != before.version {
            new_keys::recall(tx, &key).await?;
        }
        // One that gates do not get needs nothing that gates could refuse: neither settings nor its user.
        let part = key.terms.active.then(|| Part::Key(id.to_owned()));
        Ok((key, part))
    })
    .await
}
