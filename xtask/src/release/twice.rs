//! Builds the filter twice from one commit, in two folders, and compares: who builds it again can compare with a release.

use std::path::Path;
use std::{env, fs, process};

use anyhow::{Context, Result, ensure};
use lictor_xtask::project::Project;
use lictor_xtask::run::say;
use lictor_xtask::{native, wasm};

use super::sha256_of;

/// Fails if two builds differ.
pub(super) fn check(project: &Project, commit: &str) -> Result<()> {
    // Of different lengths and at different depths.
    let elsewhere = env::temp_dir().join(format!("lictor {} in another place", process::id()));
    let one = built_in(project, commit, &project.target.join("built-twice"))?;
    let other = built_in(project, commit, &elsewhere)?;
    for ((name, digest), (_, again)) in one.iter().zip(&other) {
        println!("{digest}  {name}\n{again}  {name}, built again");
    }
    ensure!(one == other, "two builds of one commit differ");
    Ok(())
}

/// The digests of the filter as wasm and as a module.
fn built_in(project: &Project, commit: &str, folder: &Path) -> Result<[(&'static str, String); 2]> {
    say(format!("release: building in {}", folder.display()));
    let digests = project.copy_of(commit, folder.to_owned()).and_then(|copy| {
        let (filter, module) = (wasm::build(&copy)?.path, native::build(&copy)?);
        Ok([("lictor_filter.wasm", sha256_of(&filter)?), ("liblictor_filter.so", sha256_of(&module)?)])
    });
    // Also after a failure: it has a whole target folder.
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    digests
}
