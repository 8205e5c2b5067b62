//! `lictor webhook`

use clap::Subcommand;
use serde_json::Value;

use crate::cli::remote::client::Client;
use crate::cli::remote::{Limit, body, changes, id_of};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 5] =
    [("NAME", "name"), ("URL", "url"), ("FROM SEVERITY", "from_severity"), ("CREATED", "created_at"), ("ID", "id")];

/// Commands on webhooks. WEBHOOK is an id or a name.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Make one. The secret that it checks signatures with is alone on standard output, this once.
    Create {
        /// A name for people.
        name: String,
        /// The URL that messages go to.
        address: String,
        /// Only alerts as bad as this: low, medium, high or critical.
        #[arg(long)]
        from_severity: Option<String>,
    },
    /// Change one; what is left out stays.
    Update {
        /// An id or a name.
        webhook: String,
        /// A name for people.
        #[arg(long)]
        name: Option<String>,
        /// The URL that messages go to.
        #[arg(long, value_name = "URL")]
        address: Option<String>,
        /// Only alerts as bad as this: low, medium, high or critical.
        #[arg(long)]
        from_severity: Option<String>,
    },
    /// Delete one.
    Delete {
        /// An id or a name.
        webhook: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    let fields = |name: Option<String>, url: Option<String>, from_severity: Option<String>| {
        let text = |text: Option<String>| text.map(Value::from);
        body([("name", text(name)), ("url", text(url)), ("from_severity", text(from_severity))])
    };
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("webhooks", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Create { name, address, from_severity } => {
            let made = client.post("webhooks", &fields(Some(name), Some(address), from_severity)).await?;
            print::secret(client.output, &made.json, "secret")
        }
        Command::Update { webhook, name, address, from_severity } => {
            let patch = changes(fields(name, address, from_severity))?;
            let path = path(client, &webhook).await?;
            let updated = client.patch(&path, &patch).await?;
            print::record(client.output, &updated.json)
        }
        Command::Delete { webhook, consent } => {
            let path = path(client, &webhook).await?;
            client.delete(&path, consent, &format!("Delete webhook {webhook}?")).await
        }
    }
}

async fn path(client: &Client, webhook: &str) -> Result<String> {
    Ok(format!("webhooks/{}", id_of(client, "webhooks", "webhook", &["name"], webhook).await?))
}
