//! Building and running the control plane.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::console;
use crate::odoo_url::OdooUrl;
use crate::project::{self, Optimised, Project};
use crate::rest;
use crate::run::{self, say};
use crate::same_bytes;
use crate::state::State;
use crate::wasm::RUSTC;

const PROGRAM: &str = "lictor";
/// The workspace's cargo profile for what operators get.
const SHIPPED: &str = "shipped";
/// The file in the state folder for the first administrator's token.
pub const ADMIN_TOKEN: &str = "admin-token";

/// Builds it with the console in it. Unoptimised takes a third of the time; its dependencies are optimised as the workspace
/// says.
pub fn build(project: &Project, how: Optimised) -> Result<PathBuf> {
    console::build(project)?;
    say("building the control plane");
    project.build_program(PROGRAM, how)
}

/// Builds it as it is given to operators: with the console, optimised, and without the names of this machine's folders.
pub fn build_to_ship(project: &Project) -> Result<PathBuf> {
    console::build(project)?;
    say("building the control plane to be shipped");
    let mut cargo = project::cargo();
    cargo.current_dir(&project.root).args(["build", "--locked", "--package", "lictor-control-plane", "--bin", PROGRAM]);
    cargo.args(["--profile", SHIPPED]).arg("--target-dir").arg(&project.target);
    same_bytes::without_folders(&mut cargo, project, Path::new(RUSTC))?;
    run::run(&mut cargo)?;
    Ok(project.target.join(SHIPPED).join(PROGRAM))
}

/// Its place in a local run.
pub struct ControlPlane {
    /// The program `lictor`.
    pub program: PathBuf,
    /// A file in the state folder if none.
    pub database_url: Option<String>,
    /// Of the REST API, on 127.0.0.1.
    pub api_port: u16,
    /// Of the gates' side, on 127.0.0.1.
    pub gate_port: u16,
}

impl ControlPlane {
    /// Makes the database and the first administrator on the first run, and returns that one's token on every run.
    pub fn init(&self, state: &State) -> Result<String> {
        if let Some(token) = state.read(ADMIN_TOKEN)? {
            return Ok(token);
        }
        let printed = run::output(self.command("init", state).args(["--output", "json", "--log", "error"]))?;
        let made: Value = serde_json::from_str(&printed).context("`lictor init` printed no JSON")?;
        let token = rest::text(&made, "token")?;
        state.write(ADMIN_TOKEN, &token)?;
        Ok(token)
    }

    /// The service, ready to be started.
    pub fn serve(&self, state: &State, odoo: &OdooUrl) -> Command {
        let mut command = self.command("serve", state);
        command.arg("--odoo-url").arg(odoo.to_string());
        command.arg("--listen").arg(format!("127.0.0.1:{}", self.api_port));
        command.arg("--gate-listen").arg(format!("127.0.0.1:{}", self.gate_port));
        command
    }

    fn command(&self, name: &str, state: &State) -> Command {
        let mut command = Command::new(&self.program);
        // A key in the environment would win over the file, and not be there for the next run.
        command.env_remove("LICTOR_MASTER_KEY").arg(name);
        let file = || format!("sqlite://{}", state.file(State::DATABASE).display());
        // Not on the command line, which others of this machine can read: it may hold a password.
        command.env("LICTOR_DATABASE_URL", self.database_url.clone().unwrap_or_else(file));
        command.arg("--master-key-file").arg(state.file("master-key"));
        command
    }
}
