//! `lictor account`

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

use super::ask::Consent;
use super::client::{Client, Condition};
use super::failure::Result;
use super::print::{self, Column};
use super::{Limit, body, changes, id_of};

const COLUMNS: [Column; 5] =
    [("NAME", "name"), ("ROLE", "role"), ("ACTIVE", "active"), ("CREATED", "created_at"), ("ID", "id")];

/// What to do with accounts. ACCOUNT is an id or a name.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// An id or a name.
        account: String,
    },
    /// Make one; it gets in with a token of `lictor token create`.
    Create {
        /// A name.
        name: String,
        /// What it may do: user, manager or admin.
        #[arg(long)]
        role: String,
    },
    /// Change one; what is left out stays.
    Update {
        /// An id or a name.
        account: String,
        /// A name.
        #[arg(long)]
        name: Option<String>,
        /// What it may do: user, manager or admin.
        #[arg(long)]
        role: Option<String>,
        /// Whether it may get in.
        #[arg(long)]
        active: Option<bool>,
    },
    /// Delete one with its tokens.
    Delete {
        /// An id or a name.
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("accounts", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { account } => {
            print::record(client.output, &client.get(&path(client, &account).await?).await?.json)
        }
        Command::Create { name, role } => {
            print::record(client.output, &client.post("accounts", &json!({"name": name, "role": role})).await?.json)
        }
        Command::Update { account, name, role, active } => {
            let fields =
                [("name", name.map(Value::from)), ("role", role.map(Value::from)), ("active", active.map(Value::from))];
            let patch = changes(body(fields))?;
            let path = path(client, &account).await?;
            let updated = client.send(Method::PATCH, &path, Some(&patch), &Condition::Any).await?;
            print::record(client.output, &updated.json)
        }
        Command::Delete { account, consent } => {
            let path = path(client, &account).await?;
            consent.ask(&format!("Delete account {account} and its tokens?"))?;
            client.send(Method::DELETE, &path, None, &Condition::Any).await?;
            print::done(client.output, "Deleted.")
        }
    }
}

async fn path(client: &Client, account: &str) -> Result<String> {
    Ok(format!("accounts/{}", id(client, account).await?))
}

/// The id of the account with an id or a name.
pub(super) async fn id(client: &Client, account: &str) -> Result<String> {
    id_of(client, "accounts", "account", &["name"], account).await
}
