//! The policy file: its sections, and a sentence for whatever is wrong in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lictor_policy::operation::Operations;
use lictor_policy::wire;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::domain::key::Terms;
use crate::domain::permission::Rules;
use crate::domain::problem::Problem;
use crate::domain::settings::Settings;
use crate::domain::time::Moment;
use crate::domain::validate;

/// The content of the file. A section that is left out changes nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The settings; one that is left out stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// The users that keys act for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserEntry>>,
    /// The restrictions of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyEntry>>,
    /// The permissions of keys that name no profile, by model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The profiles, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<BTreeMap<String, ProfileEntry>>,
    /// The settings that the file names, with all their values in the API's form.
    #[serde(skip)]
    pub given_settings: Option<Value>,
}

/// What is allowed on models, by their names.
pub type Permissions = BTreeMap<String, Rules>;

/// A profile.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileEntry {
    /// For people: whom it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What keys that name it may do, by model.
    pub permissions: Permissions,
}

/// A user. Its reference is its mail address, or its name if it has none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// A name for people.
    pub name: String,
    /// Where mail about its keys goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Lictor's own groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whether it may be an administrator of Odoo.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// The Odoo credential.
    pub upstream: UpstreamEntry,
}

/// An Odoo credential: where its secret is, never the secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamEntry {
    /// The Odoo database.
    pub database: String,
    /// The Odoo login.
    pub login: String,
    /// The environment variable with the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_from_env: Option<String>,
    /// The file with the secret; a relative path begins at the policy file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_from_file: Option<PathBuf>,
}

/// The restrictions of all keys of a user that have one name: while a key is rotated there are two.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// The reference of its user.
    pub user: String,
    /// Its name.
    pub name: String,
    /// The profiles of which one must allow a call whole; empty is the default one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<wire::Profile>,
    /// Operations that it may do; empty allows all.
    #[serde(default, skip_serializing_if = "Operations::is_empty")]
    pub scopes: Operations,
    /// Models that it may reach; empty allows all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Networks that it may be used from; empty allows all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_allow_list: Vec<String>,
    /// Calls in any 60 s, in the place of the general limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_minute: Option<u32>,
    /// Sessions at once, in the place of the general limit; 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_limit: Option<u32>,
    /// From this moment on it is refused. Left out: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// Whether it may be used. Left out: as it is, as somebody may have switched it off for a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

impl UserEntry {
    /// The name by which other parts of the file refer to the user.
    pub fn reference(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.name)
    }

    fn check(&self) -> Result<(), Problem> {
        validate::text("name", &self.name)?;
        self.email.as_deref().map_or(Ok(()), |address| validate::email("email", address))?;
        validate::texts("groups", &self.groups)?;
        validate::text("upstream.database", &self.upstream.database)?;
        validate::text("upstream.login", &self.upstream.login)?;
        if self.upstream.secret_from_env.is_some() && self.upstream.secret_from_file.is_some() {
            return Err(Problem::invalid("upstream", "Give secret_from_env or secret_from_file, not both."));
        }
        Ok(())
    }
}

impl KeyEntry {
    fn check(&self) -> Result<(), Problem> {
        Terms {
            name: self.name.clone(),
            profiles: self.profiles.clone(),
            scopes: self.scopes,
            models: self.models.clone(),
            ip_allow_list: self.ip_allow_list.clone(),
            rate_limit_per_minute: self.rate_limit_per_minute,
            session_limit: self.session_limit,
            expires_at: self.expires_at,
            active: self.active.unwrap_or(true),
        }
        .validate()
    }
}

impl Policy {
    /// Reads and checks a file; `name` stands before what is wrong.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        // Read once without the types: that finds what stands twice, and which settings are there at all.
        let given: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(|error| wrong_text(name, &error))?;
        if given.is_null() {
            return Ok(Self::default());
        }
        let mut policy: Self = serde_yaml_ng::from_str(text).map_err(|error| wrong_text(name, &error))?;
        if let (Some(settings), Some(given)) = (&policy.settings, given.get("settings")) {
            // A value of the type has names and plain values: that is always JSON.
            let all = serde_json::to_value(settings).unwrap_or_default();
            policy.given_settings = Some(masked(all, &serde_json::to_value(given).unwrap_or_default()));
        }
        match policy.check() {
            Ok(()) => Ok(policy),
            Err((place, problem)) => {
                let field = problem.field.map(|field| format!("{place}.{field}")).unwrap_or(place);
                Err(Failure::new(Exit::Invalid, format!("{name}: {field}: {}", problem.detail)))
            }
        }
    }

    /// Checks what the types cannot.
    fn check(&self) -> Result<(), (String, Problem)> {
        if let Some(settings) = &self.settings {
            settings.validate().map_err(|problem| ("settings".to_owned(), problem))?;
        }
        let mut references = BTreeSet::new();
        for (at, user) in self.users.iter().flatten().enumerate() {
            let wrong = |problem| (format!("users[{at}]"), problem);
            user.check().map_err(wrong)?;
            if !references.insert(user.reference()) {
                let field = if user.email.is_some() { "email" } else { "name" };
                return Err(wrong(Problem::invalid(field, "Two users have the same: nothing tells them apart.")));
            }
        }
        let mut names = BTreeSet::new();
        for (at, key) in self.keys.iter().flatten().enumerate() {
            let wrong = |problem| (format!("keys[{at}]"), problem);
            key.check().map_err(wrong)?;
            if !names.insert((&key.user, &key.name)) {
                return Err(wrong(Problem::invalid("name", "Two keys of the user have the same: put them into one.")));
            }
        }
        let mut all = vec![(String::new(), self.permissions.iter().flatten().collect::<Vec<_>>())];
        for (name, profile) in self.profiles.iter().flatten() {
            let wrong = |problem| (format!("profiles.{name}"), problem);
            validate::profile("name", name).map_err(wrong)?;
            if name == wire::DEFAULT_PROFILE {
                return Err(wrong(Problem::invalid("name", "Put the permissions of default under `permissions`.")));
            }
            all.push((format!("profiles.{name}."), profile.permissions.iter().collect()));
        }
        for (place, permissions) in all {
            for (model, rules) in permissions {
                let wrong = |problem| (format!("{place}permissions.{model}"), problem);
                validate::model("model", model).map_err(wrong)?;
                rules.validate().map_err(wrong)?;
            }
        }
        Ok(())
    }
}

/// Names the fault and its place in the text, without the values in it: one may be a secret in the wrong place.
fn wrong_text(name: &str, error: &serde_yaml_ng::Error) -> Failure {
    let place = error.location().map(|place| format!(":{}:{}", place.line(), place.column())).unwrap_or_default();
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let message = match (message.find("invalid "), message.find(", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", message.get(..start).unwrap_or_default(), message.get(end + 2..).unwrap_or_default())
        }
        _ => message.to_owned(),
    };
    let hint = if message.contains("unknown field `secret`") {
        ". A policy file holds no secrets: say where this one is"
    } else if message.contains("unknown field `cross_model_reads`") {
        ". It is gone: take the line out, and list under `paths` what the model's calls read of others, such as country_id.code"
    } else {
        ""
    };
    Failure::new(Exit::Invalid, format!("{name}{place}: {message}{hint}."))
}

/// The part of `all` that `given` names. Mappings of methods count as one value.
fn masked(all: Value, given: &Value) -> Value {
    match (all, given) {
        (Value::Object(mut all), Value::Object(given)) => {
            let named = given.iter().filter_map(|(name, given)| {
                let value = all.remove(name)?;
                Some((name.clone(), if name == "methods" { value } else { masked(value, given) }))
            });
            Value::Object(named.collect::<Map<_, _>>())
        }
        (all, _) => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, message) in [
            ("users: [", "p.yaml:2:1: "),
            ("a: 1\n", "p.yaml:1:1: unknown field `a`, expected one of"),
            (
                "settings:\n  rate_limit:\n    per_hour: 1\n",
                "p.yaml:3:5: settings.rate_limit: unknown field `per_hour`",
            ),
            (
                "settings:\n  rate_limit: {per_minute: hunter2}\n",
                "p.yaml:2:28: settings.rate_limit.per_minute: expected u32.",
            ),
            ("permissions:\n  a.b: {read: true}\n  a.b: {read: true}\n", "duplicate entry with key \"a.b\""),
            ("permissions:\n  a.b: {reed: true}\n", "p.yaml:2:9: permissions.a.b: unknown field `reed`"),
            (
                "permissions:\n  a.b: {fields: {read: {show: [x]}}}\n",
                "p.yaml:2:25: permissions.a.b.fields.read: unknown field `show`",
            ),
            (
                "permissions:\n  a.b: {fields: {read: {only: [x], also: [y]}}}\n",
                "p.yaml: permissions.a.b.fields.read: Give one of only, hide and also.",
            ),
            ("permissions:\n  a.b: {calls: [unlink]}\n", "p.yaml: permissions.a.b.calls: Leave unlink out"),
            ("permissions:\n  a.b: {cross_model_reads: false}\n", "take the line out, and list under `paths`"),
            ("permissions:\n  A B: {}\n", "p.yaml: permissions.A B.model: Write models as Odoo does"),
            ("settings: {rate_limit: {per_minute: 0}}", "p.yaml: settings.rate_limit.per_minute: Give a number from 1"),
            ("users: [{name: a, upstream: {database: d, login: l, secret: hunter2}}]", "say where this one is"),
            ("users: [{name: a}]", "missing field `upstream`"),
            (
                "users: [{name: a, upstream: {database: d, login: l, secret_from_env: A, secret_from_file: b}}]",
                "p.yaml: users[0].upstream: Give secret_from_env or secret_from_file",
            ),
            (
                "users:\n- {name: a, email: a@b, upstream: {database: d, login: l}}\n- {name: b, email: a@b, upstream: {database: d, login: l}}\n",
                "p.yaml: users[1].email: Two users have the same",
            ),
            ("keys: [{user: a, name: k}, {user: a, name: k}]", "p.yaml: keys[1].name: Two keys"),
            ("keys: [{user: a, name: k, ip_allow_list: [10.0.0.1/8]}]", "p.yaml: keys[0].ip_allow_list: "),
            ("settings: {shadow: [scope, key]}", "settings.shadow[1]: unknown variant `key`, expected one of `all`"),
            ("keys: [{user: a, name: k, scopes: [reed]}]", "keys[0].scopes[0]: unknown variant `reed`"),
        ] {
            let failure = Policy::read("p.yaml", text).unwrap_err();
            assert_eq!(failure.exit, Exit::Invalid, "{text}");
            assert!(failure.message.contains(message), "{text:?}: {}", failure.message);
            assert!(!failure.message.contains("hunter2"), "{}", failure.message);
        }
    }

    #[test]
    fn settings_are_those_that_are_given_in_the_apis_form() {
        let text = "settings: {sessions: {limit: 2}, methods: {action_done: [write, read]}, shadow: [scope, ip]}";
        let policy = Policy::read("p.yaml", text).unwrap();
        let methods = serde_json::json!({"action_done": ["read", "write"]});
        let given = serde_json::json!({"sessions": {"limit": 2}, "methods": methods, "shadow": ["ip", "scope"]});
        assert_eq!(policy.given_settings, Some(given));
        assert!(Policy::read("p.yaml", "# nothing\n").unwrap().given_settings.is_none());
    }
}
