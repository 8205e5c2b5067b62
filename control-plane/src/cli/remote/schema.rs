//! `lictor schema`

use axum::http::Method;
use clap::Subcommand;
use serde_json::Value;

use crate::cli::remote::Limit;
use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column, Output};

const COLUMNS: [Column; 4] = [("MODEL", "model"), ("FIELDS", "fields"), ("VERSION", "version"), ("READ", "read_at")];
const FIELDS: [Column; 12] = [
    ("FIELD", "name"),
    ("TYPE", "type"),
    ("READ", "read"),
    ("WRITE", "write"),
    ("RELATION", "relation"),
    ("RELATED", "related"),
    ("STORED", "stored"),
    ("COMPUTED", "computed"),
    ("READ-ONLY", "readonly"),
    ("RESTRICTED", "restricted"),
    ("UNSANITIZED", "unsanitized"),
    ("SEEN BY", "seen_by"),
];
const CHANGES: [Column; 4] = [("AT", "at"), ("VERSION", "version"), ("MODEL", "model"), ("CHANGE", "change")];

/// Commands on what is known of Odoo's models.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the models that are known: those that permissions name, and those that these lead to.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show the fields of one: what the default opens to reading and to writing, and which sets of Odoo groups see each.
    Show {
        /// Odoo's name of the model, such as res.partner.
        model: String,
    },
    /// Show what changed, newest first.
    Changes {
        #[command(flatten)]
        limit: Limit,
    },
    /// Read the schema from Odoo now.
    Refresh,
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("schema", &[], limit.records()).await?, &COLUMNS)?;
            if client.output == Output::Text {
                let status = client.get("schema?limit=1").await?.json;
                print::note(&age(&status));
            }
            Ok(())
        }
        Command::Show { model } => {
            let model = client.get(&format!("schema/{}", encoded(&model))).await?.json;
            match (client.output, model.get("fields").and_then(Value::as_array)) {
                (Output::Text, Some(fields)) => print::rows(fields.iter(), &FIELDS),
                _ => print::record(client.output, &model),
            }
        }
        Command::Changes { limit } => {
            print::list(client.output, client.list("schema/changes", &[], limit.records()).await?, &CHANGES)
        }
        Command::Refresh => {
            let status = client.send(Method::POST, "schema/refresh", None, &Condition::Any).await?.json;
            print::record(client.output, &status)?;
            if client.output == Output::Text && status.get("reading") == Some(&Value::Bool(true)) {
                print::note("It is still being read; `lictor schema list` shows when that has ended.");
            }
            Ok(())
        }
    }
}

/// How old it is, and why it is not newer.
fn age(status: &Value) -> String {
    let number = |name: &str| status.get(name).and_then(Value::as_u64);
    let problem = status.get("problem").and_then(Value::as_str);
    let age = match number("age_seconds") {
        Some(seconds) => format!("Version {}, read {seconds} s ago.", number("version").unwrap_or_default()),
        None => "It was not read yet.".to_owned(),
    };
    problem.map_or(age.clone(), |problem| format!("{age} Last try: {}.", print::printable(problem)))
}
