//! `lictor token`

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, account, body, key};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 6] = [
    ("NAME", "name"),
    ("ROLE", "role"),
    ("CREATED", "created_at"),
    ("EXPIRES", "expires_at"),
    ("ID", "id"),
    ("ACCOUNT", "account_id"),
];

/// Commands on API tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Make one. It alone is printed to standard output, this once.
    Create {
        /// Whose it is: the id or the name of an account.
        #[arg(long)]
        account: String,
        /// A name for people.
        #[arg(long)]
        name: String,
        /// The role: user, manager or admin, and not more than its account's.
        #[arg(long)]
        role: String,
        /// A day or a moment from which on it is refused; `never` for none.
        #[arg(long, value_parser = key::moment_or_never, value_name = "WHEN")]
        expires_at: Option<Value>,
    },
    /// Delete one: it is refused from now on.
    Delete {
        /// The id of the token.
        id: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("tokens", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Create { account, name, role, expires_at } => {
            let token = body([
                ("account_id", Some(json!(account::id(client, &account).await?))),
                ("name", Some(json!(name))),
                ("role", Some(json!(role))),
                ("expires_at", expires_at),
            ]);
            print::secret(client.output, &client.post("tokens", &token).await?.json, "token")
        }
        Command::Delete { id, consent } => {
            consent.ask(&format!("Delete token {id}?"))?;
            client.send(Method::DELETE, &format!("tokens/{}", encoded(&id)), None, &Condition::Any).await?;
            print::done(client.output, "Deleted.")
        }
    }
}
