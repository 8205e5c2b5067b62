//! `lictor account`

use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand};
use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::cli::remote::client::Client;
use crate::cli::remote::{Limit, body, changes, id_of};
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 6] = [
    ("NAME", "name"),
    ("ROLE", "role"),
    ("ACTIVE", "active"),
    ("PASSWORD", "has_password"),
    ("CREATED", "created_at"),
    ("ID", "id"),
];

/// Commands on accounts. ACCOUNT is an id or a name.
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
    /// Make one; it gets in with a token or a password.
    Create {
        /// A name.
        name: String,
        /// The role: user, manager or admin.
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
        /// The role: user, manager or admin.
        #[arg(long)]
        role: Option<String>,
        /// Whether it may get in.
        #[arg(long)]
        active: Option<bool>,
    },
    /// Give one a password, to sign in with, or take it away.
    Password {
        /// An id or a name.
        account: String,
        #[command(flatten)]
        password: Place,
    },
    /// Delete one with its tokens.
    Delete {
        /// An id or a name.
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Where the password is. Not a flag: every user of the machine can read those.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// The environment variable that holds it.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// The file that holds it.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Take it away.
    #[arg(long)]
    none: bool,
}

impl Place {
    fn read(&self) -> Result<Option<Secret>> {
        let source = SecretSource::named(self.password_env.as_ref(), self.password_file.as_ref());
        source.as_ref().map(SecretSource::required).transpose()
    }
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
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
            let updated = client.patch(&path, &patch).await?;
            print::record(client.output, &updated.json)
        }
        Command::Password { account, password } => {
            let account = path(client, &account).await?;
            let body = password.read()?.map(|password| json!({"password": password}));
            let method = if body.is_some() { Method::PUT } else { Method::DELETE };
            let state = client.state(&account).await?;
            let changed = client.send(method, &format!("{account}/password"), body.as_ref(), &state).await?;
            match changed.json {
                Value::Null => print::done(client.output, "Done."),
                account => print::record(client.output, &account),
            }
        }
        Command::Delete { account, consent } => {
            let path = path(client, &account).await?;
            client.delete(&path, consent, &format!("Delete account {account} and its tokens?")).await
        }
    }
}

async fn path(client: &Client, account: &str) -> Result<String> {
    Ok(format!("accounts/{}", id(client, account).await?))
}

/// The id of the account with an id or a name.
pub(crate) async fn id(client: &Client, account: &str) -> Result<String> {
    id_of(client, "accounts", "account", &["name"], account).await
}
