//! What would have to change, in the order in which it is done: what closes comes before what opens, so that a run that
//! stops half way leaves less open, never more.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::http::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::file::{KeyEntry, Policy, UpstreamEntry, UserEntry};
use super::state::{Record, State};
use crate::cli::client::{Condition, encoded};
use crate::cli::failure::{Exit, Failure, Result};
use crate::cli::print::printable;
use crate::time::Moment;

/// One change of one record.
#[derive(Debug, Serialize)]
pub struct Change {
    /// What happens to it.
    pub change: Kind,
    /// What it is, such as `permission`.
    pub noun: &'static str,
    /// What it is called.
    pub name: String,
    /// The fields that change; those of a new record that are not empty.
    pub fields: Vec<Field>,
    /// The path of the record, if there is one by now.
    #[serde(skip)]
    pub record: Option<String>,
    /// How it is done.
    #[serde(skip)]
    pub request: Request,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is made.
    Add,
    /// Some fields change.
    Alter,
    /// It is deleted.
    Remove,
}

/// A field that changes.
#[derive(Debug, Serialize)]
pub struct Field {
    /// Its path, such as `upstream.login`.
    pub field: String,
    /// What it is; null in a new record.
    pub before: Value,
    /// What it becomes.
    pub after: Value,
}

/// A write of the API.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// What follows `/api/v1/`.
    pub path: String,
    /// The body, without a secret.
    pub body: Option<Value>,
    /// What must hold for it.
    pub condition: Condition,
    /// Where the body's `upstream.secret` is, if it needs one.
    pub secret: Option<SecretPlace>,
    /// The reference of the user that the body's `user_id` is to name.
    pub user: Option<String>,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Environment(String),
    /// In a file.
    File(PathBuf),
    /// Nobody says.
    Unknown,
}

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
    for (key, owner) in policy.keys.iter().flatten().zip(&matched.owners) {
        changes.extend(key_changes(key, owner, state, now));
    }
    for (model, rules) in policy.permissions.iter().flatten() {
        let record = state.permissions.iter().find(|record| record.text("model") == model);
        // Rules are flags, lists and names: that is always JSON.
        changes.extend(permission_change(model, serde_json::to_value(rules).unwrap_or_default(), record));
    }
    Ok(changes)
}

/// The plan as text, in the manner of a diff.
pub fn shown(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let sign = match change.change {
            Kind::Add => '+',
            Kind::Alter => '~',
            Kind::Remove => '-',
        };
        text.push_str(printable(format!("{sign} {} {}", change.noun, change.name).trim_end()).as_str());
        text.push('\n');
        for Field { field, before, after } in &change.fields {
            let line = match change.change {
                Kind::Alter => format!("    {field}: {before} -> {after}"),
                _ => format!("    {field}: {after}"),
            };
            text.push_str(&printable(&line));
            text.push('\n');
        }
    }
    text
}

/// Which record is which entry's.
struct Matched<'a> {
    /// Of each user of the file; none: it is new.
    users: Vec<Option<&'a Record>>,
    /// Of each key of the file.
    owners: Vec<Owner<'a>>,
}

/// Whose a key is.
enum Owner<'a> {
    /// A user that is there.
    There(&'a Record),
    /// A user that the file makes, by its reference.
    New(&'a str),
}

impl<'a> Matched<'a> {
    fn of(policy: &'a Policy, state: &'a State) -> Result<Self> {
        let wrong = |place: String, what: String| Failure::new(Exit::Invalid, format!("{place}: {what}"));
        let mut users: Vec<Option<&Record>> = Vec::new();
        for (at, user) in policy.users.iter().flatten().enumerate() {
            let found = find(&state.users, user).map_err(|what| wrong(format!("users[{at}]"), what))?;
            let is_taken = found.is_some_and(|found| users.iter().flatten().any(|other| other.path == found.path));
            if is_taken {
                return Err(wrong(
                    format!("users[{at}]"),
                    "another entry means the same user of the service".to_owned(),
                ));
            }
            users.push(found);
        }
        let mut owners = Vec::new();
        for (at, key) in policy.keys.iter().flatten().enumerate() {
            let entries = policy.users.iter().flatten().zip(&users);
            let mut of_file = entries.filter(|(user, _)| user.reference() == key.user);
            let owner = match of_file.next() {
                Some((_, Some(record))) => Owner::There(record),
                Some((user, None)) => Owner::New(user.reference()),
                None => {
                    let by = |field: &str| {
                        state.users.iter().filter(|user| user.text(field) == key.user).collect::<Vec<_>>()
                    };
                    let found = Some(by("email")).filter(|found| !found.is_empty()).unwrap_or_else(|| by("name"));
                    match found.as_slice() {
                        [one] => Owner::There(one),
                        [] => {
                            let what =
                                format!("there is no user '{}', neither in the file nor at the service", key.user);
                            return Err(wrong(format!("keys[{at}].user"), what));
                        }
                        _ => {
                            let what = format!("there are several users '{}' at the service", key.user);
                            return Err(wrong(format!("keys[{at}].user"), what));
                        }
                    }
                }
            };
            owners.push(owner);
        }
        Ok(Self { users, owners })
    }
}

/// The user that an entry means: the one with its mail address, else the one with its name. A user with another mail
/// address is another one, unless the entry has none.
fn find<'a>(users: &'a [Record], entry: &UserEntry) -> Result<Option<&'a Record>, String> {
    let named: Vec<_> = users.iter().filter(|user| user.text("name") == entry.name).collect();
    let found = match &entry.email {
        None => named,
        Some(email) => {
            let addressed: Vec<_> = users.iter().filter(|user| user.text("email") == email).collect();
            let both: Vec<_> = addressed.iter().filter(|user| user.text("name") == entry.name).copied().collect();
            match (addressed.len(), both.len()) {
                (0, _) => named.into_iter().filter(|user| user.text("email").is_empty()).collect(),
                (_, 1) => both,
                _ => addressed,
            }
        }
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(format!("{} users of the service may be meant by '{}'", several.len(), entry.reference())),
    }
}

fn removals(policy: &Policy, state: &State, matched: &Matched<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(permissions) = &policy.permissions {
        let gone = state.permissions.iter().filter(|record| !permissions.contains_key(record.text("model")));
        changes.extend(gone.map(|record| removal("permission", record.text("model").to_owned(), record)));
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
                changes.push(removal("key", key_name(reference(user), key), key));
            }
        } else if let Some(user) = gone.iter().find(|user| user.text("id") == key.text("user_id")) {
            changes.push(removal("key", key_name(reference(user), key), key));
        }
    }
    changes.extend(gone.iter().map(|user| removal("user", reference(user).to_owned(), user)));
    changes
}

fn removal(noun: &'static str, name: String, record: &Record) -> Change {
    Change {
        change: Kind::Remove,
        noun,
        name,
        fields: Vec::new(),
        record: Some(record.path.clone()),
        request: Request::on(Method::DELETE, record, None),
    }
}

fn reference(user: &Record) -> &str {
    Some(user.text("email")).filter(|email| !email.is_empty()).unwrap_or_else(|| user.text("name"))
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
    let wanted = json!({"name": user.name, "email": user.email, "groups": user.groups,
        "upstream": {"database": database, "login": login}});
    let place = SecretPlace::of(&user.upstream);
    let Some(record) = record else {
        let mut change = Change::add("user", user.reference().to_owned(), "users", wanted);
        change.fields.push(place.field());
        change.request.secret = Some(place);
        return Some(change);
    };
    let mut fields = differences(&record.json, &wanted);
    let is_rejected = record.json.pointer("/upstream/rejected") == Some(&Value::Bool(true));
    let needs_secret = fields.iter().any(|field| field.field.starts_with("upstream."))
        || (is_rejected && place != SecretPlace::Unknown);
    let mut body = patch(&fields).unwrap_or_else(|| json!({}));
    if needs_secret {
        fields.push(place.field());
        if let Some(body) = body.as_object_mut() {
            body.insert("upstream".to_owned(), json!({"database": database, "login": login}));
        }
    }
    if fields.is_empty() {
        return None;
    }
    let mut change = Change::alter("user", user.reference().to_owned(), fields, record, body);
    change.request.secret = Some(place).filter(|_| needs_secret);
    Some(change)
}

impl SecretPlace {
    fn of(upstream: &UpstreamEntry) -> Self {
        match upstream {
            UpstreamEntry { secret_from_env: Some(name), .. } => Self::Environment(name.clone()),
            UpstreamEntry { secret_from_file: Some(path), .. } => Self::File(path.clone()),
            _ => Self::Unknown,
        }
    }

    /// How the plan shows that the secret is sent.
    fn field(&self) -> Field {
        let place = match self {
            Self::Environment(name) => format!("from the environment variable {name}"),
            Self::File(path) => format!("from the file {}", path.display()),
            Self::Unknown => "is needed: add secret_from_env or secret_from_file".to_owned(),
        };
        Field { field: "upstream.secret".to_owned(), before: json!("stored"), after: Value::String(place) }
    }
}

fn key_changes(key: &KeyEntry, owner: &Owner<'_>, state: &State, now: Moment) -> Vec<Change> {
    let mut wanted = json!({"scopes": key.scopes, "models": key.models, "ip_allow_list": key.ip_allow_list,
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
        return vec![new_key(key, owner, wanted)];
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
        // A new key is active.
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

fn permission_change(model: &str, rules: Value, record: Option<&Record>) -> Option<Change> {
    let path = format!("permissions/{}", encoded(model));
    let Some(record) = record else {
        let mut change = Change::add("permission", model.to_owned(), &path, rules);
        change.request.method = Method::PUT;
        change.request.condition = Condition::New;
        return Some(change);
    };
    let fields = differences(&record.json, &rules);
    if fields.is_empty() {
        return None;
    }
    let mut change = Change::alter("permission", model.to_owned(), fields, record, rules);
    change.request.method = Method::PUT;
    Some(change)
}

impl Change {
    fn add(noun: &'static str, name: String, path: &str, body: Value) -> Self {
        let is_something = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(members) => !members.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        };
        let mut fields = differences(&json!({}), &body);
        fields.retain(|field| is_something(&field.after));
        let request = Request {
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body),
            condition: Condition::Any,
            secret: None,
            user: None,
        };
        Self { change: Kind::Add, noun, name, fields, record: None, request }
    }

    fn alter(noun: &'static str, name: String, fields: Vec<Field>, record: &Record, body: Value) -> Self {
        let request = Request::on(Method::PATCH, record, Some(body));
        Self { change: Kind::Alter, noun, name, fields, record: Some(record.path.clone()), request }
    }
}

impl Request {
    /// A write on a record that is as it was read.
    fn on(method: Method, record: &Record, body: Option<Value>) -> Self {
        let condition = record.etag.clone().map_or(Condition::Any, Condition::Unchanged);
        Self { method, path: record.path.clone(), body, condition, secret: None, user: None }
    }
}

/// The fields of `wanted` that are otherwise in `before`. Mappings of methods count as one value.
fn differences(before: &Value, wanted: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    compare(String::new(), before, wanted, &mut fields);
    fields
}

fn compare(path: String, before: &Value, wanted: &Value, fields: &mut Vec<Field>) {
    match wanted {
        Value::Object(members) if !path.ends_with("methods") => {
            for (name, wanted) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(path, before.get(name).unwrap_or(&Value::Null), wanted, fields);
            }
        }
        wanted if wanted != before => {
            fields.push(Field { field: path, before: before.clone(), after: wanted.clone() });
        }
        _ => {}
    }
}

/// The body that changes these fields; none if there are none.
fn patch(fields: &[Field]) -> Option<Value> {
    if fields.is_empty() {
        return None;
    }
    let assignments = fields.iter().map(|field| (field.field.clone(), field.after.clone()));
    Some(crate::cli::settings::patch(assignments))
}
