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
pub fn catch_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).context("cannot catch Ctrl-C")
}

/// Waits until `condition` has an answer. Fails when a server ends, on Ctrl-C, and when it takes too long.
pub fn wait_for<T>(
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

/// How a stay came to its end.
pub enum End {
    /// Ctrl-C: what runs is to be stopped.
    Interrupted,
    /// Another command, `down`, is stopping what runs.
    TakenOver,
}

/// Stays while everything runs; fails with the server that died.
pub fn stay(state: &State, servers: &mut [Server]) -> Result<End> {
    loop {
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Ok(End::Interrupted);
        }
        let dead = servers.iter_mut().find_map(|server| server.must_run().err());
        // `down` forgets first and stops then, so what it stopped is not reported as dead.
        if state.started()?.is_empty() {
            return Ok(End::TakenOver);
        }
        if let Some(error) = dead {
            return Err(error);
        }
        thread::sleep(POLL);
    }
}
