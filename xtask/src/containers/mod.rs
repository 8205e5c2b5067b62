//! `cargo xtask containers`: builds the images, brings docker-compose.yml up, and shows that it works and loses nothing.

mod images;
mod podman;
mod proof;
mod reach;
mod set;

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use lictor_xtask::foreground;
use lictor_xtask::project::Project;
use lictor_xtask::run::say;
use lictor_xtask::state::State;

use podman::Podman;
use proof::Proof;
use set::Set;

/// How it is done.
#[derive(Args)]
pub(crate) struct Options {
    /// Builds the control plane without optimisation, which takes a third of the time.
    #[arg(long)]
    unoptimised: bool,
    /// Leaves the containers running at the end, for a look; the next run takes them down first.
    #[arg(long)]
    keep: bool,
}

/// Builds, starts, checks, and takes everything down again.
pub(crate) fn containers(project: &Project, options: &Options) -> Result<()> {
    let podman = Podman::set_up(project)?;
    let debian = images::make(project, &podman)?;
    let set = Set::new(project, &podman)?;
    for service in ["control-plane", "envoy"] {
        say(format!("building the image of {service}"));
        set.build(service, if options.unoptimised { "dev" } else { "release" })?;
    }
    foreground::catch_interrupts()?;
    // Left by a run that was killed, or by --keep.
    set.down()?;
    let outcome = prove(&podman, &set, &debian);
    if outcome.is_err() {
        say(format!("it failed; the ends of the logs:\n{}", set.logs().unwrap_or_else(|error| format!("{error:#}"))));
    }
    if options.keep {
        say("the containers go on running; the next `cargo xtask containers` takes them down");
        return outcome;
    }
    let ended = set.down().and_then(|()| set.must_be_gone());
    outcome.and(ended)?;
    println!("containers: all as it should be");
    Ok(())
}

fn prove(podman: &Podman, set: &Set<'_>, debian: &str) -> Result<()> {
    say("starting the containers");
    set.up()?;
    // Of a run before, whose database is gone.
    let folder = podman.file("state");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut proof = Proof::begin(set, &State::make(&folder)?)?;
    println!("The console is at {}", set.console_url());
    proof.passwords()?;
    reach::check(podman, set, debian)?;
    proof.rotate_token()?;
    proof.restart_each()?;
    proof.kill_all()?;
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}
