//! The policy as administrators write it, in a file or as a draft: users, restrictions of keys, permissions and settings.

pub mod difference;
pub mod loosening;
pub mod people;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lictor_policy::operation::Operations;
use lictor_policy::wire;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::bounds;
use crate::domain::key::Terms;
use crate::domain::permission::Rules;
use crate::domain::problem::{Problem, Result};
use crate::domain::settings::{MAX_SESSION_LIMIT, Settings};
use crate::domain::time::Moment;
use crate::domain::validate;

/// Users, and keys, that a draft may have: as many as there may be.
const MAX_RECORDS: usize = 10_000;

/// The policy. A section that is left out changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy<S = Settings> {
    /// The settings; one that is left out stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<S>,
    /// The users that keys act for.
    #[schemars(length(max = MAX_RECORDS))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserEntry>>,
    /// The restrictions of keys.
    #[schemars(length(max = MAX_RECORDS))]
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

impl<S> Default for Policy<S> {
    fn default() -> Self {
        Self { settings: None, users: None, keys: None, permissions: None, profiles: None, given_settings: None }
    }
}

/// Calls that one request may ask about.
pub const MAX_CASES: usize = 100;

/// A policy that is not saved.
pub type Draft = Policy<GivenSettings>;

/// The settings that a draft names, as they were given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GivenSettings(pub Value);

/// As a patch of the settings: what is left out stays, at every depth.
impl JsonSchema for GivenSettings {
    fn schema_name() -> Cow<'static, str> {
        "GivenSettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Settings::json_schema(generator);
        bounds::make_optional(schema.ensure_object());
        schema
    }
}

/// What is allowed on models, by their names.
pub type Permissions = BTreeMap<String, Rules>;

/// A profile.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileEntry {
    /// For people: whom it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What keys that name it may do, by model.
    pub permissions: Permissions,
}

/// A user. Its reference is its mail address, or its name if it has none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(range(min = 1, max = u32::MAX))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_minute: Option<u32>,
    /// Sessions at once, in the place of the general limit; 0 is no limit.
    #[schemars(range(min = 0, max = MAX_SESSION_LIMIT))]
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
    /// What it says of a key; what it leaves as it is, it has of `last`, or of a new key.
    pub fn terms(&self, last: Option<&Terms>) -> Terms {
        Terms {
            name: self.name.clone(),
            profiles: self.profiles.clone(),
            scopes: self.scopes,
            models: self.models.clone(),
            ip_allow_list: self.ip_allow_list.clone(),
            rate_limit_per_minute: self.rate_limit_per_minute,
            session_limit: self.session_limit,
            expires_at: self.expires_at.or_else(|| last?.expires_at),
            active: self.active.unwrap_or_else(|| last.is_none_or(|last| last.active)),
        }
    }
}

impl<S> Policy<S> {
    /// Checks what the types cannot, but for the settings.
    pub fn check(&self) -> Result<()> {
        let mut references = BTreeSet::new();
        for (at, user) in self.users.iter().flatten().enumerate() {
            let wrong = |problem: Problem| problem.within(&format!("users[{at}]"));
            user.check().map_err(wrong)?;
            if !references.insert(user.reference()) {
                let field = if user.email.is_some() { "email" } else { "name" };
                return Err(wrong(Problem::invalid(field, "Two users have the same: nothing tells them apart.")));
            }
        }
        let mut names = BTreeSet::new();
        for (at, key) in self.keys.iter().flatten().enumerate() {
            let wrong = |problem: Problem| problem.within(&format!("keys[{at}]"));
            key.terms(None).validate().map_err(wrong)?;
            if !names.insert((&key.user, &key.name)) {
                return Err(wrong(Problem::invalid("name", "Two keys of the user have the same: put them into one.")));
            }
        }
        for name in self.profiles.iter().flatten().map(|(name, _)| name) {
            let wrong = |problem: Problem| problem.within(&format!("profiles.{name}"));
            validate::profile("name", name).map_err(wrong)?;
            if name == wire::DEFAULT_PROFILE {
                return Err(wrong(Problem::invalid("name", "Put the permissions of default under `permissions`.")));
            }
        }
        self.rules().try_for_each(|entry| {
            let wrong = |problem: Problem| problem.within(&entry.place());
            validate::model("model", entry.model).map_err(wrong)?;
            entry.rules.validate().map_err(wrong)
        })
    }

    /// The permissions of all profiles, those of the default one first.
    pub fn rules(&self) -> impl Iterator<Item = RulesEntry<'_>> {
        let of_default = self.permissions.iter().map(|permissions| (wire::DEFAULT_PROFILE, permissions));
        let of_profiles = self.profiles.iter().flatten().map(|(name, profile)| (name.as_str(), &profile.permissions));
        of_default.chain(of_profiles).flat_map(|(profile, permissions)| {
            permissions.iter().map(move |(model, rules)| RulesEntry { profile, model, rules })
        })
    }

    /// Whether the policy says all that a profile allows.
    pub fn rules_profile(&self, profile: &str) -> bool {
        match &self.profiles {
            _ if profile == wire::DEFAULT_PROFILE => self.permissions.is_some(),
            Some(profiles) => profiles.contains_key(profile),
            None => false,
        }
    }
}

/// What a profile allows on a model.
#[derive(Clone, Copy, Debug)]
pub struct RulesEntry<'p> {
    /// The profile.
    pub profile: &'p str,
    /// Odoo's name of the model.
    pub model: &'p str,
    /// What is allowed.
    pub rules: &'p Rules,
}

impl RulesEntry<'_> {
    /// Where it stands in the policy.
    pub fn place(&self) -> String {
        match self.profile {
            wire::DEFAULT_PROFILE => format!("permissions.{}", self.model),
            profile => format!("profiles.{profile}.permissions.{}", self.model),
        }
    }
}
