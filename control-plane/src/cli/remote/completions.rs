//! `lictor completions`

use clap::Args;
use clap_complete::Shell;

use crate::cli::terminal::failure::Result;

/// Print what makes a shell complete this command line.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// `command` is the whole command line.
pub(crate) fn run(completions: Completions, mut command: clap::Command) -> Result<()> {
    use std::io::Write as _;
    // Into memory first: the generator panics when the reader of standard output is gone.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut command, "lictor", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    Ok(out.flush()?)
}
