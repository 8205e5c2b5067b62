//! Output: tables for people, JSON for machines.
//!
//! Standard output has the answer and nothing else; everything besides goes to standard error.

use std::io::{self, Write as _};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use rustix::termios::tcgetwinsize;
use serde_json::{Value, json};

use crate::cli::terminal::failure::Result;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Records of a list, in the form of one page.
#[derive(Debug)]
pub struct Listing {
    /// The records.
    pub items: Vec<Value>,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<String>,
}

/// The head of a column, and the field that it shows: a path such as `upstream.login`, or several with `|` between
/// them, of which the first that is there counts.
pub type Column = (&'static str, &'static str);

/// Stands for an empty field.
const NOTHING: &str = "-";
/// Moments that do not come, or have not yet, if they are empty.
const NEVER: [&str; 2] = ["expires_at", "last_used_at"];

/// Writes a text to standard output.
pub(crate) fn text_page(page: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(page.as_bytes())?;
    Ok(out.flush()?)
}

/// Shows a list. More than was asked for is never left out in silence.
pub fn list(output: Output, listing: Listing, columns: &[Column]) -> Result<()> {
    match output {
        Output::Json => document(&json!({"items": listing.items, "next_cursor": listing.next_cursor})),
        Output::Text => {
            rows(listing.items.iter(), columns)?;
            if listing.next_cursor.is_some() {
                note(&format!("There are more than these {}: raise --limit.", listing.items.len()));
            }
            Ok(())
        }
    }
}

/// Records as a table.
pub fn rows<'a>(items: impl Iterator<Item = &'a Value>, columns: &[Column]) -> Result<()> {
    let row = |item: &Value| columns.iter().map(|(_, path)| text(path, at(item, path))).collect();
    table(columns.iter().map(|(head, _)| (*head).to_owned()).collect(), items.map(row))
}

/// Shows a record.
pub fn record(output: Output, record: &Value) -> Result<()> {
    match output {
        Output::Json => document(record),
        Output::Text => {
            let out = io::stdout().lock();
            lines(record, out)
        }
    }
}

/// Shows a record with a secret that is shown this once: to people the secret alone on standard output, so that it can
/// be sent on, and the rest beside it.
pub fn secret(output: Output, record: &Value, field: &str) -> Result<()> {
    if output == Output::Json {
        return document(record);
    }
    let mut rest = record.clone();
    let secret = rest.as_object_mut().and_then(|fields| fields.remove(field));
    lines(&rest, io::stderr().lock())?;
    note(&format!("The {field}, shown only now, is on standard output."));
    let mut out = io::stdout().lock();
    writeln!(out, "{}", secret.as_ref().and_then(Value::as_str).unwrap_or_default())?;
    Ok(out.flush()?)
}

/// Says that something was done: to people; machines see the exit status, and have one document in any case.
pub fn done(output: Output, what: &str) -> Result<()> {
    match output {
        Output::Json => document(&Value::Null),
        Output::Text => {
            note(what);
            Ok(())
        }
    }
}

/// A remark beside the answer.
pub fn note(text: &str) {
    // A failure to write could only be written to the same place.
    let _ = writeln!(io::stderr(), "{text}");
}

/// One JSON document.
pub fn document(json: &Value) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{json:#}")?;
    Ok(out.flush()?)
}

/// Rows under a head, as wide as the terminal; longer cells go on in the next line.
pub fn table(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(head);
    // There is no width where the output is no terminal, or one that does not tell.
    if let Some(width) = tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|width| *width > 0) {
        table.set_width(width);
    }
    table.add_rows(rows);
    let mut out = io::stdout().lock();
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(out.flush()?)
}

/// A field a line.
fn lines(record: &Value, mut out: impl io::Write) -> Result<()> {
    let mut fields = Vec::new();
    flatten("", record, &mut fields);
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in fields {
        writeln!(out, "{name:width$}  {value}")?;
    }
    Ok(out.flush()?)
}

fn flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, fields);
            }
        }
        value => fields.push((printable(path), text(path, value))),
    }
}

fn at<'a>(record: &'a Value, path: &str) -> &'a Value {
    let one = |path: &str| path.split('.').try_fold(record, |value, name| value.get(name));
    path.split('|').find_map(|path| one(path).filter(|value| !value.is_null())).unwrap_or(&Value::Null)
}

/// A field as people read it.
fn text(path: &str, value: &Value) -> String {
    match value {
        Value::Null if NEVER.contains(&path) => "never".to_owned(),
        Value::Null => NOTHING.to_owned(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::String(text) if path == "at" || path.ends_with("_at") => moment(text),
        Value::String(text) => printable(text),
        Value::Array(members) if members.is_empty() => NOTHING.to_owned(),
        Value::Array(members) => {
            let members: Vec<_> = members.iter().map(text_of_member).collect();
            members.join(", ")
        }
        Value::Object(members) if members.is_empty() => NOTHING.to_owned(),
        other => printable(&other.to_string()),
    }
}

fn text_of_member(member: &Value) -> String {
    match member {
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

/// `2030-01-31T12:00:00.123456Z` without its fraction.
fn moment(text: &str) -> String {
    let seconds = text.split(['.', 'Z']).next().unwrap_or(text);
    printable(&format!("{}Z", seconds.replace('T', " ")))
}

/// Names and user agents come from strangers: nothing in them may steer the terminal.
pub fn printable(text: &str) -> String {
    let steers = |character: char| {
        character.is_control()
            || matches!(character, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = |character: char| match steers(character) {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_readable() {
        for (path, value, shown) in [
            ("active", json!(true), "yes"),
            ("models", json!([]), "-"),
            ("models", json!(["a", "b"]), "a, b"),
            ("record_ids", json!([1, 2]), "1, 2"),
            ("email", json!(null), "-"),
            ("expires_at", json!(null), "never"),
            ("created_at", json!("2030-01-31T12:00:00.5Z"), "2030-01-31 12:00:00Z"),
            ("at", json!("2030-01-31T12:00:00Z"), "2030-01-31 12:00:00Z"),
            ("name", json!("2030-01-31T12:00:00Z"), "2030-01-31T12:00:00Z"),
        ] {
            assert_eq!(text(path, &value), shown, "{path}");
        }
    }

    #[test]
    fn a_strangers_text_does_not_steer_the_terminal() {
        assert_eq!(text("user_agent", &json!("a\u{1b}[2Jb\nc\u{202e}\u{61c}")), "a\\u{1b}[2Jb\\u{a}c\\u{202e}\\u{61c}");
        assert_eq!(text("list", &json!(["\u{7}"])), "\\u{7}");
    }

    #[test]
    fn a_column_shows_the_first_field_that_is_there() {
        let record = json!({"key_id": null, "user": {"id": "u"}});
        for (path, value) in [("user.id", json!("u")), ("key_id|user.id|at", json!("u")), ("key_id|at", json!(null))] {
            assert_eq!(*at(&record, path), value, "{path}");
        }
    }

    #[test]
    fn a_records_fields_are_named_by_their_paths() {
        let mut fields = Vec::new();
        flatten("", &json!({"a": {"b": 1, "c": {}}, "d": [2]}), &mut fields);
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(fields, ["a.b=1", "a.c=-", "d=2"]);
    }
}
