//! `cargo xtask tidy`: the invariants of docs/ARCHITECTURE.md that a program can check.

mod links;
mod rules;
mod sources;
mod storeys;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use lictor_xtask::project::{self, Project};
use lictor_xtask::run::{self, on_path, say};
use sources::sources;

/// More lines than this are worth a warning: such a file is usually two.
const LONG: usize = 400;

/// Files that a program writes, whose length says nothing.
const WRITTEN: &str = "policy/src/odoo/tables/";

/// Documents made from the code: the file, the package and program that print what it must contain, and its arguments.
const GENERATED: [(&str, [&str; 3], &[&str]); 5] = [
    ("docs/refusals.md", ["lictor-policy", "--example", "docs"], &["refusals"]),
    ("docs/operations.md", ["lictor-policy", "--example", "docs"], &["operations"]),
    ("docs/fields.md", ["lictor-policy", "--example", "docs"], &["fields"]),
    ("docs/roles.md", ["lictor-control-plane", "--bin", "lictor"], &["docs", "roles"]),
    ("docs/settings.md", ["lictor-control-plane", "--bin", "lictor"], &["docs", "settings"]),
];

/// Reports every breach, and fails if there is one.
pub(crate) fn tidy(project: &Project) -> Result<()> {
    let sources = sources(project)?;
    let mut breaches: Vec<String> = sources.iter().flat_map(rules::breaches).collect();
    breaches.extend(dependencies_of_policy(project)?);
    breaches.extend(rules::lints(&sources));
    breaches.extend(storeys::breaches(&sources));
    breaches.extend(rules::named_in_the_map(&sources));
    breaches.extend(links::broken(&sources));
    breaches.extend(out_of_date(project)?);
    for source in sources.iter().filter(|source| source.is_code() && !source.path.starts_with(WRITTEN)) {
        let lines = source.text.lines().count();
        if lines > LONG {
            say(format!("tidy: warning: {} has {lines} lines; more than {LONG} are usually two files", source.path));
        }
    }
    if on_path("cargo-deny").is_some() {
        run::run(project::cargo().current_dir(&project.root).args([
            "deny",
            "--all-features",
            "check",
            "bans",
            "licenses",
            "sources",
        ]))?;
    }
    if !breaches.is_empty() {
        bail!("{} breaches of the project's rules:\n  {}", breaches.len(), breaches.join("\n  "));
    }
    say(format!("tidy: {} files keep the rules", sources.len()));
    Ok(())
}

/// What the decision core may not even indirectly depend on: runtimes, hosts, clocks, sources of randomness.
fn dependencies_of_policy(project: &Project) -> Result<Vec<String>> {
    const BANNED: [&str; 14] = [
        "async-std",
        "chrono",
        "fastrand",
        "getrandom",
        "hyper",
        "instant",
        "jiff",
        "mio",
        "proxy-wasm",
        "rand",
        "reqwest",
        "sqlx",
        "time",
        "tokio",
    ];
    let mut tree = project::cargo();
    tree.current_dir(&project.root).args(["tree", "--locked", "--package", "lictor-policy"]);
    tree.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let tree = run::output(&mut tree)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    Ok(names
        .filter(|name| BANNED.contains(name))
        .map(|name| format!("policy depends on {name}; it may know no clock, no runtime, no host and no randomness"))
        .collect())
}

/// Compares each generated document with what its program prints now.
fn out_of_date(project: &Project) -> Result<Vec<String>> {
    // In one go, and of the whole workspace: what they depend on is compiled once, for them and for the tests.
    let mut build = project::cargo();
    build.current_dir(&project.root).args(["build", "--quiet", "--locked", "--workspace"]);
    run::run(build.args(["--example", "docs", "--bin", "lictor"]))?;
    let mut stale = Vec::new();
    for (file, [package, kind, name], arguments) in GENERATED {
        let folder = if kind == "--example" { "debug/examples" } else { "debug" };
        let printed = run::output(Command::new(project.target.join(folder).join(name)).args(arguments))?;
        let kept = fs::read_to_string(project.root.join(file)).with_context(|| format!("cannot read {file}"))?;
        if printed != kept {
            let command = format!("cargo run --package {package} {kind} {name} {}", arguments.join(" "));
            stale.push(format!("{file} is out of date: {command} > {file}"));
        }
    }
    Ok(stale)
}
