//! `cargo xtask …`: the project's own commands. Each installs what it needs and says what it does.

mod bench;
mod containers;
mod down;
mod fuzz;
mod greeting;
mod odoo_tables;
mod release;
mod scale;
mod test;
mod tidy;
mod up;
mod upgrade;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use lictor_xtask::project::Project;
use lictor_xtask::{console, native, state, wasm};

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
    /// Builds the filter as a dynamic module of Envoy and prints where it is.
    Native {
        /// With bugs made on purpose, for a test.
        #[arg(long)]
        bugs: bool,
    },
    /// Builds the console, which the next build of the control plane has in it, and prints where it is.
    Console,
    /// Builds everything and runs a gate on this machine.
    Up(up::Options),
    /// Stops what `up` started, and nothing else.
    Down {
        /// The state folder that was given to `up`.
        #[arg(long, default_value = state::DEFAULT)]
        state: PathBuf,
    },
    /// Runs docker-compose.yml in containers, also where no registry of images is reached, and shows that it loses nothing.
    Containers(containers::Options),
    /// Runs the checks and tests: all, or those named.
    Test {
        /// What to run; everything if none is named.
        parts: Vec<test::Part>,
    },
    /// Measures what the filter costs, beside what the alternatives cost.
    Bench(bench::Options),
    /// Measures how far the control plane scales: keys, audit events a second, rows of the audit log.
    Scale(scale::Options),
    /// Feeds the readers of foreign bytes with inputs that nobody has thought of.
    Fuzz(fuzz::Options),
    /// Reads what Odoo's registry and source have, and writes or compares the tables of it in policy/src/odoo/tables.
    OdooTables(odoo_tables::Options),
    /// Makes what operators take: programs, images, lists of what is in them, checksums, where they come from.
    Release(release::Options),
    /// Tries a gate of this version at the control plane of the version before.
    Upgrade,
    /// Checks the invariants that docs/ARCHITECTURE.md names.
    Tidy,
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
        Command::Native { bugs } => {
            let built = if bugs { native::build_with_bugs(&project) } else { native::build(&project) };
            println!("{}", built?.display());
            Ok(())
        }
        Command::Console => {
            println!("{}", console::build(&project)?.display());
            Ok(())
        }
        Command::Up(options) => up::up(&project, &options),
        Command::Down { state } => down::down(&state),
        Command::Containers(options) => containers::containers(&project, &options),
        Command::Test { parts } => test::test(&project, &parts),
        Command::Bench(options) => bench::bench(&project, &options),
        Command::Scale(options) => scale::scale(&project, &options),
        Command::Fuzz(options) => fuzz::fuzz(&project, &options),
        Command::OdooTables(options) => odoo_tables::odoo_tables(&project, &options),
        Command::Release(options) => release::release(&project, &options),
        Command::Upgrade => upgrade::upgrade(&project),
        Command::Tidy => tidy::tidy(&project),
    }
}
