//! `cargo xtask upgrade`: a gate of this version at the control plane of the version before, which is built from its commit. The
//! other way round is a test of every run, with the filter in `tests/fixtures`: a control plane is too large to be kept there.

use std::fs;

use anyhow::{Context, Result};
use lictor_xtask::project::Project;
use lictor_xtask::run::{self, say};
use lictor_xtask::wasm;

use crate::test;

/// The version before; `tests/fixtures/README.md` has the same.
const VERSION: &str = "0.2.0";
/// Its commit.
const COMMIT: &str = "3f055347";

pub(crate) fn upgrade(project: &Project) -> Result<()> {
    let folder = project.target.join(format!("version-{VERSION}"));
    if !folder.exists() {
        say(format!("upgrade: version {VERSION}, commit {COMMIT}, in {}", folder.display()));
        // It has its name once it is whole.
        let copy = project.copy_of(COMMIT, project.target.join(format!("version-{VERSION}-part")))?;
        fs::rename(&copy.root, &folder).with_context(|| format!("cannot rename {}", copy.root.display()))?;
    }
    let filter = wasm::build(project)?;
    let mut pytest = test::end_to_end(project, "wasm", &["test_upgrade_back.py"])?;
    // Else it would be built into this version's target folder.
    pytest.env_remove("CARGO_TARGET_DIR");
    run::run(pytest.env("LICTOR_BEFORE", folder).env("LICTOR_FILTER", filter.path))
}
