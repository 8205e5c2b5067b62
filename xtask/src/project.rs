//! Where things are: the checkout, cargo's target folder, the tools folder, the cache.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::run;

/// The checkout that this program was built from.
pub struct Project {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user has put it.
    pub target: PathBuf,
}

/// Whether a program is built as it is shipped, which takes longer.
#[derive(Clone, Copy)]
pub struct Optimised(pub bool);

/// The part of `cargo metadata` that is needed here.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Project {
    /// Asks cargo, which knows about `CARGO_TARGET_DIR` and about configuration files.
    pub fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let answer = run::output(
            cargo().args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]).arg(&manifest),
        )?;
        let metadata: Metadata = serde_json::from_str(&answer).context("cannot read the answer of `cargo metadata`")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory })
    }

    /// A copy of a commit in a folder that is made anew, with a target folder of its own.
    pub fn copy_of(&self, commit: &str, root: PathBuf) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
        }
        fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
        let archive = root.join("commit.tar");
        let mut git = Command::new("git");
        git.current_dir(&self.root).args(["archive", "--format=tar", "--output"]).arg(&archive).arg(commit);
        run::run(&mut git)?;
        run::run(Command::new("tar").current_dir(&root).arg("-xf").arg(&archive))?;
        let target = root.join("target");
        Ok(Self { root, target })
    }

    /// Builds a program of the workspace, and says where it is. Its dependencies have the features that the whole
    /// workspace asks for: with those of its package alone cargo would compile them once more beside the tests.
    pub fn build_program(&self, name: &str, Optimised(optimised): Optimised) -> Result<PathBuf> {
        let mut cargo = cargo();
        cargo.current_dir(&self.root).args(["build", "--locked", "--workspace", "--bin", name]);
        cargo.arg("--target-dir").arg(&self.target);
        if optimised {
            cargo.arg("--release");
        }
        run::run(&mut cargo)?;
        Ok(self.target.join(if optimised { "release" } else { "debug" }).join(name))
    }

    /// Programs fetched for this checkout.
    pub fn tools(&self) -> PathBuf {
        self.root.join(".lictor/tools")
    }

    /// Where built parts that outlive a checkout are kept; the same rule as in tests/e2e/parts/cache.py.
    pub fn cache(&self) -> Result<PathBuf> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(chosen) = set("LICTOR_CACHE") {
            return Ok(chosen);
        }
        if let Some(base) = set("XDG_CACHE_HOME") {
            return Ok(base.join("lictor"));
        }
        let home = set("HOME").context("neither LICTOR_CACHE nor HOME is set: set LICTOR_CACHE to a folder")?;
        Ok(home.join(".cache/lictor"))
    }
}

/// The cargo that runs this program.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    as_in_a_shell(&mut cargo);
    cargo
}

/// Takes away what cargo tells of the package that it runs. Build scripts that look at that, such as ring's, would take
/// a cargo below this program for another one than that of a shell, and half of the workspace would be built anew
/// whenever one follows the other.
pub fn as_in_a_shell(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_nothing_of_this_package() {
        // `cargo test` told this test.
        assert!(env::var_os("CARGO_PKG_NAME").is_some());
        let cargo = cargo();
        let mut removed = cargo.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
        assert!(removed.any(|name| name == "CARGO_PKG_NAME"));
    }
}
