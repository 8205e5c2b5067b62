//! `lictor outbox`

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, body, id_of};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 8] = [
    ("ID", "id"),
    ("KIND", "kind"),
    ("CHANNEL", "channel"),
    ("TO", "recipient"),
    ("STATE", "state"),
    ("TRIES", "attempts"),
    ("WRITTEN", "created_at"),
    ("WHY", "last_error"),
];

/// Commands on messages.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show them, the newest first.
    List {
        /// Only in this state, such as waiting or failed.
        #[arg(long)]
        state: Option<String>,
        /// Only of this kind, such as alert.
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// The id of the message.
        id: String,
    },
    /// Show whether mail can be sent, and what waits.
    Status,
    /// Send one again.
    Resend {
        /// The id of the message.
        id: String,
    },
    /// Send a test message, once, and say what became of it.
    Test(Place),
}

/// Where a test goes.
#[derive(Debug, Args)]
#[group(required = true)]
pub struct Place {
    /// To this address.
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// To this webhook: an id or a name.
    #[arg(long)]
    webhook: Option<String>,
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    let answer = match command {
        Command::List { state, kind, limit } => {
            let query = [("state", state), ("kind", kind)];
            let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            return print::list(client.output, client.list("outbox", &query, limit.records()).await?, &COLUMNS);
        }
        Command::Show { id } => client.get(&format!("outbox/{}", encoded(&id))).await?,
        Command::Status => client.get("outbox/status").await?,
        Command::Resend { id } => {
            let path = format!("outbox/{}/resend", encoded(&id));
            client.send(Method::POST, &path, None, &Condition::Any).await?
        }
        Command::Test(Place { mail, webhook }) => {
            let webhook = match webhook {
                Some(name) => Some(json!(id_of(client, "webhooks", "webhook", &["name"], &name).await?)),
                None => None,
            };
            client.post("outbox/test", &body([("mail", mail.map(Value::from)), ("webhook", webhook)])).await?
        }
    };
    print::record(client.output, &answer.json)
}
