//! `lictor suggest`: permissions from what a key does, as a policy file.

use clap::Args;
use lictor_policy::wire::{DEFAULT_PROFILE, Profile};
use serde_json::{Map, Value};

use crate::cli::remote::client::{Client, encoded, with_query};
use crate::cli::remote::key;
use crate::cli::remote::policy::record::Record;
use crate::cli::remote::policy::state::State;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Output};
use crate::domain::policy::{KeyEntry, Policy, UserEntry};
use crate::domain::time::{Moment, system_clock};
use crate::domain::validate;

/// Write a profile that allows exactly what a key was recorded to do and to try, in shadow too: a policy file to review and apply.
#[derive(Debug, Args)]
pub struct Suggest {
    /// The key: an id or a prefix.
    #[arg(long)]
    key: String,
    /// From this day or moment on, such as 2030-01-31 or 2030-01-31T12:00:00Z. Left out: 30 days before the end.
    #[arg(long)]
    from: Option<String>,
    /// Up to this day or moment, without it. Left out: until now.
    #[arg(long)]
    to: Option<String>,
    /// The name of the profile. Left out: one that is made of the key's.
    #[arg(long, value_name = "PROFILE")]
    name: Option<String>,
}

/// The rules of a permission that a suggestion has, in the order in which they are written.
const RULES: [&str; 8] = ["read", "write", "create", "delete", "fields", "calls", "paths", "context"];
/// Kinds of calls that stay closed, of which so many are told.
const MAX_TOLD: usize = 20;
/// Methods that the comment above a model names.
const MAX_METHODS: usize = 6;

pub(crate) async fn run(client: &Client, order: Suggest) -> Result<()> {
    if let Some(name) = &order.name {
        validate::profile("name", name).map_err(|problem| Failure::usage(problem.detail.into_owned()))?;
        if name == DEFAULT_PROFILE {
            return Err(Failure::usage("Give another name: every key without a profile has default."));
        }
    }
    let mut query = vec![("key_id", key::id(client, &order.key).await?)];
    query.extend(order.from.map(|from| ("from", from)));
    query.extend(order.to.map(|to| ("to", to)));
    let mut answer = client.get(&with_query("suggestions", &query)).await?.json;
    if let (Some(name), Some(profile)) = (order.name, answer.get_mut("profile").and_then(Value::as_object_mut)) {
        profile.insert("name".to_owned(), name.into());
    }
    if client.output == Output::Json {
        return print::document(&answer);
    }
    let own = own_key(client, text(&answer, "key_id"), text(at(&answer, "profile"), "name")).await?;
    let page = page(&answer, &order.key, own.as_ref())?;
    // Whatever stands in it, `apply` is to take it.
    Policy::read("the suggestion", &page)?;
    print::text_page(&page).map_err(|error| Failure::failed(error.to_string()))?;
    print::note(&summary(&answer));
    let name = text(at(&answer, "profile"), "name");
    if is_there(client, name).await? {
        print::note(&format!(
            "There is a profile {name} already: applied, this takes the place of what it says of these models, for every key that names \
             it. --name gives another name."
        ));
    }
    Ok(())
}

/// The key as the file has it, in the profile and no other: as it is but for that. None if it may not be used now, or if the file could
/// mean another one by its name.
async fn own_key(client: &Client, key_id: &str, profile: &str) -> Result<Option<KeyEntry>> {
    let (users, keys) = (Some(Vec::new()), Some(Vec::new()));
    let wanted = Policy { users, keys, permissions: None, profiles: None, settings: None, given_settings: None };
    let state = State::load(client, &wanted).await?;
    let is_usable = |key: &&Record| {
        let ends: Option<Moment> = key.json.get("expires_at").and_then(|end| serde_json::from_value(end.clone()).ok());
        *at(&key.json, "active") == true
            && at(&key.json, "revoked_at").is_null()
            && (at(&key.json, "expires_at").is_null() || ends.is_some_and(|end| end > system_clock()()))
    };
    let Some(own) = state.keys.iter().find(|key| key.text("id") == key_id).filter(is_usable).cloned() else {
        return Ok(None);
    };
    let called = |key: &&Record| (key.text("name"), key.text("user_id")) == (own.text("name"), own.text("user_id"));
    let alike = state.keys.iter().filter(called).filter(is_usable).count();
    let (policy, _) = State { keys: vec![own], ..state }.policy()?;
    let references = policy.users.iter().flatten().map(UserEntry::reference);
    let entry = policy.keys.and_then(|mut keys| keys.pop());
    Ok(entry
        .filter(|entry| alike == 1 && references.filter(|user| *user == entry.user).count() == 1)
        .map(|entry| KeyEntry { profiles: vec![Profile(profile.to_owned())], ..entry }))
}

async fn is_there(client: &Client, profile: &str) -> Result<bool> {
    match client.get(&format!("profiles/{}", encoded(profile))).await {
        Ok(_) => Ok(true),
        Err(Failure { exit: Exit::NotFound, .. }) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// How much of what was recorded passes.
fn summary(answer: &Value) -> String {
    let number = |name: &str| number(answer, name);
    let mut text = match (number("kinds"), number("covered")) {
        (0, _) => "No call was recorded that a permission could open.".to_owned(),
        (kinds, covered) if kinds == covered => format!("All {kinds} kinds of calls that were recorded pass with it."),
        (kinds, covered) => format!("{covered} of {kinds} kinds of calls that were recorded pass with it."),
    };
    let refused =
        members(answer, "refused_before").map(|(reason, calls)| format!("{reason} {calls}")).collect::<Vec<_>>();
    if !refused.is_empty() {
        text.push_str(&format!(" Not looked at, as they were refused for other reasons: {}.", refused.join(", ")));
    }
    match number("without_outline") {
        0 => {}
        calls => text.push_str(&format!(" {calls} calls were recorded without an outline, and are not looked at.")),
    }
    if *at(answer, "more") == true {
        text.push_str(" There was more than is looked at: shorten the time with --from and --to.");
    }
    text
}

/// The policy file, with the key in it if there is an entry for it.
fn page(answer: &Value, key: &str, own: Option<&KeyEntry>) -> Result<String> {
    let (profile, mut lines) = (at(answer, "profile"), Lines::default());
    let (name, from, to) = (text(profile, "name"), text(answer, "from"), text(answer, "to"));
    lines.comment(0, &format!("Suggested by Lictor of what the key {key} did and tried from {from} to {to}."));
    lines.comment(0, &summary(answer));
    lines.comment(0, "Review it, above all what is marked with (!). Then, with the name of this file:");
    let has_unknown = items(answer, "marks").any(|mark| text(mark, "attention") == "unknown_method");
    let unknown = if has_unknown { " --allow-unknown" } else { "" };
    lines.comment(0, &format!("  lictor apply -f {name}.yaml{unknown}"));
    if own.is_none() {
        lines.comment(0, &format!("  lictor key update {key} --profiles {name}"));
    }
    lines.put(0, "profiles:");
    lines.put(1, &format!("{}:", scalar(name)));
    lines.put(2, &format!("description: {}", scalar(text(profile, "description"))));
    let mut permissions = members(profile, "permissions").peekable();
    if permissions.peek().is_none() {
        lines.put(2, "permissions: {}");
    } else {
        lines.put(2, "permissions:");
    }
    for (model, rules) in permissions {
        lines.comment(3, &methods(answer, model));
        lines.marks(3, answer, model, "");
        lines.put(3, &format!("{}:", scalar(model)));
        let rules = said(rules);
        for (rule, value) in RULES.iter().filter_map(|rule| Some((rule, rules.get(rule)?))) {
            lines.rule(4, answer, model, rule, value);
        }
        if rules.as_object().is_none_or(Map::is_empty) {
            lines.put(4, "{}");
        }
    }
    if let Some(entry) = own {
        lines.comment(0, "With this the key is in the profile, and in no other.");
        lines.put(0, "keys:");
        let entry = serde_yaml_ng::to_string(&[entry]).map_err(|error| Failure::failed(error.to_string()))?;
        entry.lines().for_each(|line| lines.put(1, line));
    }
    let closed = items(answer, "not_opened").collect::<Vec<_>>();
    if !closed.is_empty() {
        lines.comment(0, "No permission opens these calls:");
    }
    for call in closed.iter().take(MAX_TOLD) {
        let calls = number(call, "calls");
        lines.comment(
            0,
            &format!("- {}.{}, {calls} times. {}", text(call, "model"), text(call, "method"), text(call, "detail")),
        );
    }
    if closed.len() > MAX_TOLD {
        lines.comment(0, &format!("and {} more kinds; --output json has all.", closed.len() - MAX_TOLD));
    }
    Ok(lines.0)
}

/// The lines of a YAML document.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, depth: usize, line: &str) {
        self.0.push_str(&"  ".repeat(depth));
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn comment(&mut self, depth: usize, line: &str) {
        if !line.is_empty() {
            self.put(depth, &format!("# {}", print::printable(line)));
        }
    }

    /// The marks of a model's rule.
    fn marks(&mut self, depth: usize, answer: &Value, model: &str, rule: &str) {
        let is_of = |mark: &&Value| text(mark, "model") == model && text(mark, "rule") == rule;
        for mark in items(answer, "marks").filter(is_of) {
            self.comment(depth, &format!("(!) {}", text(mark, "detail")));
        }
    }

    fn rule(&mut self, depth: usize, answer: &Value, model: &str, rule: &str, value: &Value) {
        self.marks(depth, answer, model, rule);
        let last = rule.rsplit('.').next().unwrap_or(rule);
        match value {
            Value::Object(parts) => {
                self.put(depth, &format!("{last}:"));
                for (part, value) in parts {
                    self.rule(depth + 1, answer, model, &format!("{rule}.{part}"), value);
                }
            }
            Value::Array(names) => {
                let names: Vec<_> = names.iter().filter_map(Value::as_str).map(scalar).collect();
                self.put(depth, &format!("{last}: [{}]", names.join(", ")));
            }
            value => self.put(depth, &format!("{last}: {value}")),
        }
    }
}

/// The rules without those that say nothing; a list of fields may be empty and say much.
fn said(rules: &Value) -> Value {
    let says = |(name, value): &(&String, &Value)| match value {
        Value::Object(parts) => !parts.is_empty(),
        Value::Array(names) => !names.is_empty() && *name != "groups",
        value => **value == true,
    };
    Value::Object(
        rules
            .as_object()
            .into_iter()
            .flatten()
            .filter(says)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// How often the methods of a model were called.
fn methods(answer: &Value, model: &str) -> String {
    let of_model = items(answer, "calls").filter(|of| text(of, "model") == model);
    let mut methods: Vec<_> = of_model.map(|of| (number(of, "calls"), text(of, "method"))).collect();
    methods.sort_by(|one, other| other.cmp(one));
    let told = methods.iter().take(MAX_METHODS).map(|(calls, method)| format!("{method} {calls}")).collect::<Vec<_>>();
    let more = if methods.len() > MAX_METHODS { ", …" } else { "" };
    format!("{}{more}", told.join(", "))
}

/// A text as YAML that cannot be taken for anything else. A plain one needs no quotes.
fn scalar(text: &str) -> String {
    let is_of_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-');
    let is_plain = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) && text.bytes().all(is_of_name);
    // YAML 1.1 takes some words for truth values, and all of them are short.
    if is_plain && !matches!(text, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null") {
        return text.to_owned();
    }
    // JSON is YAML.
    Value::from(text).to_string()
}

fn at<'v>(of: &'v Value, name: &str) -> &'v Value {
    of.get(name).unwrap_or(&Value::Null)
}

fn number(of: &Value, name: &str) -> u64 {
    at(of, name).as_u64().unwrap_or_default()
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn members<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    of.get(name).and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_suggestion_is_a_policy_file_with_its_marks_where_they_belong() {
        let rules = json!({
            "read": true, "write": false, "create": false, "delete": true, "groups": [], "paths": ["country_id.code"], "nested_writes": [],
            "fields": {"read": {"only": ["email", "no"]}, "write": {"only": []}}, "calls": ["message_post:mail"], "context": [],
            "methods": {},
        });
        let mark = |rule: &str, detail: &str| json!({"model": "res.partner", "rule": rule, "detail": detail});
        let answer = json!({
            "from": "2030-01-01T00:00:00Z", "to": "2030-01-31T00:00:00Z", "kinds": 3, "covered": 2, "more": false, "without_outline": 4,
            "refused_before": {"rate_limited": 9},
            "profile": {"name": "agent", "description": "It's: \"odd\" # text\n", "permissions": {"res.partner": rules}},
            "marks": [mark("delete", "It deletes."), mark("fields.read", "email is closed."), mark("", "Changed through x.")],
            "calls": [{"model": "res.partner", "method": "read", "calls": 3}, {"model": "res.partner", "method": "unlink", "calls": 5}],
            "not_opened": [{"model": "ir.cron", "method": "read\u{1b}[2J", "calls": 7, "detail": "It is on the never-list."}],
        });
        let page = page(&answer, "AbCdEf12", None).unwrap();
        let expected = [
            "# Suggested by Lictor of what the key AbCdEf12 did and tried from 2030-01-01T00:00:00Z to 2030-01-31T00:00:00Z.",
            "# 2 of 3 kinds of calls that were recorded pass with it. Not looked at, as they were refused for other reasons: rate_limited 9. 4 \
             calls were recorded without an outline, and are not looked at.",
            "# Review it, above all what is marked with (!). Then, with the name of this file:",
            "#   lictor apply -f agent.yaml",
            "#   lictor key update AbCdEf12 --profiles agent",
            "profiles:",
            "  agent:",
            r#"    description: "It's: \"odd\" # text\n""#,
            "    permissions:",
            "      # unlink 5, read 3",
            "      # (!) Changed through x.",
            "      res.partner:",
            "        read: true",
            "        # (!) It deletes.",
            "        delete: true",
            "        fields:",
            "          # (!) email is closed.",
            "          read:",
            r#"            only: [email, "no"]"#,
            "          write:",
            "            only: []",
            r#"        calls: ["message_post:mail"]"#,
            "        paths: [country_id.code]",
            "# No permission opens these calls:",
            r"# - ir.cron.read\u{1b}[2J, 7 times. It is on the never-list.",
        ];
        assert_eq!(page.lines().collect::<Vec<_>>(), expected);
        let policy = Policy::read("p", &page).unwrap();
        let profile = &policy.profiles.unwrap()["agent"];
        assert_eq!(profile.description, "It's: \"odd\" # text\n");
        assert_eq!(serde_json::to_value(&profile.permissions).unwrap(), answer["profile"]["permissions"]);
    }

    #[test]
    fn the_key_stands_in_the_file_if_it_can_be_meant() {
        let answer = json!({"profile": {"name": "agent", "description": "", "permissions": {}}, "kinds": 0});
        let entry = json!({"user": "a@example.com", "name": "#1: agent", "profiles": ["agent"], "scopes": ["read"], "ip_allow_list": ["::1"]});
        let entry: KeyEntry = serde_json::from_value(entry).unwrap();
        let page = page(&answer, "AbCdEf12", Some(&entry)).unwrap();
        assert!(page.contains("lictor apply") && !page.contains("key update"), "{page}");
        assert_eq!(json!(Policy::read("p", &page).unwrap().keys.unwrap()), json!([entry]));
    }

    #[test]
    fn nothing_is_a_policy_file_too() {
        let answer = json!({"profile": {"name": "null", "description": "", "permissions": {}}, "kinds": 0});
        let profiles = Policy::read("p", &page(&answer, "k", None).unwrap()).unwrap().profiles.unwrap();
        assert!(profiles["null"].permissions.is_empty());
    }
}
