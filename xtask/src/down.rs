//! `cargo xtask down`: stops what `up` started, in the order in which nothing is lost.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use lictor_xtask::rest;
use lictor_xtask::run::{POLL, say};
use lictor_xtask::state::{Started, State};

/// How long calls that are being answered, and audit events on their way, may hold up the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Stops every process that the state folder names, if it is still the one that was started.
pub(crate) fn down(folder: &Path) -> Result<()> {
    let state = State::open(folder)?;
    let started = state.started()?;
    // Forgotten first: an `up` in the foreground then knows that its servers end because they were asked to.
    state.forget()?;
    if started.is_empty() {
        say(format!("nothing that `up` started with {} is running", folder.display()));
    }
    for server in &started {
        if server.identity.is_running() {
            stop(server)?;
            say(format!("stopped {} (process {})", server.name, server.identity.pid));
        } else {
            say(format!("{} (process {}) had already ended", server.name, server.identity.pid));
        }
    }
    Ok(())
}

/// Drains it if it is an Envoy, and stops it.
pub(crate) fn stop(server: &Started) -> Result<()> {
    if let Some(admin) = &server.envoy_admin_url {
        drain(admin);
    }
    server.identity.stop()
}

/// Lets Envoy take no more calls and finish those it has. A stopping Envoy does not send what the filter still holds.
fn drain(admin: &str) {
    // Whatever fails here, Envoy is stopped next.
    if rest::send("POST", &format!("{admin}/drain_listeners"), None, None).is_err() {
        return;
    }
    let end = Instant::now() + DRAIN_LIMIT;
    while Instant::now() < end && is_busy(admin) {
        thread::sleep(POLL);
    }
}

/// Whether calls are being answered, or the filter holds audit events that the control plane has not acknowledged.
fn is_busy(admin: &str) -> bool {
    let filter = "http.lictor_gate.downstream_rq_active|lictor_audit_pending";
    let Ok(answer) = rest::send("GET", &format!("{admin}/stats?filter={filter}"), None, None) else { return false };
    answer.body.lines().filter_map(|line| line.rsplit_once(": ")).any(|(_, value)| value != "0")
}
