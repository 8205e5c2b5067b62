//! `lictor gate`

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use crate::cli::remote::client::{Client, Condition};
use crate::cli::remote::{Limit, id_of};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 6] = [
    ("NAME", "name"),
    ("CONNECTED", "connected"),
    ("REVISION", "revision"),
    ("LAST SEEN", "last_seen_at"),
    ("REVOKED", "revoked_at"),
    ("ID", "id"),
];

/// Commands on gates. GATE is an id or a name.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all, and which policy each runs.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// An id or a name.
        gate: String,
    },
    /// Make an identity. Its token alone is printed to standard output, this once.
    Create {
        /// A name for people.
        name: String,
    },
    /// Give it another token.
    Rotate {
        /// An id or a name.
        gate: String,
        /// How long the token before stays good.
        #[arg(long, default_value = "0")]
        overlap_seconds: u32,
        #[command(flatten)]
        consent: Consent,
    },
    /// Refuse its tokens from now on, until it is given another one.
    Revoke {
        /// An id or a name.
        gate: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete it with its tokens.
    Delete {
        /// An id or a name.
        gate: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("gates", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { gate } => print::record(client.output, &client.get(&path(client, &gate).await?).await?.json),
        Command::Create { name } => {
            print::secret(client.output, &client.post("gates", &json!({"name": name})).await?.json, "token")
        }
        Command::Rotate { gate, overlap_seconds, consent } => {
            let path = path(client, &gate).await?;
            consent
                .ask(&format!("The token of gate {gate} is refused after {overlap_seconds} s. Give it another one?"))?;
            let made = client.post(&format!("{path}/rotate"), &json!({"overlap_seconds": overlap_seconds})).await?;
            print::secret(client.output, &made.json, "token")
        }
        Command::Revoke { gate, consent } => {
            let path = path(client, &gate).await?;
            consent.ask(&format!("The gate refuses all calls once its policy is too old. Revoke gate {gate}?"))?;
            let revoked = client.send(Method::POST, &format!("{path}/revoke"), None, &Condition::Any).await?;
            print::record(client.output, &revoked.json)
        }
        Command::Delete { gate, consent } => {
            let path = path(client, &gate).await?;
            client
                .delete(
                    &path,
                    consent,
                    &format!("The gate refuses all calls once its policy is too old. Delete gate {gate}?"),
                )
                .await
        }
    }
}

async fn path(client: &Client, gate: &str) -> Result<String> {
    Ok(format!("gates/{}", id_of(client, "gates", "gate", &["name"], gate).await?))
}
