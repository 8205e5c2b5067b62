//! `lictor completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::options::Config;
use crate::cli::terminal::failure::Result;

/// Print what makes a shell complete this command line.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(completions: Completions) -> Result<()> {
    use std::io::Write as _;
    // Into memory first: the generator panics when the reader of standard output is gone.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Config::command(), "lictor", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    Ok(out.flush()?)
}
