//! `cargo xtask odoo-tables`: the tables in policy/src/odoo/tables; tests/odoo-tables reads Odoo, computes and compares them.

use std::process::Command;

use anyhow::Result;
use clap::Args;
use lictor_xtask::project::Project;
use lictor_xtask::{python, run};

/// What is handed on.
#[derive(Args)]
pub(crate) struct Options {
    /// check, write, read or install; `--help` after `--` tells more.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the program on the machine's own Python; it gets Odoo's for what only that can read.
pub(crate) fn odoo_tables(project: &Project, options: &Options) -> Result<()> {
    let tests = project.root.join("tests");
    let mut python = Command::new(python::python()?);
    python.current_dir(&project.root).arg(tests.join("odoo-tables")).args(&options.arguments);
    python.env("PYTHONPATH", tests.join("e2e"));
    run::run(&mut python)
}
