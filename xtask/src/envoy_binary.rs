//! Finds an Envoy, or fetches one into the checkout's tools folder.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::python;
use crate::run::{is_executable, on_path, say};

/// `$ENVOY`, else the one on the PATH, else the one that xtask/envoy-requirements.txt pins.
pub fn find(project: &Project) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("ENVOY").filter(|value| !value.is_empty()) {
        let path = PathBuf::from(chosen);
        if !is_executable(&path) {
            bail!("ENVOY is {}, which is no program: set it to Envoy's binary, or unset it", path.display());
        }
        return Ok(path);
    }
    if let Some(found) = on_path("envoy") {
        return Ok(found);
    }
    let environment = project.tools().join("envoy");
    if let Some(fetched) = in_environment(&environment) {
        return Ok(fetched);
    }
    say("fetching Envoy (37 MB) from Python's package index");
    fs::create_dir_all(project.tools()).with_context(|| format!("cannot make {}", project.tools().display()))?;
    // Made beside its place and renamed, which is atomic: a folder with its right name is complete.
    let partial = project.tools().join(format!("envoy.{}", process::id()));
    python::make_environment(&partial, &project.root.join("xtask/envoy-requirements.txt"))
        .context("cannot fetch Envoy: set ENVOY to a binary of Envoy 1.40, or put one on the PATH")?;
    if fs::rename(&partial, &environment).is_err() {
        // Another command fetched it meanwhile.
        fs::remove_dir_all(&partial)?;
    }
    in_environment(&environment)
        .with_context(|| format!("the package of Envoy left no program in {}", environment.display()))
}

fn in_environment(environment: &Path) -> Option<PathBuf> {
    let library = fs::read_dir(environment.join("lib")).ok()?;
    library
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages/envoy/_bin/envoy")))
        .find(|binary| is_executable(binary))
}
