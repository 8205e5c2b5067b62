//! The command line: parsed, and its command run.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::cli::options::{Backup, Init, Logging, Restore, RotateMasterKey, Serve, Storage};
use crate::cli::remote::{self, Noun};
use crate::cli::terminal::print;
use crate::cli::{database, docs, init, serve};

/// Lictor's control plane: keeps the policy of an Odoo's API and gives it to the gates.
#[derive(Debug, Parser)]
#[command(name = "lictor", version)]
pub struct Config {
    /// The log.
    #[command(flatten)]
    pub logging: Logging,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the database and the first administrator, and print the token.
    Init(Init),
    /// Serve the REST API and the gates.
    Serve(Serve),
    /// Copy a SQLite database to a new file, also while the service runs.
    Backup(Backup),
    /// Put a copy in the place of a SQLite database; or, with --adopt, finish what pg_restore has put back.
    Restore(Restore),
    /// Seal everything in the database with another master key. Services that hold the old one end.
    RotateMasterKey(RotateMasterKey),
    /// Take all rows of the policy for right as they are now in the database, also those that were changed without Lictor.
    /// `lictor audit verify` names them: look at them first.
    AcceptRows(Storage),
    /// Commands that ask a running service.
    #[command(flatten)]
    Remote(Noun),
    /// Print a page of the documentation that is made from the code.
    #[command(hide = true)]
    Docs(Docs),
}

/// `lictor docs`
#[derive(Debug, Args)]
pub struct Docs {
    /// Which.
    #[arg(value_enum)]
    pub page: DocsPage,
}

/// A page that is made from the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DocsPage {
    /// The roles of each route.
    Roles,
    /// Every setting.
    Settings,
}

/// Does what the command line says.
pub async fn run() -> ExitCode {
    let config = Config::parse();
    tracing_subscriber::fmt().with_max_level(config.logging.log).with_writer(std::io::stderr).with_ansi(false).init();
    let done = match config.command {
        Command::Init(init) => init::run_init(init).await,
        Command::Serve(serve) => serve::run_serve(serve).await,
        Command::Backup(backup) => database::back_up(&backup.database.database_url, &backup.file).await,
        Command::Restore(restore) => database::run_restore(restore).await,
        Command::RotateMasterKey(rotation) => database::run_rotation(rotation).await,
        Command::AcceptRows(storage) => database::run_acceptance(storage).await,
        Command::Remote(noun) => return remote::run(noun, Config::command()).await.into(),
        Command::Docs(Docs { page: DocsPage::Roles }) => print::text_page(&docs::roles()),
        Command::Docs(Docs { page: DocsPage::Settings }) => print::text_page(&docs::settings()),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // One line that says what to do: a backtrace helps nobody who starts a service.
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn no_two_options_of_a_command_share_a_name() {
        crate::cli::args::Config::command().debug_assert();
    }
}
