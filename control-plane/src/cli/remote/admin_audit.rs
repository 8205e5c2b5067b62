//! `lictor admin-audit`

use clap::Args;

use crate::cli::remote::Limit;
use crate::cli::remote::client::Client;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 4] = [("AT", "at"), ("ACTION", "action"), ("OBJECT", "object"), ("ACTOR", "actor")];

/// Show what administrators did, newest first.
#[derive(Debug, Args)]
pub struct AdminAudit {
    /// Only of this one: the id of an account, `system` or `nobody`.
    #[arg(long)]
    actor: Option<String>,
    /// Only this, such as key.create.
    #[arg(long)]
    action: Option<String>,
    /// Only to the record with this id.
    #[arg(long)]
    object: Option<String>,
    /// From this day or moment on.
    #[arg(long)]
    from: Option<String>,
    /// Up to this day or moment, without it.
    #[arg(long)]
    to: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

pub(crate) async fn run(client: &Client, wanted: AdminAudit) -> Result<()> {
    let filters = [
        ("actor", wanted.actor),
        ("action", wanted.action),
        ("object", wanted.object),
        ("from", wanted.from),
        ("to", wanted.to),
    ];
    let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    print::list(client.output, client.list("admin-audit", &query, wanted.limit.records()).await?, &COLUMNS)
}
