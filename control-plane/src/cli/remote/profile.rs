//! `lictor profile`

use axum::http::Method;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::cli::remote::Limit;
use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};
use crate::domain::template::Template;

const COLUMNS: [Column; 2] = [("NAME", "name"), ("DESCRIPTION", "description")];

/// Commands on profiles. `lictor permission` with `--profile` says what each allows.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// Its name.
        profile: String,
    },
    /// Make one.
    Create {
        /// Its name: a-z, 0-9 and -, such as sales-assistant.
        profile: String,
        /// For people: whom it is for.
        #[arg(long)]
        description: Option<String>,
        /// What it allows to begin with; left out: nothing.
        #[arg(long, value_parser = PossibleValuesParser::new(Template::ALL.map(Template::name)))]
        template: Option<String>,
    },
    /// Say anew whom one is for.
    Update {
        /// Its name.
        profile: String,
        /// For people: whom it is for.
        #[arg(long)]
        description: String,
    },
    /// Delete one that no key names, with its permissions.
    Delete {
        /// Its name.
        profile: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("profiles", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { profile } => print::record(client.output, &client.get(&path(&profile)).await?.json),
        Command::Create { profile, description, template } => {
            let body = json!({"name": profile, "description": description, "template": template});
            let made = client.send(Method::POST, "profiles", Some(&body), &Condition::Any).await?;
            print::record(client.output, &made.json)
        }
        Command::Update { profile, description } => {
            let path = path(&profile);
            let state = client.state(&path).await?;
            let body = json!({"description": description});
            print::record(client.output, &client.send(Method::PATCH, &path, Some(&body), &state).await?.json)
        }
        Command::Delete { profile, consent } => {
            let path = path(&profile);
            client.delete(&path, consent, &format!("Delete the profile {profile} with all its permissions?")).await
        }
    }
}

fn path(profile: &str) -> String {
    format!("profiles/{}", encoded(profile))
}
