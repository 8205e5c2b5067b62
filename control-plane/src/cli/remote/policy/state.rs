//! The records that the service has.

use std::collections::BTreeMap;

use lictor_policy::wire::DEFAULT_PROFILE;
use serde_json::Value;

use crate::cli::remote::client::Client;
use crate::cli::remote::policy::change::Change;
use crate::cli::remote::policy::record::Record;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::domain::policy::{KeyEntry, Permissions, Policy, ProfileEntry, UpstreamEntry, UserEntry};

/// The records that a policy is about.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// All users, if the policy has users or keys.
    pub users: Vec<Record>,
    /// All keys, if the policy has keys or users.
    pub keys: Vec<Record>,
    /// All profiles but the default one, if the policy has some.
    pub profiles: Vec<Record>,
    /// All permissions of the profiles that the policy is about.
    pub permissions: Vec<Record>,
    /// The settings, if the policy has some.
    pub settings: Option<Record>,
}

impl State {
    /// Reads what the policy is about.
    pub async fn load(client: &Client, policy: &Policy) -> Result<Self> {
        let mut state = Self::default();
        if policy.users.is_some() || policy.keys.is_some() {
            state.users = all(client, "users", "id").await?;
            state.keys = all(client, "keys", "id").await?;
        }
        if policy.permissions.is_some() {
            state.permissions = all(client, "permissions", "model").await?;
        }
        if policy.profiles.is_some() {
            state.profiles = all(client, "profiles", "name").await?;
            state.profiles.retain(|profile| profile.text("name") != DEFAULT_PROFILE);
            for profile in &state.profiles {
                let collection = format!("{}/permissions", profile.path);
                state.permissions.extend(all(client, &collection, "model").await?);
            }
        }
        if policy.settings.is_some() {
            let settings = client.get("settings").await?;
            state.settings = Some(Record { json: settings.json, path: "settings".to_owned(), etag: settings.etag });
        }
        Ok(state)
    }

    /// Reads again, with its tag, each record that is to be changed: lists have no tags.
    pub async fn tag(&mut self, client: &Client, changes: &[Change]) -> Result<()> {
        for path in changes.iter().filter_map(|change| change.record.as_ref()) {
            let answer = match client.get(path).await {
                Ok(answer) => Some(answer),
                Err(Failure { exit: Exit::NotFound, .. }) => None,
                Err(failure) => return Err(failure),
            };
            for records in [&mut self.users, &mut self.keys, &mut self.profiles, &mut self.permissions] {
                match (&answer, records.iter_mut().find(|record| record.path == *path)) {
                    (Some(answer), Some(record)) => {
                        record.json = answer.json.clone();
                        record.etag.clone_from(&answer.etag);
                    }
                    (None, Some(_)) => records.retain(|record| record.path != *path),
                    (_, None) => {}
                }
            }
        }
        Ok(())
    }

    /// The policy that changes nothing, and what it cannot say.
    pub fn policy(&self) -> Result<(Policy, Vec<String>)> {
        let odd = |error: serde_json::Error| {
            Failure::failed(format!("The service sent what this version cannot read: {error}"))
        };
        let mut notes = Vec::new();
        let mut users: Vec<UserEntry> = Vec::new();
        for record in &self.users {
            let text = |path: &str| record.json.pointer(path).and_then(Value::as_str).map(str::to_owned);
            let entry = UserEntry {
                name: text("/name").unwrap_or_default(),
                email: text("/email"),
                groups: serde_json::from_value(record.json.get("groups").cloned().unwrap_or_default()).map_err(odd)?,
                privileged: record.json.get("privileged") == Some(&Value::Bool(true)),
                upstream: UpstreamEntry {
                    database: text("/upstream/database").unwrap_or_default(),
                    login: text("/upstream/login").unwrap_or_default(),
                    secret_from_env: None,
                    secret_from_file: None,
                },
            };
            if users.iter().any(|other| other.reference() == entry.reference()) {
                notes.push(format!("There are several users '{}': a file cannot tell them apart.", entry.reference()));
            }
            users.push(entry);
        }
        let mut keys: Vec<KeyEntry> = Vec::new();
        for record in self.keys.iter().filter(|record| record.json.get("revoked_at").is_none_or(Value::is_null)) {
            let at = self.users.iter().position(|user| user.text("id") == record.text("user_id"));
            let Some(user) = at.and_then(|at| users.get(at)) else { continue };
            let kept =
                ["name", "profiles", "scopes", "models", "ip_allow_list", "rate_limit_per_minute", "session_limit"];
            let kept = kept.map(|name| (name.to_owned(), record.json.get(name).cloned().unwrap_or_default()));
            let user = ("user".to_owned(), Value::from(user.reference()));
            let fields = Value::Object(kept.into_iter().chain([user]).collect());
            let entry: KeyEntry = serde_json::from_value(fields).map_err(odd)?;
            if keys.iter().any(|other| (&other.user, &other.name) == (&entry.user, &entry.name)) {
                notes.push(format!("{} has several keys '{}': the file has the first.", entry.user, entry.name));
            } else {
                keys.push(entry);
            }
        }
        let entry = |profile: &Record| {
            let (name, description) = (profile.text("name").to_owned(), profile.text("description").to_owned());
            (name, ProfileEntry { description, permissions: Permissions::new() })
        };
        let mut profiles: BTreeMap<_, _> = self.profiles.iter().map(entry).collect();
        let mut permissions = Permissions::new();
        for record in &self.permissions {
            let mut rules = record.json.clone();
            if let Some(fields) = rules.as_object_mut() {
                fields.retain(|name, _| name != "profile" && name != "model");
            }
            let rules = serde_json::from_value(rules).map_err(odd)?;
            let of_profile = profiles.get_mut(record.text("profile")).map(|profile| &mut profile.permissions);
            of_profile.unwrap_or(&mut permissions).insert(record.text("model").to_owned(), rules);
        }
        let settings = self.settings.as_ref().map(|record| serde_json::from_value(record.json.clone()).map_err(odd));
        let policy = Policy {
            users: Some(users),
            keys: Some(keys),
            permissions: Some(permissions),
            profiles: Some(profiles),
            settings: settings.transpose()?,
            given_settings: None,
        };
        Ok((policy, notes))
    }
}

async fn all(client: &Client, collection: &str, field: &str) -> Result<Vec<Record>> {
    let listing = client.list(collection, &[], usize::MAX).await?;
    Ok(listing.items.into_iter().map(|json| Record::of(collection, field, json)).collect())
}
