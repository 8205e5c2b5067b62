//! `cargo xtask scale`: how far the control plane goes, as it is shipped; tests/scale measures.

use std::env;
use std::process::Command;

use anyhow::Result;
use clap::Args;
use lictor_xtask::project::{Optimised, Project};
use lictor_xtask::{control_plane, envoy_binary, python, run, wasm};

/// What is handed on.
#[derive(Args)]
pub(crate) struct Options {
    /// What is measured and how much of it; `--help` after `--` tells more.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds what is measured, and measures.
pub(crate) fn scale(project: &Project, options: &Options) -> Result<()> {
    let lictor = control_plane::build(project, Optimised(true))?;
    let filter = wasm::build(project)?;
    let envoy = envoy_binary::find(project)?;
    let tests = project.root.join("tests");
    let mut python = Command::new(python::python()?);
    python.current_dir(&project.root).args(["-m", "scale"]).args(&options.arguments);
    python.env("PYTHONPATH", env::join_paths([tests.join("e2e"), tests])?);
    python.env("LICTOR", lictor).env("LICTOR_FILTER", filter.path).env("ENVOY", envoy);
    run::run(&mut python)
}
