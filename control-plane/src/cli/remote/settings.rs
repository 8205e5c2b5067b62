//! `lictor settings`

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::remote::Unknown;
use crate::cli::remote::client::Client;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print;

/// Commands on the settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    Show,
    /// Change some; the others stay.
    Set {
        /// A setting by its path and its value in YAML, such as rate_limit.enabled=true or ip_allow_list=[10.0.0.0/8].
        #[arg(required = true, value_name = "SETTING=VALUE", value_parser = assignment)]
        assignments: Vec<(String, Value)>,
        #[command(flatten)]
        unknown: Unknown,
    },
}

fn assignment(text: &str) -> Result<(String, Value), String> {
    let (path, value) = text.split_once('=').ok_or("give a setting and its value, such as sessions.limit=5")?;
    let value = serde_yaml_ng::from_str(value).map_err(|error| error.to_string())?;
    Ok((path.to_owned(), value))
}

/// `{"a": {"b": 1}}` of `a.b=1`; a later assignment of the same setting wins.
pub(crate) fn patch(assignments: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut patch = json!({});
    for (path, value) in assignments {
        let nested = path.rsplit('.').fold(value, |value, name| json!({name: value}));
        merge(&mut patch, nested);
    }
    patch
}

fn merge(target: &mut Value, other: Value) {
    match (target, other) {
        (Value::Object(target), Value::Object(other)) => {
            for (name, value) in other {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, other) => *target = other,
    }
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::Show => print::record(client.output, &client.get("settings").await?.json),
        Command::Set { assignments, unknown } => {
            let state = client.state("settings").await?;
            let path = unknown.path("settings");
            let settings = client.send(Method::PATCH, &path, Some(&patch(assignments)), &state).await?;
            print::record(client.output, &settings.json)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_become_one_patch() {
        let given = ["sessions.limit=5", "sessions.enabled=true", "ip_allow_list=[10.0.0.0/8]", "enforcement=off"];
        let assignments = given.iter().map(|text| assignment(text).unwrap());
        let expected = json!({"sessions": {"limit": 5, "enabled": true}, "ip_allow_list": ["10.0.0.0/8"],
            "enforcement": "off"});
        assert_eq!(patch(assignments), expected);
        assert!(assignment("sessions.limit").is_err());
        assert!(assignment("a=[").is_err());
    }
}
