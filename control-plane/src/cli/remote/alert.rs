//! `lictor alert`

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, key};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column, Output};

const COLUMNS: [Column; 8] = [
    ("ID", "id"),
    ("TYPE", "type"),
    ("SEVERITY", "severity"),
    ("STATE", "state"),
    ("COUNT", "count"),
    ("FIRST", "first_at"),
    ("LAST", "last_at"),
    ("ABOUT", "key_id|client_ip|user_id|gate"),
];

/// Commands on alerts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show them, the one that opened last first.
    List {
        /// Only in this state: open or resolved.
        #[arg(long)]
        state: Option<String>,
        /// Only of this type, such as permission_denied.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only with this severity: low, medium, high or critical.
        #[arg(long)]
        severity: Option<String>,
        /// Only about this key: an id or a prefix.
        #[arg(long)]
        key: Option<String>,
        /// Only those that went on at or after this day or moment.
        #[arg(long)]
        from: Option<String>,
        /// Only those that began before this day or moment.
        #[arg(long)]
        to: Option<String>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one with all that was done and said.
    Show {
        /// The id of the alert.
        id: String,
    },
    /// Say how one was dealt with. A repeat opens another.
    Resolve {
        /// The id of the alert.
        id: String,
        /// How.
        #[arg(long)]
        note: String,
    },
    /// Open one again.
    Reopen {
        /// The id of the alert.
        id: String,
    },
    /// Say something about one.
    Comment {
        /// The id of the alert.
        id: String,
        /// The text.
        text: String,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    let alert = match command {
        Command::List { state, kind, severity, key, from, to, limit } => {
            let key = match key {
                Some(key) => Some(key::id(client, &key).await?),
                None => None,
            };
            let filters =
                [("state", state), ("type", kind), ("severity", severity), ("key_id", key), ("from", from), ("to", to)];
            let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            return print::list(client.output, client.list("alerts", &query, limit.records()).await?, &COLUMNS);
        }
        Command::Show { id } => client.get(&path(&id)).await?,
        Command::Resolve { id, note } => client.post(&format!("{}/resolve", path(&id)), &json!({"note": note})).await?,
        Command::Reopen { id } => {
            client.send(Method::POST, &format!("{}/reopen", path(&id)), None, &Condition::Any).await?
        }
        Command::Comment { id, text } => {
            client.post(&format!("{}/comments", path(&id)), &json!({"text": text})).await?
        }
    };
    show(client.output, alert.json)
}

/// The alert, and under it what was done, an entry a line.
fn show(output: Output, mut alert: Value) -> Result<()> {
    if output == Output::Json {
        return print::document(&alert);
    }
    let history = alert.as_object_mut().and_then(|fields| {
        fields.remove("comments");
        fields.remove("history")
    });
    print::record(output, &alert)?;
    let entries = history.as_ref().and_then(Value::as_array).into_iter().flatten();
    print::rows(entries, &[("AT", "at"), ("WHO", "actor"), ("DID", "action"), ("AND SAID", "text")])
}

fn path(id: &str) -> String {
    format!("alerts/{}", encoded(id))
}
