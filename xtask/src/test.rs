//! `cargo xtask test`: every check and test of the project, with what they need.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use lictor_xtask::project::{self, Optimised, Project};
use lictor_xtask::run::{self, on_path, say};
use lictor_xtask::{console, control_plane, debian, envoy_binary, native, python, wasm};

use crate::{fuzz, tidy};

/// Something to run; the order here is the order in which they run, what fails fastest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    /// Is the code formatted?
    Fmt,
    /// Does the console build? What is built after it has the console in it.
    Console,
    /// Are the project's rules kept?
    Tidy,
    /// The linter, with warnings as errors.
    Clippy,
    /// Unit, property and integration tests in Rust; the control plane's on SQLite and on PostgreSQL.
    Unit,
    /// The fuzz targets, each for 10 seconds.
    Fuzz,
    /// Does the filter build for Envoy?
    Wasm,
    /// Real Envoy, real Odoo, real PostgreSQL, in Python; the filter in Envoy's sandbox.
    E2e,
    /// What calls and their records rest on, with the filter in Envoy's own process.
    Native,
}

/// The end-to-end tests that are run with the filter in Envoy's own process too; `LICTOR_HOST=native` runs any of them so.
const NATIVE: [&str; 17] = [
    "test_audit.py",
    "test_bounds.py",
    "test_bugs.py",
    "test_ends_at_headers.py",
    "test_envoy_config.py",
    "test_first_call.py",
    "test_forwarded.py",
    "test_global_limits.py",
    "test_hostile.py",
    "test_limits.py",
    "test_metrics.py",
    "test_policy_push.py",
    "test_production.py",
    "test_records.py",
    "test_refusals.py",
    "test_reload.py",
    "test_roads.py",
];

/// Something that takes a while.
type Work = fn(&Project) -> Result<()>;

/// What is begun beside an earlier part, for a later one: npm, downloads and Odoo's first start mostly wait, and a large crate
/// and the linker have use for one processor only. Neither the filter nor a lint depends on the console.
const BESIDE: [(Part, Part, Work); 3] = [
    (Part::Console, Part::Wasm, |project| Part::Wasm.run(project)),
    (Part::Console, Part::Clippy, |project| Part::Clippy.run(project)),
    (Part::Tidy, Part::E2e, |project| prepare(project).map(drop)),
];

/// Runs the named parts, or all, until one fails.
pub(crate) fn test(project: &Project, named: &[Part]) -> Result<()> {
    let mut parts = if named.is_empty() { Part::value_variants().to_vec() } else { named.to_vec() };
    parts.sort_unstable();
    parts.dedup();
    let start = Instant::now();
    thread::scope(|scope| {
        let mut beside = BTreeMap::new();
        for part in &parts {
            let began = Instant::now();
            let name = part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            say(format!("test {name}"));
            for (_, later, begin) in BESIDE.iter().filter(|(of, later, _)| of == part && parts.contains(later)) {
                beside.insert(later, scope.spawn(|| begin(project)));
            }
            // So that nothing is done twice side by side. Whether it worked, this turn tells.
            if let Some(begun) = beside.remove(part) {
                drop(begun.join());
            }
            part.run(project).with_context(|| format!("cargo xtask test {name}"))?;
            say(format!("test {name}: passed in {} s", began.elapsed().as_secs()));
        }
        say(format!("all passed in {} s", start.elapsed().as_secs()));
        Ok(())
    })
}

impl Part {
    fn run(self, project: &Project) -> Result<()> {
        let cargo = |arguments: &[&str]| run::run(project::cargo().current_dir(&project.root).args(arguments));
        match self {
            Self::Fmt => {
                component("rustfmt", "fmt")?;
                cargo(&["fmt", "--all", "--check"])
            }
            Self::Console => console::build(project).map(drop),
            Self::Tidy => tidy::tidy(project),
            Self::Clippy => {
                component("clippy", "clippy")?;
                cargo(&["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
                // What only a dynamic module has.
                let module = ["--package", "lictor-filter", "--features", "bugs", "--", "-D", "warnings"];
                cargo(&[&["clippy", "--quiet", "--locked"], &module[..]].concat())
            }
            Self::Unit => {
                cargo(&["test", "--locked", "--workspace", "--no-run"])?;
                // Side by side, as tests with a database wait half of their time.
                thread::scope(|scope| {
                    let second = scope.spawn(|| on_postgresql(project));
                    let first = cargo(&["test", "--locked", "--workspace"]);
                    let second = second.join().map_err(|_| anyhow!("a thread panicked"))?;
                    first.and(second)
                })
            }
            Self::Fuzz => fuzz::fuzz(project, &fuzz::Options { targets: Vec::new(), seconds: 10, keep: false }),
            Self::Wasm => {
                let built = wasm::build(project)?;
                say(format!("{} ({} bytes)", built.path.display(), built.bytes));
                Ok(())
            }
            Self::E2e => {
                wasm::build(project)?;
                run::run(&mut end_to_end(project, "wasm", &["."])?)
            }
            Self::Native => {
                native::build(project)?;
                run::run(&mut end_to_end(project, "native", &NATIVE)?)
            }
        }
    }
}

/// A part of Rust's toolchain that not every installation has. Rustup puts the program of each on the PATH, there or not.
fn component(name: &str, subcommand: &str) -> Result<()> {
    let is_there = || run::succeeds_within(project::cargo().args([subcommand, "--version"]), Duration::from_secs(60));
    if is_there()? {
        return Ok(());
    }
    say(format!("adding {name} with rustup"));
    let mut add = Command::new("rustup");
    add.args(["component", "add", name]);
    if !run::succeeds_within(&mut add, Duration::from_secs(120))? || !is_there()? {
        bail!("`cargo {subcommand}` does not work: install Rust's component {name}");
    }
    Ok(())
}

/// The control plane's tests with a private PostgreSQL server, which they find in the environment.
fn on_postgresql(project: &Project) -> Result<()> {
    install_postgresql("the control plane's tests on PostgreSQL")?;
    say("the control plane's tests on PostgreSQL too: what they print follows when they have ended");
    let cargo = project::cargo();
    let mut with_server = Command::new(python::python()?);
    with_server.current_dir(&project.root).env("PYTHONPATH", project.root.join("tests/e2e"));
    with_server.args(["-m", "parts.with_postgres"]).arg(cargo.get_program());
    // As they are built already: with the features of the whole workspace.
    with_server.args(["test", "--locked", "--workspace", "--exclude", "lictor-policy", "--test", "it"]);
    project::as_in_a_shell(&mut with_server);
    run::run_beside(&mut with_server)
}

/// Installs what the end-to-end tests need, and makes what most of them start with, where it is not there yet. Answers their
/// Python.
fn prepare(project: &Project) -> Result<PathBuf> {
    install_postgresql("the end-to-end tests")?;
    if on_path("chromium").is_none() {
        // The browser brings no font, and a page without letters is hard to judge.
        debian::install(&["chromium", "fonts-dejavu-core"], "the stories of the console")?;
    }
    let python = python::for_tests(project)?;
    let mut prepare = Command::new(&python);
    prepare.current_dir(project.root.join("tests/e2e")).args(["-m", "parts.prepare"]);
    run::run_beside(&mut prepare)?;
    Ok(python)
}

/// Runs tests. They find the built parts in the environment, so that they start what was tested before them.
pub(crate) fn end_to_end(project: &Project, host: &str, files: &[&str]) -> Result<Command> {
    let lictor = control_plane::build(project, Optimised(false))?;
    let envoy = envoy_binary::find(project)?;
    let mut pytest = Command::new(prepare(project)?);
    // Side by side, as most of them wait most of the time; those of a file share what they start.
    // In the order of their names: by default the files with the fewest tests, which are the longest, would be the last.
    let side_by_side = ["--numprocesses=4", "--dist=loadfile", "--no-loadscope-reorder", "--durations=25"];
    pytest.current_dir(project.root.join("tests/e2e")).args(["-m", "pytest"]).args(files).args(side_by_side);
    pytest.env("LICTOR_HOST", host);
    pytest.env("LICTOR", lictor).env("ENVOY", envoy).env("LICTOR_XTASK", std::env::current_exe()?);
    Ok(pytest)
}

/// Debian keeps the server's programs off the PATH.
fn install_postgresql(what_for: &str) -> Result<()> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if on_path("initdb").is_some() || versions.into_iter().any(|version| version.path().join("bin/initdb").exists()) {
        return Ok(());
    }
    debian::install(&["postgresql"], what_for)
}
