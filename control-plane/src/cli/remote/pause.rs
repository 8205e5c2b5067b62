//! `lictor pause`

use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, body, user};
use crate::cli::terminal::failure::{Failure, Result};
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("SCOPE", "scope"),
    ("TARGET", "target"),
    ("REASON", "reason"),
    ("SINCE", "created_at"),
    ("BY", "created_by"),
];

/// Commands on pauses.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stop calls: they are refused until the pause is removed.
    Add {
        /// Which calls.
        #[arg(value_enum)]
        scope: Scope,
        /// The user (an id, a mail address or a name), or Odoo's name of the model.
        target: Option<String>,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Let the calls pass again.
    Remove {
        /// The id of the pause.
        id: String,
    },
}

/// Which calls are stopped.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scope {
    /// All.
    All,
    /// Calls of one user.
    User,
    /// Calls on one model.
    Model,
    /// All that do more than read.
    Writes,
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::Add { scope, target, reason } => {
            let (name, target) = match (scope, target) {
                (Scope::All, None) => ("all", None),
                (Scope::Writes, None) => ("writes", None),
                (Scope::User, Some(user)) => ("user", Some(user::id(client, &user).await?)),
                (Scope::Model, Some(model)) => ("model", Some(model)),
                (Scope::User | Scope::Model, None) => {
                    return Err(Failure::usage("Name the user or the model as well."));
                }
                (Scope::All | Scope::Writes, Some(_)) => {
                    return Err(Failure::usage("Leave the target out: this scope has none."));
                }
            };
            let pause =
                body([("scope", Some(json!(name))), ("id", target.map(Value::from)), ("reason", Some(json!(reason)))]);
            print::record(client.output, &client.post("pauses", &pause).await?.json)
        }
        Command::List { limit } => {
            print::list(client.output, client.list("pauses", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Remove { id } => {
            client.send(Method::DELETE, &format!("pauses/{}", encoded(&id)), None, &Condition::Any).await?;
            print::done(client.output, "Removed: what it covered may pass again.")
        }
    }
}
