//! `cargo xtask …`: the project's own commands. Each installs what it needs and says what it does.

mod bench;
mod control_plane;
mod debian;
mod down;
mod envoy_binary;
mod envoy_config;
mod foreground;
mod greeting;
mod network;
mod odoo_url;
mod process;
mod project;
mod python;
mod rest;
mod run;
mod scale;
mod seed;
mod state;
mod test;
mod tidy;
mod up;
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::odoo_url::OdooUrl;
use crate::project::Project;

/// Lictor's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the filter for Envoy and prints where it is.
    Wasm,
    /// Builds everything and runs a gate on this machine.
    Up(Up),
    /// Stops what `up` started, and nothing else.
    Down {
        /// The state folder that was given to `up`.
        #[arg(long, default_value = state::DEFAULT)]
        state: PathBuf,
    },
    /// Runs the checks and tests: all, or those named.
    Test {
        /// What to run; everything if none is named.
        parts: Vec<test::Part>,
    },
    /// Measures what the filter costs, beside what the alternatives cost.
    Bench(bench::Options),
    /// Measures how far the control plane scales: keys, audit events a second, rows of the audit log.
    Scale(scale::Options),
    /// Checks the invariants that docs/ARCHITECTURE.md names.
    Tidy,
}

/// What `up` can be told.
#[derive(Args)]
struct Up {
    /// The Odoo to guard, such as https://odoo.example.com; a small stand-in is started if none is given.
    #[arg(long, value_name = "URL")]
    odoo: Option<OdooUrl>,
    /// Where the database, the logs and up.json are kept; may be a folder of an earlier run.
    #[arg(long, value_name = "DIR", default_value = state::DEFAULT)]
    state: PathBuf,
    /// The control plane's database, such as postgres://…; a SQLite file in the state folder if none is given.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The port on 127.0.0.1 for API clients.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    gate_port: u16,
    /// The port on 127.0.0.1 of the control plane's REST API.
    #[arg(long, value_name = "N", default_value_t = 8070)]
    api_port: u16,
    /// Envoy's worker threads; one for each processor if not given.
    #[arg(long, value_name = "N")]
    concurrency: Option<u16>,
    /// Returns once everything runs, instead of staying until Ctrl-C.
    #[arg(long)]
    detach: bool,
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    let project = Project::find()?;
    match command {
        Command::Wasm => {
            let built = wasm::build(&project)?;
            println!("{} ({} bytes)", built.path.display(), built.bytes);
            Ok(())
        }
        Command::Up(options) => up::up(&project, &options),
        Command::Down { state } => down::down(&state),
        Command::Test { parts } => test::test(&project, &parts),
        Command::Bench(options) => bench::bench(&project, &options),
        Command::Scale(options) => scale::scale(&project, &options),
        Command::Tidy => tidy::tidy(&project),
    }
}
