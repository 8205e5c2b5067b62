//! The page of settings.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::settings::Settings;

/// Has tables of its own in docs/admin/alerts.md.
const ELSEWHERE: &str = "/alerts/types";

/// Every setting: what it takes, what it is at first, what it means. Markdown.
pub fn settings() -> String {
    let mut page = "# Settings\n\n\
        Made by `lictor docs settings` from `control-plane/src/domain/settings.rs`: do not edit.\n\n\
        `GET /api/v1/settings` shows them. `PATCH /api/v1/settings` changes those that are given, and so does a \
        [policy file](admin/policy-file.md).\nA value that is not taken is refused with the name of its \
        field, and nothing changes. The types and rules of\nalerts, `alerts.types`, are in \
        [alerts.md](admin/alerts.md).\n\n\
        | setting | takes | at first | what it is |\n|---|---|---|---|\n"
        .to_owned();
    let schema = schemars::schema_for!(Settings).to_value();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    rows(&mut page, &Asked { schema: &schema, defaults: &defaults }, &schema, "");
    page
}

/// The schema that is walked through.
struct Asked<'a> {
    schema: &'a Value,
    defaults: &'a Value,
}

/// The lines of an object's fields; `at` is its JSON pointer.
fn rows(page: &mut String, asked: &Asked<'_>, object: &Value, at: &str) {
    for (name, field) in object["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let kind = asked.resolved(field);
        if kind.get("properties").is_some() {
            if at != ELSEWHERE {
                rows(page, asked, kind, &at);
            }
            continue;
        }
        let first = asked.defaults.pointer(&at).unwrap_or(&Value::Null);
        let takes = asked.takes(kind);
        let meaning = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        let _ =
            writeln!(page, "| `{}` | {takes} | `{first}` | {meaning} |", at.trim_start_matches('/').replace('/', "."));
    }
}

impl Asked<'_> {
    /// The schema that a field refers to.
    fn resolved<'v>(&'v self, field: &'v Value) -> &'v Value {
        let named = field["$ref"].as_str().and_then(|name| self.schema.pointer(name.trim_start_matches('#')));
        named.unwrap_or(field)
    }

    fn takes(&self, kind: &Value) -> String {
        let words: Vec<_> = words(kind).map(|word| format!("`{word}`")).collect();
        if !words.is_empty() {
            return words.join(", ");
        }
        match kind["type"].as_str() {
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("integer") => range(kind),
            Some("array") => match self.resolved(&kind["items"]) {
                item if words_exist(item) => format!("a list of {}", self.takes(item)),
                _ => "a list of texts".to_owned(),
            },
            Some("object") => "names, each with a list of operations".to_owned(),
            _ if kind.get("maximum").is_some() => format!("{}, or `null`", range(kind)),
            _ => "text, or `null`".to_owned(),
        }
    }
}

fn range(kind: &Value) -> String {
    format!("{} to {}", kind["minimum"], kind["maximum"])
}

/// The words of an enumeration.
fn words(kind: &Value) -> impl Iterator<Item = &str> {
    let listed = kind["enum"].as_array().into_iter().flatten();
    let described = kind["oneOf"].as_array().into_iter().flatten().map(|one| &one["const"]);
    listed.chain(described).filter_map(Value::as_str)
}

fn words_exist(kind: &Value) -> bool {
    words(kind).next().is_some()
}
