//! The files of the checkout.

use std::fs;
use std::process::Command;

use anyhow::Result;
use lictor_xtask::project::Project;
use lictor_xtask::run;

/// A file; without text if it is binary.
pub(super) struct Source {
    /// From the root of the checkout, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// Written by people and compiled or interpreted.
    pub(super) fn is_code(&self) -> bool {
        self.path.ends_with(".rs") || self.path.ends_with(".py")
    }

    /// The numbered lines without those that are comments only.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// A Rust file in the folder.
    pub(super) fn is_rust_of(&self, folder: &str) -> bool {
        self.path.ends_with(".rs") && self.path.starts_with(folder)
    }
}

/// All files that git knows or would add.
pub(super) fn sources(project: &Project) -> Result<Vec<Source>> {
    let mut list = Command::new("git");
    // A build machine may check out as one user and run as another, which git refuses to look at unless told.
    list.current_dir(&project.root).args(["-c", "safe.directory=*"]);
    list.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let names = run::output(&mut list)?;
    let mut found = Vec::new();
    for path in names.split_terminator('\0') {
        // A file may be removed and not yet committed so.
        let Ok(bytes) = fs::read(project.root.join(path)) else { continue };
        // A picture has no text, and is there to be linked to.
        found.push(Source { path: path.to_owned(), text: String::from_utf8(bytes).unwrap_or_default() });
    }
    Ok(found)
}
