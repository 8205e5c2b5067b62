//! The policy file: reads it, and has a sentence for whatever is wrong in it.

use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::remote::policy::text::{self, Text};
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::domain::policy::Policy;
use crate::domain::settings::Settings;

impl Policy {
    /// Reads and checks a file; `-` is standard input.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let Text { name, text } = Text::read(path)?;
        Self::read(&name, &text)
    }

    /// The draft that is as the file says.
    pub(crate) fn draft(&self) -> Result<Value> {
        let mut draft = serde_json::to_value(self).map_err(|error| Failure::failed(error.to_string()))?;
        if let (Some(sections), Some(settings)) = (draft.as_object_mut(), &self.given_settings) {
            sections.insert("settings".to_owned(), settings.clone());
        }
        Ok(draft)
    }

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
        let settings = policy.settings.as_ref().map_or(Ok(()), Settings::validate);
        settings.map_err(|problem| problem.within("settings")).and_then(|()| policy.check()).map_err(|problem| {
            let field = problem.field.unwrap_or_default();
            Failure::new(Exit::Invalid, format!("{name}: {field}: {}", problem.detail))
        })?;
        Ok(policy)
    }
}

fn wrong_text(name: &str, error: &serde_yaml_ng::Error) -> Failure {
    text::wrong(name, error, |message| {
        if message.contains("unknown field `secret`") {
            ". A policy file holds no secrets: say where this one is"
        } else if message.contains("unknown field `cross_model_reads`") {
            ". It is gone: take the line out, and list under `paths` what the model's calls read of others, such as country_id.code"
        } else {
            ""
        }
    })
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
