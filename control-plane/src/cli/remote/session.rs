//! `lictor session`

use axum::http::Method;
use clap::Subcommand;

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, key};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 8] = [
    ("ID", "id"),
    ("STATE", "state"),
    ("ADDRESS", "client_ip"),
    ("USER AGENT", "user_agent"),
    ("STARTED", "started_at"),
    ("LAST SEEN", "last_seen_at"),
    ("REQUESTS", "requests"),
    ("KEY", "key_id"),
];

/// Commands on sessions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show them, the one that started last first.
    List {
        /// Only of this key: an id or a prefix.
        #[arg(long)]
        key: Option<String>,
        /// Only from this address.
        #[arg(long)]
        ip: Option<String>,
        /// Only in this state, such as active.
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// The id of the session.
        id: String,
    },
    /// End one: its key is refused from its address until the session timeout has passed.
    Terminate {
        /// The id of the session.
        id: String,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { key, ip, state, limit } => {
            let mut query = Vec::new();
            if let Some(key) = key {
                query.push(("key_id", key::id(client, &key).await?));
            }
            query.extend(ip.map(|ip| ("client_ip", ip)));
            query.extend(state.map(|state| ("state", state)));
            print::list(client.output, client.list("sessions", &query, limit.records()).await?, &COLUMNS)
        }
        Command::Show { id } => {
            print::record(client.output, &client.get(&format!("sessions/{}", encoded(&id))).await?.json)
        }
        Command::Terminate { id } => {
            let path = format!("sessions/{}/terminate", encoded(&id));
            let ended = client.send(Method::POST, &path, None, &Condition::Any).await?;
            print::record(client.output, &ended.json)
        }
    }
}
