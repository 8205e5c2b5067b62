//! Ctrl-C, and staying until the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::Server;
use crate::run::POLL;
use crate::state::State;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C, SIGTERM and a closed terminal end the command in order.
pub(crate) fn catch_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).context("cannot catch Ctrl-C")
}

/// Waits until `condition` has an answer. Fails when a server ends, on Ctrl-C, and when it takes too long.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    servers: &mut [Server],
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if INTERRUPTED.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        for server in servers.iter_mut() {
            server.must_run()?;
        }
        if let Some(answer) = condition()? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            let logs: Vec<_> = servers.iter().map(Server::log_tail).collect();
            bail!("{what} did not come about within {} s\n{}", limit.as_secs(), logs.join("\n"));
        }
        thread::sleep(POLL);
    }
}

/// Stays while everything runs. Ends well on Ctrl-C and when `down` has taken over, else with the server that died.
pub(crate) fn stay(state: &State, servers: &mut [Server]) -> Result<()> {
    loop {
        if INTERRUPTED.load(Ordering::Relaxed) || state.started()?.is_empty() {
            return Ok(());
        }
        for server in servers.iter_mut() {
            if let Err(error) = server.must_run() {
                // `down` forgets first and stops then, so this order of questions cannot blame it.
                return if state.started()?.is_empty() { Ok(()) } else { Err(error) };
            }
        }
        thread::sleep(POLL);
    }
}
