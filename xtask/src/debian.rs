//! Installing Debian's packages, where that is possible.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};

use crate::run::{self, on_path, say};

/// Two installations side by side would find dpkg's lock taken.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Installs packages that are missing. Needs apt-get and root; otherwise the error says what to type.
pub fn install(packages: &[&str], purpose: &str) -> Result<()> {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let list = packages.join(" ");
    if on_path("apt-get").is_none() {
        bail!("{purpose} needs {list} (names of Debian's packages), and this machine has no apt-get to get them with");
    }
    if run::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("{purpose} needs packages of Debian. Install them, then try again:\n  sudo apt-get install {list}");
    }
    say(format!("installing {list} with apt-get: {purpose}"));
    if apt(packages).is_ok() {
        return Ok(());
    }
    // The lists are old or were never fetched.
    run::run(Command::new("apt-get").args(["-q", "update"]))?;
    apt(packages)
}

fn apt(packages: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // Other work of this program may be installing something beside.
    command.args(["install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]).args(packages);
    run::output(&mut command).map(drop)
}
