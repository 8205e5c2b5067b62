//! Asks before what cannot be taken back, but only people: a script says `--yes`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::cli::terminal::failure::{Exit, Failure, Result};

/// Whether to ask.
#[derive(Clone, Copy, Debug, Args)]
pub struct Consent {
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Consent {
    /// Returns if it is meant.
    pub fn ask(self, question: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let answer = line(&format!("{question} [y/N] "), "--yes")?;
        if matches!(answer.to_lowercase().as_str(), "y" | "yes") { Ok(()) } else { Err(declined()) }
    }
}

/// Reads a line from the terminal; `instead` is the option for those who cannot be asked.
pub fn line(question: &str, instead: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("There is no terminal to ask at: give {instead} if this is meant.")));
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::failed(format!("standard input: {error}")))?;
    Ok(answer.trim().to_owned())
}

/// Somebody said no.
pub fn declined() -> Failure {
    Failure::new(Exit::Refused, "Not confirmed: nothing was done.")
}
