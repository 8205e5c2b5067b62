//! The changes that a policy file asks for, in the order in which they are done: those that close come before those that
//! open, so that a run that stops half way leaves less open, never more.

use std::collections::BTreeSet;

use axum::http::Method;
use lictor_policy::wire::DEFAULT_PROFILE;
use serde_json::{Map, Value, json};

use crate::cli::remote::client::Condition;
use crate::cli::remote::permission::path as permission_path;
use crate::cli::remote::policy::change::{Change, Request, patch, secret_field};
use crate::cli::remote::policy::matched::{Matched, Owner};
use crate::cli::remote::policy::record::Record;
use crate::cli::remote::policy::state::State;
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::failure::Result;
use crate::domain::policy::difference::{Kind, differences};
use crate::domain::policy::people::Person as _;
use crate::domain::policy::{KeyEntry, Policy, RulesEntry, UpstreamEntry, UserEntry};
use crate::domain::time::Moment;

/// Compares the policy with the state. With `prune`, what the file's sections lack is removed.
pub fn plan(policy: &Policy, state: &State, prune: bool, now: Moment) -> Result<Vec<Change>> {
    let matched = Matched::of(policy, state)?;
    let mut changes = Vec::new();
    if prune {
        changes.extend(removals(policy, state, &matched));
    }
    changes.extend(settings(policy, state));
    for (user, record) in policy.users.iter().flatten().zip(&matched.users) {
        changes.extend(user_change(user, *record));
    }
    // Before the keys that name them.
    for (name, profile) in policy.profiles.iter().flatten() {
        changes.extend(profile_change(name, &profile.description, state));
    }
    for (key, owner) in policy.keys.iter().flatten().zip(&matched.owners) {
        changes.extend(key_changes(key, owner, state, now));
    }
    for RulesEntry { profile, model, rules } in policy.rules() {
        let is_meant = |record: &&Record| (record.text("profile"), record.text("model")) == (profile, model);
        let record = state.permissions.iter().find(is_meant);
        // Rules are flags, lists and names: that is always JSON.
        changes.extend(permission_change(profile, model, serde_json::to_value(rules).unwrap_or_default(), record));
    }
    if prune && let Some(profiles) = &policy.profiles {
        // After the keys that named them.
        let gone = state.profiles.iter().filter(|record| !profiles.contains_key(record.text("name")));
        changes.extend(gone.map(|record| removal("profile", record.text("name").to_owned(), record)));
    }
    Ok(changes)
}

fn profile_change(name: &str, description: &str, state: &State) -> Option<Change> {
    let Some(record) = state.profiles.iter().find(|record| record.text("name") == name) else {
        let body = json!({"name": name, "description": description});
        let mut change = Change::add("profile", name.to_owned(), "profiles", body);
        change.fields.retain(|field| field.field != "name");
        return Some(change);
    };
    let fields = differences(&record.json, &json!({"description": description}));
    let body = patch(&fields)?;
    Some(Change::alter("profile", name.to_owned(), fields, record, body))
}

fn removals(policy: &Policy, state: &State, matched: &Matched<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let listed: BTreeSet<_> = policy.rules().map(|entry| (entry.profile, entry.model)).collect();
    // A profile that is gone takes its own along.
    for record in state.permissions.iter().filter(|record| policy.rules_profile(record.text("profile"))) {
        let (profile, model) = (record.text("profile"), record.text("model"));
        if !listed.contains(&(profile, model)) {
            changes.push(removal("permission", permission_name(profile, model), record));
        }
    }
    let kept: BTreeSet<_> = matched.users.iter().flatten().map(|user| user.text("id")).collect();
    let of_file = |user: &Record| policy.users.is_none() || kept.contains(user.text("id"));
    let (users, gone): (Vec<_>, Vec<_>) = state.users.iter().partition(|user| of_file(user));
    let listed = policy.keys.iter().flatten().zip(&matched.owners).filter_map(|(key, owner)| match owner {
        Owner::There(user) => Some((user.text("id"), key.name.as_str())),
        Owner::New(_) => None,
    });
    let listed: BTreeSet<_> = listed.collect();
    for key in &state.keys {
        let is_listed = listed.contains(&(key.text("user_id"), key.text("name")));
        if let Some(user) = users.iter().find(|user| user.text("id") == key.text("user_id")) {
            // A revoked key is harmless, and history.
            if policy.keys.is_some() && !is_listed && key.text("revoked_at").is_empty() {
                changes.push(removal("key", key_name(user.reference(), key), key));
            }
        } else if let Some(user) = gone.iter().find(|user| user.text("id") == key.text("user_id")) {
            changes.push(removal("key", key_name(user.reference(), key), key));
        }
    }
    changes.extend(gone.iter().map(|user| removal("user", user.reference().to_owned(), user)));
    changes
}

fn removal(noun: &'static str, name: String, record: &Record) -> Change {
    Change {
        change: Kind::Remove,
        noun,
        name,
        fields: Vec::new(),
        loosens: false,
        loosened_fields: Vec::new(),
        record: Some(record.path.clone()),
        request: Request::on(Method::DELETE, record, None),
    }
}

fn key_name(user: &str, key: &Record) -> String {
    format!("{user} / {} ({})", key.text("name"), key.text("prefix"))
}

fn settings(policy: &Policy, state: &State) -> Option<Change> {
    let (record, given) = (state.settings.as_ref()?, policy.given_settings.as_ref()?);
    let fields = differences(&record.json, given);
    let mut body = patch(&fields)?;
    // A mapping that the file lacks goes away only if it is named.
    if let Some(Value::Object(methods)) = body.get_mut("methods") {
        let before = record.json.get("methods").and_then(Value::as_object);
        for name in before.into_iter().flat_map(Map::keys) {
            methods.entry(name.clone()).or_insert(Value::Null);
        }
    }
    Some(Change::alter("settings", String::new(), fields, record, body))
}

fn user_change(user: &UserEntry, record: Option<&Record>) -> Option<Change> {
    let UpstreamEntry { database, login, .. } = &user.upstream;
    let wanted = json!({"name": user.name, "email": user.email, "groups": user.groups, "privileged": user.privileged,
        "upstream": {"database": database, "login": login}});
    let source = SecretSource::named(user.upstream.secret_from_env.as_ref(), user.upstream.secret_from_file.as_ref());
    let Some(record) = record else {
        let mut change = Change::add("user", user.reference().to_owned(), "users", wanted);
        change.fields.push(secret_field(source.as_ref()));
        (change.request.needs_secret, change.request.secret) = (true, source);
        return Some(change);
    };
    let mut fields = differences(&record.json, &wanted);
    let is_rejected = record.json.pointer("/upstream/rejected") == Some(&Value::Bool(true));
    let needs_secret =
        fields.iter().any(|field| field.field.starts_with("upstream.")) || (is_rejected && source.is_some());
    let mut body = patch(&fields).unwrap_or_else(|| json!({}));
    if needs_secret {
        fields.push(secret_field(source.as_ref()));
        if let Some(body) = body.as_object_mut() {
            body.insert("upstream".to_owned(), json!({"database": database, "login": login}));
        }
    }
    if fields.is_empty() {
        return None;
    }
    let mut change = Change::alter("user", user.reference().to_owned(), fields, record, body);
    (change.request.needs_secret, change.request.secret) = (needs_secret, source);
    Some(change)
}

fn key_changes(key: &KeyEntry, owner: &Owner<'_>, state: &State, now: Moment) -> Vec<Change> {
    let mut wanted = json!({"profiles": key.profiles, "scopes": key.scopes, "models": key.models, "ip_allow_list": key.ip_allow_list,
        "rate_limit_per_minute": key.rate_limit_per_minute, "session_limit": key.session_limit});
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.extend(key.expires_at.map(|moment| ("expires_at".to_owned(), json!(moment))));
        wanted.extend(key.active.map(|active| ("active".to_owned(), json!(active))));
    }
    let is_live = |record: &&Record| {
        let expires_at = record.json.get("expires_at").cloned().unwrap_or_default();
        let expires_at: Option<Moment> = serde_json::from_value(expires_at).unwrap_or_default();
        record.text("revoked_at").is_empty() && expires_at.is_none_or(|moment| moment > now)
    };
    let live: Vec<_> = match owner {
        Owner::New(_) => Vec::new(),
        Owner::There(user) => {
            let is_meant =
                |record: &&Record| record.text("user_id") == user.text("id") && record.text("name") == key.name;
            state.keys.iter().filter(is_meant).filter(is_live).collect()
        }
    };
    if live.is_empty() {
        // One that nobody could use is not made: with its end in the past it cannot be, and a new key is active.
        let is_usable = key.active != Some(false) && key.expires_at.is_none_or(|end| end > now);
        return is_usable.then(|| new_key(key, owner, wanted)).into_iter().collect();
    }
    let alter = |record: &Record| {
        let fields = differences(&record.json, &wanted);
        let body = patch(&fields)?;
        Some(Change::alter("key", key_name(&key.user, record), fields, record, body))
    };
    live.into_iter().filter_map(alter).collect()
}

fn new_key(key: &KeyEntry, owner: &Owner<'_>, mut wanted: Value) -> Change {
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.insert("name".to_owned(), json!(key.name));
        // The API makes none that is not active, so it takes no such field.
        wanted.remove("active");
        if let Owner::There(user) = owner {
            wanted.insert("user_id".to_owned(), json!(user.text("id")));
        }
    }
    let mut change = Change::add("key", format!("{} / {}", key.user, key.name), "keys", wanted);
    change.fields.retain(|field| !matches!(field.field.as_str(), "name" | "user_id"));
    if let Owner::New(reference) = owner {
        change.request.user = Some((*reference).to_owned());
    }
    change
}

fn permission_name(profile: &str, model: &str) -> String {
    if profile == DEFAULT_PROFILE { model.to_owned() } else { format!("{profile}/{model}") }
}

fn permission_change(profile: &str, model: &str, rules: Value, record: Option<&Record>) -> Option<Change> {
    let (name, path) = (permission_name(profile, model), permission_path(profile, model));
    let Some(record) = record else {
        let mut change = Change::add("permission", name, &path, rules);
        change.request.method = Method::PUT;
        change.request.condition = Condition::New;
        return Some(change);
    };
    let fields = differences(&record.json, &rules);
    if fields.is_empty() {
        return None;
    }
    let mut change = Change::alter("permission", name, fields, record, rules);
    change.request.method = Method::PUT;
    Some(change)
}
