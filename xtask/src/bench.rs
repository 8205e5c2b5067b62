//! `cargo xtask bench`: what the filter costs a call; tests/bench measures.

use std::process::Command;

use anyhow::Result;
use clap::Args;
use lictor_xtask::project::{Optimised, Project};
use lictor_xtask::run;

/// What is handed on.
#[derive(Args)]
pub(crate) struct Options {
    /// How long and how hard is measured; `--help` after `--` tells more.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the benchmark as fast as it can be, and lets it measure.
pub(crate) fn bench(project: &Project, options: &Options) -> Result<()> {
    let bench = project.build_program("lictor-bench", Optimised(true))?;
    run::run(Command::new(bench).arg("measure").args(&options.arguments))
}
