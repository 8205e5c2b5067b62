//! `lictor job`

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use crate::cli::remote::Limit;
use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 7] = [
    ("JOB", "name"),
    ("CRON", "cron"),
    ("NEXT RUN", "next_run_at"),
    ("RUNNING", "running"),
    ("LAST ENDED", "last_ended_at"),
    ("OUTCOME", "last_outcome"),
    ("WHY", "last_message"),
];

/// Commands on jobs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all, when they run and how that went.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// Its name.
        job: String,
    },
    /// Run one now.
    Run {
        /// Its name.
        job: String,
    },
    /// Say when one runs.
    Schedule {
        /// Its name.
        job: String,
        /// A cron expression in UTC, such as '30 2 * * *'.
        cron: String,
    },
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("jobs", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { job } => print::record(client.output, &client.get(&path(&job)).await?.json),
        Command::Run { job } => {
            let run = client.send(Method::POST, &format!("{}/run", path(&job)), None, &Condition::Any).await?;
            print::record(client.output, &run.json)
        }
        Command::Schedule { job, cron } => {
            let patch = json!({"cron": cron});
            let job = client.patch(&path(&job), &patch).await?;
            print::record(client.output, &job.json)
        }
    }
}

fn path(job: &str) -> String {
    format!("jobs/{}", encoded(job))
}
