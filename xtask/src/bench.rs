//! `cargo xtask bench`: what the filter costs a call; tests/bench measures.

use std::process::Command;

use anyhow::Result;
use clap::Args;
use lictor_xtask::native;
use lictor_xtask::project::{self, Project};
use lictor_xtask::run;

/// What is handed on.
#[derive(Args)]
pub(crate) struct Options {
    /// How long and how hard is measured; `--help` after `--` tells more.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the benchmark as the filter is built, as it has services that do the filter's work, and lets it measure.
pub(crate) fn bench(project: &Project, options: &Options) -> Result<()> {
    let mut cargo = project::cargo();
    cargo.current_dir(&project.root).args(["build", "--locked", "--package", "lictor-bench"]);
    cargo.args(["--profile", native::PROFILE]).arg("--target-dir").arg(&project.target);
    run::run(&mut cargo)?;
    let bench = project.target.join(native::PROFILE).join("lictor-bench");
    run::run(Command::new(bench).arg("measure").args(&options.arguments))
}
