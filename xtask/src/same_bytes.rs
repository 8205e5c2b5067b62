//! Has a build depend on its sources and its compiler alone: two checkouts in different folders give the same bytes.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::run;

/// Parts flags in cargo's variable: a folder's name may hold spaces.
const SEPARATOR: &str = "\x1f";

/// Takes the folders of this machine out of what cargo builds with this compiler: a panic's place is a file's name, and the name
/// of its folder would be in the program.
pub fn without_folders(cargo: &mut Command, project: &Project, rustc: &Path) -> Result<()> {
    let mut flags = given(env::var_os("CARGO_ENCODED_RUSTFLAGS"), env::var_os("RUSTFLAGS"));
    for (folder, name) in folders(project, rustc)? {
        if !flags.is_empty() {
            flags.push(SEPARATOR);
        }
        flags.push("--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    Ok(())
}

/// Folders, each with the name that it gets. Of several that fit, rustc takes the last.
fn folders(project: &Project, rustc: &Path) -> Result<Vec<(PathBuf, String)>> {
    let version = run::output(Command::new(rustc).arg("-vV"))?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    let sysroot = run::output(Command::new(rustc).args(["--print", "sysroot"]))?;
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").map(|home| home.join(".cargo"));
    let cargo_home = set("CARGO_HOME").or_else(home).context("neither CARGO_HOME nor HOME is set")?;
    let registries = cargo_home.join("registry/src");
    let mut folders = vec![
        (project.root.clone(), "/lictor".to_owned()),
        (project.target.clone(), "/target".to_owned()),
        (cargo_home, "/cargo".to_owned()),
        // As the library is named that comes built: its source may be on the machine, too, and rustc then names that.
        (Path::new(sysroot.trim()).join("lib/rustlib/src/rust"), format!("/rustc/{commit}")),
    ];
    // Named by the registry, which may be a mirror. Where crates come of registries, this program's own are there.
    if registries.is_dir() {
        for registry in fs::read_dir(registries)? {
            folders.push((registry?.path(), "/cargo/registry".to_owned()));
        }
    }
    Ok(folders)
}

/// The flags that somebody has set, as cargo reads them.
fn given(encoded: Option<OsString>, spaced: Option<OsString>) -> OsString {
    let by_spaces = || {
        let text = spaced.unwrap_or_default().to_string_lossy().into_owned();
        OsString::from(text.split_whitespace().collect::<Vec<_>>().join(SEPARATOR))
    };
    encoded.filter(|flags| flags.as_os_str() != OsStr::new("")).unwrap_or_else(by_spaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_somebody_has_set_stay() {
        let set = |text: &str| Some(OsString::from(text));
        assert_eq!(given(None, None), "");
        assert_eq!(given(None, set(" -Cdebuginfo=1  -g ")), "-Cdebuginfo=1\x1f-g");
        assert_eq!(given(set("--cfg\x1fa b"), set("-g")), "--cfg\x1fa b");
        assert_eq!(given(set(""), set("-g")), "-g");
    }
}
