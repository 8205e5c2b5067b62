//! The machine's Python, and virtual environments of pinned packages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, process};

use anyhow::{Context, Result};

use crate::debian;
use crate::project::Project;
use crate::run::{self, on_path, say};

/// A Python 3 on the PATH; installed if it is missing and can be.
pub fn python() -> Result<PathBuf> {
    if let Some(found) = on_path("python3") {
        return Ok(found);
    }
    debian::install(&["python3", "python3-venv"], "the stand-in and the end-to-end tests")?;
    on_path("python3").context("python3 is still missing after its installation")
}

/// Makes a virtual environment in `folder` and installs `requirements` there.
///
/// `ensurepip` is missing from Debian's bare python3, hence the second try.
pub fn make_environment(folder: &Path, requirements: &Path) -> Result<()> {
    let python = python()?;
    let mut make = Command::new(&python);
    make.args(["-m", "venv", "--clear"]).arg(folder);
    if let Err(error) = run::output(&mut make) {
        debian::install(&["python3-venv"], "making a virtual environment of Python")
            .with_context(|| format!("{error:#}"))?;
        run::output(&mut make)?;
    }
    run::run(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements),
    )
}

/// The packages of a tool of this checkout, fetched once: the folder that holds them, and in it `wanted`.
pub fn tool(project: &Project, name: &str, requirements: &str, wanted: &str) -> Result<PathBuf> {
    let environment = project.tools().join(name);
    if let Some(fetched) = in_environment(&environment, wanted) {
        return Ok(fetched);
    }
    say(format!("fetching {name} from Python's package index"));
    fs::create_dir_all(project.tools()).with_context(|| format!("cannot make {}", project.tools().display()))?;
    // Made beside its place and renamed, which is atomic: a folder with its right name is complete.
    let partial = project.tools().join(format!("{name}.{}", process::id()));
    make_environment(&partial, &project.root.join(requirements))?;
    if fs::rename(&partial, &environment).is_err() {
        // Another command fetched it meanwhile.
        fs::remove_dir_all(&partial)?;
    }
    in_environment(&environment, wanted)
        .with_context(|| format!("the package of {name} left no {wanted} in {}", environment.display()))
}

fn in_environment(environment: &Path, wanted: &str) -> Option<PathBuf> {
    let library = fs::read_dir(environment.join("lib")).ok()?;
    library
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages").join(wanted)))
        .find(|program| run::is_executable(program))
}

/// The Python of the environment for the end-to-end tests, made anew when the requirements or Python have changed.
pub fn for_tests(project: &Project) -> Result<PathBuf> {
    let requirements = project.root.join("tests/e2e/requirements.txt");
    let wanted = format!(
        "{}\n{}",
        run::output(Command::new(python()?).args(["-c", "import sys; print(sys.executable, sys.version)"]))?,
        fs::read_to_string(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?
    );
    let folder = project.cache()?.join("e2e-python");
    let made_for = folder.join("made-for");
    if fs::read_to_string(&made_for).is_ok_and(|made| made == wanted) {
        return Ok(folder.join("bin/python"));
    }
    say(format!("installing what the end-to-end tests need into {}", folder.display()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    make_environment(&folder, &requirements)?;
    // Written last: an installation that was cut off is not taken for a whole one.
    fs::write(&made_for, wanted)?;
    Ok(folder.join("bin/python"))
}
