//! Builds the filter as a dynamic module: a library for Envoy's own process, on the machine's own target.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::project::{self, Project};
use crate::run::{self, say};
use crate::same_bytes;
use crate::wasm::RUSTC;

/// The workspace's cargo profile for it.
pub const PROFILE: &str = "native";
/// Makes it a module.
pub const FEATURE: &str = "module";

/// Builds the filter unless it is already built from what is in the checkout.
pub fn build(project: &Project) -> Result<PathBuf> {
    say("native: building the filter as a dynamic module of Envoy");
    build_with(project, FEATURE, PROFILE, PROFILE)
}

/// Builds a filter with bugs made on purpose, for a test; what they become does not depend on how it is optimised.
pub fn build_with_bugs(project: &Project) -> Result<PathBuf> {
    build_with(project, "bugs", "dev", "debug")
}

fn build_with(project: &Project, feature: &str, profile: &str, folder: &str) -> Result<PathBuf> {
    let mut cargo = project::cargo();
    cargo.current_dir(&project.root).args(["build", "--locked", "--package", "lictor-filter", "--features", feature]);
    cargo.args(["--profile", profile]).arg("--target-dir").arg(&project.target);
    if profile == PROFILE {
        same_bytes::without_folders(&mut cargo, project, Path::new(RUSTC))?;
    }
    run::run(&mut cargo)?;
    let path = project.target.join(folder).join("liblictor_filter.so");
    if !path.exists() {
        bail!("cargo built no {}", path.display());
    }
    Ok(path)
}
