//! `lictor user`

use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand};
use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition};
use crate::cli::remote::{Limit, body, changes, id_of, unless_any};
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Failure, Result};
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 9] = [
    ("NAME", "name"),
    ("EMAIL", "email"),
    ("GROUPS", "groups"),
    ("DATABASE", "upstream.database"),
    ("LOGIN", "upstream.login"),
    ("UID", "upstream.uid"),
    ("PRIVILEGED", "privileged"),
    ("REFUSED", "refused"),
    ("ID", "id"),
];

/// Commands on users. USER is an id, a mail address or a name.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// An id, a mail address or a name.
        user: String,
    },
    /// Make one. Odoo is asked whose the credential is.
    Create {
        /// A name for people.
        #[arg(long)]
        name: String,
        /// The Odoo database.
        #[arg(long)]
        database: String,
        /// The Odoo login.
        #[arg(long)]
        login: String,
        #[command(flatten)]
        credential: Credential,
        #[command(flatten)]
        person: Person,
    },
    /// Change one; what is left out stays. Another login or database needs the secret.
    Update {
        /// An id, a mail address or a name.
        user: String,
        /// A name for people.
        #[arg(long)]
        name: Option<String>,
        /// The Odoo database.
        #[arg(long)]
        database: Option<String>,
        /// The Odoo login.
        #[arg(long)]
        login: Option<String>,
        #[command(flatten)]
        credential: Credential,
        #[command(flatten)]
        person: Person,
    },
    /// Try the stored credential at Odoo now.
    Check {
        /// An id, a mail address or a name.
        user: String,
    },
    /// Delete one that has no keys.
    Delete {
        /// An id, a mail address or a name.
        user: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// The person.
#[derive(Debug, Args)]
pub struct Person {
    /// Where mail about the keys goes.
    #[arg(long)]
    email: Option<String>,
    /// Lictor's own groups; `any` for none.
    #[arg(long, value_delimiter = ',', value_name = "GROUP,…")]
    groups: Option<Vec<String>>,
    /// Let it be an administrator of Odoo; `--privileged=false` takes that back.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    privileged: Option<bool>,
}

/// Where the Odoo password or API key is. Not a flag: every user of the machine can read those.
#[derive(Debug, Args)]
pub struct Credential {
    /// The environment variable that holds the Odoo password or API key.
    #[arg(long, value_name = "NAME", conflicts_with = "secret_file")]
    secret_env: Option<String>,
    /// The file that holds the Odoo password or API key.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Credential {
    fn read(&self) -> Result<Option<Secret>> {
        let source = SecretSource::named(self.secret_env.as_ref(), self.secret_file.as_ref());
        source.as_ref().map(SecretSource::required).transpose()
    }
}

fn fields(
    name: Option<String>,
    person: Person,
    database: Option<String>,
    login: Option<String>,
    credential: &Credential,
) -> Result<Value> {
    let upstream = body([
        ("database", database.map(Value::from)),
        ("login", login.map(Value::from)),
        ("secret", credential.read()?.map(|secret| json!(secret))),
    ]);
    Ok(body([
        ("name", name.map(Value::from)),
        ("email", person.email.map(Value::from)),
        ("groups", person.groups.map(unless_any)),
        ("privileged", person.privileged.map(Value::from)),
        ("upstream", changes(upstream).ok()),
    ]))
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("users", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { user } => print::record(client.output, &client.get(&path(client, &user).await?).await?.json),
        Command::Create { name, database, login, credential, person } => {
            if credential.secret_env.is_none() && credential.secret_file.is_none() {
                return Err(Failure::usage("Say where the Odoo secret is: give --secret-env or --secret-file."));
            }
            let given = fields(Some(name), person, Some(database), Some(login), &credential)?;
            print::record(client.output, &client.post("users", &given).await?.json)
        }
        Command::Update { user, name, database, login, credential, person } => {
            let patch = changes(fields(name, person, database, login, &credential)?)?;
            let path = path(client, &user).await?;
            let updated = client.patch(&path, &patch).await?;
            print::record(client.output, &updated.json)
        }
        Command::Check { user } => {
            let path = format!("{}/check", path(client, &user).await?);
            let checked = client.send(Method::POST, &path, None, &Condition::Any).await?;
            print::record(client.output, &checked.json)
        }
        Command::Delete { user, consent } => {
            let path = path(client, &user).await?;
            client.delete(&path, consent, &format!("Delete user {user}?")).await
        }
    }
}

async fn path(client: &Client, user: &str) -> Result<String> {
    Ok(format!("users/{}", id(client, user).await?))
}

/// The id of the user with an id, a mail address or a name.
pub(crate) async fn id(client: &Client, user: &str) -> Result<String> {
    id_of(client, "users", "user", &["email", "name"], user).await
}
