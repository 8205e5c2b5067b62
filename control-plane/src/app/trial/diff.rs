//! What a draft would change of the policy that is stored, and what of that loosens it.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::snapshot::field::{self, Reading, Writing};
use lictor_policy::wire::{self, DEFAULT_PROFILE};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::trial::overlay::{Drafted, drafted_settings};
use crate::app::trial::several;
use crate::domain::key::Terms;
use crate::domain::order::Order;
use crate::domain::permission::Rules;
use crate::domain::policy::difference::{Field, Kind, differences, of_new};
use crate::domain::policy::loosening::{self, Context, Loosened, Side};
use crate::domain::policy::people::{Person as _, meant, referred};
use crate::domain::policy::{Draft, KeyEntry, UserEntry};
use crate::domain::problem::{Problem, Result};
use crate::domain::schema::sets;
use crate::domain::settings::Settings;
use crate::domain::time::Moment;
use crate::store::key_list::{self, Filter, Sort};
use crate::store::keys::Key;
use crate::store::profiles::{self, Profile};
use crate::store::snapshot::OfCalls;
use crate::store::users::User;
use crate::store::{permissions, settings, users};

/// Records of a kind that are compared: as many as there may be.
const MAX_RECORDS: i64 = 20_000;

/// A record that a draft would change.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PolicyChange")]
pub struct Change {
    /// What becomes of it.
    change: Kind,
    /// The kind of record: `settings`, `user`, `profile`, `key` or `permission`.
    noun: &'static str,
    /// Its name: of a permission the model, after the profile if that is not the default one.
    name: String,
    /// Those that change; those of a new record that are not empty.
    fields: Vec<Field>,
    /// Whether a call may pass with it that was refused before. Where that cannot be told without looking at calls, it counts.
    loosens: bool,
    /// The fields for which that is so.
    loosened_fields: Vec<String>,
}

/// Compares a draft, which was checked, with what is stored.
pub async fn diff(app: &App, drafted: Drafted<'_>) -> Result<Vec<Change>> {
    let Drafted { draft, prune } = drafted;
    let mut connection = app.store.read_consistently().await?;
    let (before, _) = settings::load(&mut connection).await?;
    let after = drafted_settings(before.clone(), draft).map_err(|problem| problem.within("draft.settings"))?;
    let policy = OfCalls::load(&mut connection, before.clone()).await?;
    let people = users::all(&mut connection).await?;
    let old = permissions::all(&mut connection).await?;
    let all_profiles = profiles::list(&mut connection, "", MAX_RECORDS).await?;
    let order = (Sort::Created, Order::Ascending);
    let keys = key_list::list(&mut connection, Filter::default(), order, None, MAX_RECORDS).await?;
    drop(connection);
    let keys: Vec<Key> = keys.into_iter().map(|listed| listed.key).filter(|key| key.revoked_at.is_none()).collect();
    let mut new = old.clone();
    drafted.permit(&mut new)?;
    let known = Known::of(&policy, &people);
    let is_open = |model: &str, field: &str, side| known.is_open(model, field, side);
    let context = Context { settings: (&before, &after), is_open: &is_open };
    let mut changes = Vec::new();
    changes.extend(of_settings(&before, &after)?);
    let found = found(draft, &people)?;
    let owners = owners(draft, &found, &people)?;
    changes.extend(of_users(draft, &found, loosening::has_rules_of_groups(&new))?);
    changes.extend(of_profiles(draft, &all_profiles, prune)?);
    changes.extend(of_keys(draft, &owners, &keys, context, app.now())?);
    changes.extend(of_permissions(draft, &old, &new, context)?);
    if prune {
        changes.extend(removed(draft, &found, &owners, &people, &keys));
    }
    Ok(changes)
}

impl Change {
    fn of(change: Kind, noun: &'static str, name: String, fields: Vec<Field>, loosened: Vec<String>) -> Self {
        Self { change, noun, name, fields, loosens: !loosened.is_empty(), loosened_fields: loosened }
    }

    /// Whether a call may pass with it that was refused before.
    pub fn loosens(&self) -> bool {
        self.loosens
    }

    fn removal(noun: &'static str, name: String) -> Self {
        Self::of(Kind::Remove, noun, name, Vec::new(), Vec::new())
    }
}

fn names(loosened: &Loosened) -> Vec<String> {
    loosened.iter().map(|name| (*name).to_owned()).collect()
}

fn document<T: Serialize>(of: &T) -> Result<Value> {
    serde_json::to_value(of).map_err(Problem::internal)
}

fn of_settings(before: &Settings, after: &Settings) -> Result<Option<Change>> {
    let mut fields = differences(&document(before)?, &document(after)?);
    // A mapping may be gone.
    if before.methods != after.methods && fields.iter().all(|field| field.field != "methods") {
        fields.push(Field {
            field: "methods".to_owned(),
            before: document(&before.methods)?,
            after: document(&after.methods)?,
        });
    }
    let loosens = |field: &&Field| loosening::setting(&field.field, before, after);
    let loosened = fields.iter().filter(loosens).map(|field| field.field.clone()).collect();
    Ok((!fields.is_empty()).then(|| Change::of(Kind::Alter, "settings", String::new(), fields, loosened)))
}

/// Of each user of the draft the one that is there.
fn found<'u>(draft: &Draft, people: &'u [User]) -> Result<Vec<Option<&'u User>>> {
    let entries = draft.users.iter().flatten().enumerate();
    entries
        .map(|(at, entry)| meant(people, entry).map_err(|many| several(&format!("draft.users[{at}]"), many)))
        .collect()
}

fn of_users(draft: &Draft, found: &[Option<&User>], has_rules: bool) -> Result<Vec<Change>> {
    let shown =
        |name: &str, email: &Option<String>, groups: &[String], privileged: bool, database: &str, login: &str| {
            json!({"name": name, "email": email, "groups": groups, "privileged": privileged,
            "upstream": {"database": database, "login": login}})
        };
    let mut changes = Vec::new();
    for (entry, user) in draft.users.iter().flatten().zip(found) {
        let UserEntry { name, email, groups, privileged, upstream } = entry;
        let wanted = shown(name, email, groups, *privileged, &upstream.database, &upstream.login);
        let Some(user) = user else {
            // It is of no use to anybody without a key.
            changes.push(Change::of(Kind::Add, "user", entry.reference().to_owned(), of_new(&wanted), Vec::new()));
            continue;
        };
        let User { name, email, groups: now, privileged: was, upstream, .. } = user;
        let fields = differences(&shown(name, email, now, *was, &upstream.database, &upstream.login), &wanted);
        let mut loosened = names(&loosening::user((now, *was), (groups, *privileged), has_rules));
        let of_another = fields.iter().filter(|field| field.field.starts_with("upstream."));
        loosened.extend(of_another.map(|field| field.field.clone()));
        if !fields.is_empty() {
            changes.push(Change::of(Kind::Alter, "user", entry.reference().to_owned(), fields, loosened));
        }
    }
    Ok(changes)
}

fn of_profiles(draft: &Draft, stored: &[Profile], prune: bool) -> Result<Vec<Change>> {
    let Some(profiles) = &draft.profiles else { return Ok(Vec::new()) };
    let mut changes = Vec::new();
    for (name, entry) in profiles {
        let wanted = json!({"description": entry.description});
        match stored.iter().find(|profile| profile.name == *name) {
            None => changes.push(Change::of(Kind::Add, "profile", name.clone(), of_new(&wanted), Vec::new())),
            Some(profile) => {
                let fields = differences(&document(profile)?, &wanted);
                if !fields.is_empty() {
                    changes.push(Change::of(Kind::Alter, "profile", name.clone(), fields, Vec::new()));
                }
            }
        }
    }
    let gone = |profile: &&Profile| prune && profile.name != DEFAULT_PROFILE && !profiles.contains_key(&profile.name);
    changes.extend(stored.iter().filter(gone).map(|profile| Change::removal("profile", profile.name.clone())));
    Ok(changes)
}

/// Of each key of the draft whose it is: a user that is there, or none yet.
fn owners<'u>(draft: &Draft, found: &[Option<&'u User>], people: &'u [User]) -> Result<Vec<Option<&'u User>>> {
    let owner = |KeyEntry { user: reference, .. }: &KeyEntry| {
        let mut entries = draft.users.iter().flatten().zip(found);
        if let Some((_, user)) = entries.find(|(user, _)| user.reference() == reference) {
            return Ok(*user);
        }
        let absent = || Problem::invalid("draft.keys", format!("There is no user '{reference}'."));
        referred(people, reference).map_err(|many| several("draft.keys", many))?.ok_or_else(absent).map(Some)
    };
    draft.keys.iter().flatten().map(owner).collect()
}

fn of_keys(
    draft: &Draft,
    owners: &[Option<&User>],
    keys: &[Key],
    context: Context<'_>,
    now: Moment,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (entry, owner) in draft.keys.iter().flatten().zip(owners) {
        let is_meant = |key: &&Key| {
            owner.is_some_and(|user| user.id == key.user_id)
                && key.terms.name == entry.name
                && key.terms.expires_at.is_none_or(|end| end > now)
        };
        let live: Vec<_> = keys.iter().filter(is_meant).collect();
        if live.is_empty() {
            let terms = entry.terms(None);
            if terms.active && terms.expires_at.is_none_or(|end| end > now) {
                let fields = of_new(&shown_terms(&terms)?);
                let loosened = names(&loosening::key(None, &terms, context));
                changes.push(Change::of(
                    Kind::Add,
                    "key",
                    format!("{} / {}", entry.user, entry.name),
                    fields,
                    loosened,
                ));
            }
        }
        for key in live {
            let terms = entry.terms(Some(&key.terms));
            let fields = differences(&shown_terms(&key.terms)?, &shown_terms(&terms)?);
            if !fields.is_empty() {
                let loosened = names(&loosening::key(Some(&key.terms), &terms, context));
                changes.push(Change::of(Kind::Alter, "key", key_name(&entry.user, key), fields, loosened));
            }
        }
    }
    Ok(changes)
}

fn shown_terms(terms: &Terms) -> Result<Value> {
    let mut shown = document(terms)?;
    if let Value::Object(fields) = &mut shown {
        fields.remove("name");
    }
    Ok(shown)
}

fn key_name(user: &str, key: &Key) -> String {
    format!("{user} / {} ({})", key.terms.name, key.prefix)
}

fn of_permissions(
    draft: &Draft,
    old: &[wire::Permission],
    new: &[wire::Permission],
    context: Context<'_>,
) -> Result<Vec<Change>> {
    let by_place = |permissions: &[wire::Permission]| {
        let place = |permission: &wire::Permission| permissions::Place::of(permission).name();
        permissions.iter().map(|permission| (place(permission), permission.clone())).collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (by_place(old), by_place(new));
    let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for place in places {
        let (before, after) = (old.get(place), new.get(place));
        let loosened = || names(&loosening::permission(before, after, context));
        let shown = |permission: &wire::Permission| document(&Rules::from(permission.clone()));
        match (before, after) {
            (Some(before), Some(after)) if before != after => {
                let fields = differences(&shown(before)?, &shown(after)?);
                changes.push(Change::of(Kind::Alter, "permission", place.clone(), fields, loosened()));
            }
            (None, Some(after)) => {
                changes.push(Change::of(Kind::Add, "permission", place.clone(), of_new(&shown(after)?), loosened()));
            }
            // A profile that is gone takes its own along.
            (Some(before), None) if draft.rules_profile(&before.profile.0) => {
                changes.push(Change::of(Kind::Remove, "permission", place.clone(), Vec::new(), loosened()));
            }
            _ => {}
        }
    }
    Ok(changes)
}

/// Keys and users that the draft's sections lack.
fn removed(
    draft: &Draft,
    found: &[Option<&User>],
    owners: &[Option<&User>],
    people: &[User],
    keys: &[Key],
) -> Vec<Change> {
    let entries = draft.keys.iter().flatten().zip(owners);
    let listed: BTreeSet<_> =
        entries.filter_map(|(entry, owner)| Some((owner.as_ref()?.id.as_str(), entry.name.as_str()))).collect();
    let is_kept = |user: &User| draft.users.is_none() || found.iter().flatten().any(|kept| kept.id == user.id);
    let mut changes = Vec::new();
    for key in keys {
        let Some(user) = people.iter().find(|user| user.id == key.user_id) else { continue };
        let is_listed = draft.keys.is_none() || listed.contains(&(user.id.as_str(), key.terms.name.as_str()));
        if !is_kept(user) || !is_listed {
            changes.push(Change::removal("key", key_name(user.reference(), key)));
        }
    }
    let gone = people.iter().filter(|user| !is_kept(user));
    changes.extend(gone.map(|user| Change::removal("user", user.reference().to_owned())));
    changes
}

/// What is known of Odoo's models, as all users see them.
struct Known<'k> {
    models: &'k [wire::ModelEntry],
    /// The numbers of the users' sets of groups.
    sets: BTreeSet<Option<u32>>,
}

impl<'k> Known<'k> {
    fn of(policy: &'k OfCalls, people: &[User]) -> Self {
        let set = |user: &User| sets::number(&policy.sets, &user.upstream.database, &user.odoo_groups);
        Self { models: &policy.snapshot.schema.models, sets: people.iter().map(set).collect() }
    }

    /// Whether a field is open by default to every user.
    fn is_open(&self, model: &str, name: &str, side: Side) -> bool {
        let Some(entry) = self.models.iter().find(|entry| entry.name == model) else { return false };
        let sees = |set: &Option<u32>| entry.record.views.iter().any(|view| Some(view.set) == *set);
        let Some(field) = entry.record.fields.iter().find(|field| field.name == name) else { return false };
        let field = field::Field::of(model, field.clone(), &entry.record.delegations);
        let is_open = match side {
            Side::Read => matches!(field.reading, Reading::Open),
            Side::Write => matches!(field.writing, Writing::Open) && !field.into_closed,
        };
        is_open && field.closed.is_none() && self.sets.iter().all(sees)
    }
}
